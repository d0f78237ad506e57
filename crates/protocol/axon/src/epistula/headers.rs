//! The headers of Epistula v2.

use super::{
    message::{SecretSpelling, UnixMillis, message, secret_messages},
    uuid::RequestUuid,
};
use crate::{
    BodyDigest, HeaderProblem, MalformedHeader, UnixNanos,
    signed_header::{self, Address, malformed},
};
use assay_keys::{AccountId, Pair, Signature};
use http::HeaderMap;

const VERSION: &str = "epistula-version";
const TIMESTAMP: &str = "epistula-timestamp";
const UUID: &str = "epistula-uuid";
const SIGNED_BY: &str = "epistula-signed-by";
const SIGNED_FOR: &str = "epistula-signed-for";
const SIGNATURE: &str = "epistula-request-signature";
const SECRETS: [&str; 3] = [
    "epistula-secret-signature-0",
    "epistula-secret-signature-1",
    "epistula-secret-signature-2",
];

/// What the headers of a request claim. Nothing of it is proven yet.
#[derive(Clone, Debug)]
pub struct EpistulaClaim {
    pub(super) sender: Address,
    pub(super) receiver: Option<Address>,
    pub(super) time: UnixMillis,
    pub(super) uuid: RequestUuid,
    pub(super) signature: Signature,
    pub(super) secrets: [Option<Signature>; 3],
}

impl EpistulaClaim {
    /// Whether a request speaks this dialect at all: it has the header of its version.
    #[must_use]
    pub fn is_in(headers: &HeaderMap) -> bool {
        headers.contains_key(VERSION)
    }

    /// Reads the headers. An empty receiver counts as none: the signed text is the same. Secret signatures that cannot
    /// be read count as none too, since most receivers never look at them.
    ///
    /// # Errors
    ///
    /// [`MalformedHeader`] for another one that is missing (only the receiver may be), there twice, or not of its form.
    pub fn parse(headers: &HeaderMap) -> Result<Self, MalformedHeader> {
        if signed_header::required(headers, VERSION)? != "2" {
            return Err(malformed(VERSION, HeaderProblem::Unsupported));
        }
        let time = signed_header::number(signed_header::required(headers, TIMESTAMP)?, TIMESTAMP)?;
        Ok(Self {
            sender: signed_header::address(signed_header::required(headers, SIGNED_BY)?, SIGNED_BY)?,
            receiver: signed_header::optional(headers, SIGNED_FOR)?
                .filter(|text| !text.is_empty())
                .map(|text| signed_header::address(text, SIGNED_FOR))
                .transpose()?,
            time: UnixMillis(time),
            uuid: RequestUuid::parse(signed_header::required(headers, UUID)?, UUID)?,
            signature: signed_header::signature(signed_header::required(headers, SIGNATURE)?, SIGNATURE)?,
            secrets: SECRETS.map(|name| {
                let text = signed_header::required(headers, name).ok()?;
                signed_header::signature(text, name).ok()
            }),
        })
    }

    /// Who says that they sent it.
    #[must_use]
    pub const fn sender(&self) -> &AccountId {
        &self.sender.account
    }

    /// For whom it says that it is.
    #[must_use]
    pub fn receiver(&self) -> Option<&AccountId> {
        self.receiver.as_ref().map(|address| &address.account)
    }

    /// When it says that it was signed.
    #[must_use]
    pub const fn time(&self) -> UnixMillis {
        self.time
    }

    /// What makes it unique among the sender's requests.
    #[must_use]
    pub const fn uuid(&self) -> &RequestUuid {
        &self.uuid
    }

    /// The secret signatures 0, 1 and 2, where they could be read.
    #[must_use]
    pub const fn secret_signatures(&self) -> &[Option<Signature>; 3] {
        &self.secrets
    }

    /// The text that the sender must have signed for this request.
    #[must_use]
    pub fn message(&self, body: &BodyDigest) -> String {
        let receiver = self.receiver.as_ref().map(|address| address.text.as_str());
        message(body, &self.uuid, self.time, receiver)
    }
}

/// The headers of a request to send. With a receiver they include the secret signatures, in the Python spelling: it is
/// the more common one, and the headers have no room for both.
#[must_use]
pub fn sign(
    pair: &Pair,
    body: &BodyDigest,
    receiver: Option<AccountId>,
    uuid: &RequestUuid,
    now: UnixNanos,
) -> HeaderMap {
    let time = UnixMillis::of(now);
    let receiver = receiver.map(Address::from);
    let receiver = receiver.as_ref().map(|address| address.text.as_str());
    let signed = |message: &str| pair.sign(message.as_bytes()).to_string();
    let mut headers = HeaderMap::with_capacity(9);
    signed_header::set(&mut headers, VERSION, "2");
    signed_header::set(&mut headers, TIMESTAMP, &time.to_string());
    signed_header::set(&mut headers, UUID, uuid.as_str());
    signed_header::set(&mut headers, SIGNED_BY, &pair.account().to_string());
    signed_header::set(
        &mut headers,
        SIGNATURE,
        &signed(&message(body, uuid, time, receiver)),
    );
    if let Some(receiver) = receiver {
        signed_header::set(&mut headers, SIGNED_FOR, receiver);
        let messages = secret_messages(SecretSpelling::Python, time, receiver);
        for (name, message) in SECRETS.into_iter().zip(&messages) {
            signed_header::set(&mut headers, name, &signed(message));
        }
    }
    headers
}
