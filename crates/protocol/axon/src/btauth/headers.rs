//! The headers of btauth/1.

use super::message::message;
use crate::{
    BodyDigest, HeaderProblem, MalformedHeader, UnixNanos,
    signed_header::{self, Address, malformed},
};
use assay_keys::{AccountId, Pair, Scheme, Signature};
use http::{HeaderMap, Method, uri::PathAndQuery};

const VERSION: &str = "x-bittensor-version";
const HOTKEY: &str = "x-bittensor-hotkey";
const NONCE: &str = "x-bittensor-nonce";
const SIGNATURE: &str = "x-bittensor-signature";
const RECEIVER: &str = "x-bittensor-receiver";
const CRYPTO: &str = "x-bittensor-crypto";

/// What the headers of a request claim. Nothing of it is proven yet.
#[derive(Clone, Debug)]
pub struct BtauthClaim {
    pub(super) sender: Address,
    pub(super) receiver: Option<Address>,
    pub(super) nonce: UnixNanos,
    pub(super) scheme: Scheme,
    pub(super) signature: Signature,
}

impl BtauthClaim {
    /// Whether a request speaks this dialect at all: it has the header of its version.
    #[must_use]
    pub fn is_in(headers: &HeaderMap) -> bool {
        headers.contains_key(VERSION)
    }

    /// Reads the headers.
    ///
    /// # Errors
    ///
    /// [`MalformedHeader`] for one that is missing (only the receiver and the scheme may be), there twice, or not of
    /// its form.
    pub fn parse(headers: &HeaderMap) -> Result<Self, MalformedHeader> {
        if signed_header::required(headers, VERSION)? != "1" {
            return Err(malformed(VERSION, HeaderProblem::Unsupported));
        }
        let scheme = match signed_header::optional(headers, CRYPTO)? {
            None => Scheme::Sr25519,
            Some("ed25519") => Scheme::Ed25519,
            Some(_) => return Err(malformed(CRYPTO, HeaderProblem::Unsupported)),
        };
        Ok(Self {
            sender: signed_header::address(signed_header::required(headers, HOTKEY)?, HOTKEY)?,
            receiver: signed_header::optional(headers, RECEIVER)?
                .map(|text| signed_header::address(text, RECEIVER))
                .transpose()?,
            nonce: UnixNanos(signed_header::number(
                signed_header::required(headers, NONCE)?,
                NONCE,
            )?),
            scheme,
            signature: signed_header::signature(signed_header::required(headers, SIGNATURE)?, SIGNATURE)?,
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

    /// When it says that it was signed. The same number makes it unique among the sender's requests.
    #[must_use]
    pub const fn nonce(&self) -> UnixNanos {
        self.nonce
    }

    /// How it says that it was signed.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The text that the sender must have signed for this request.
    #[must_use]
    pub fn message(&self, method: &Method, target: &PathAndQuery, body: &BodyDigest) -> String {
        message(
            self.scheme,
            method,
            target,
            body,
            self.nonce,
            &self.sender.text,
            self.receiver.as_ref().map(|address| address.text.as_str()),
        )
    }
}

/// The headers of a request to send.
///
/// `target` is path and query exactly as they go out. `now` is the nonce too: a sender who signs two requests in one
/// nanosecond has the second one refused as a replay. Without a receiver, any axon that allows such requests takes it.
#[must_use]
pub fn sign(
    pair: &Pair,
    method: &Method,
    target: &PathAndQuery,
    body: &BodyDigest,
    receiver: Option<AccountId>,
    now: UnixNanos,
) -> HeaderMap {
    let sender = Address::from(pair.account());
    let receiver = receiver.map(Address::from);
    let receiver = receiver.as_ref().map(|address| address.text.as_str());
    let message = message(pair.scheme(), method, target, body, now, &sender.text, receiver);
    let mut headers = HeaderMap::with_capacity(6);
    signed_header::set(&mut headers, VERSION, "1");
    signed_header::set(&mut headers, HOTKEY, &sender.text);
    signed_header::set(&mut headers, NONCE, &now.to_string());
    signed_header::set(
        &mut headers,
        SIGNATURE,
        &pair.sign(message.as_bytes()).to_string(),
    );
    if let Some(receiver) = receiver {
        signed_header::set(&mut headers, RECEIVER, receiver);
    }
    if pair.scheme() == Scheme::Ed25519 {
        signed_header::set(&mut headers, CRYPTO, Scheme::Ed25519.name());
    }
    headers
}
