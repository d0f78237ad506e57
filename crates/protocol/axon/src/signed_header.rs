//! Reading the headers that carry a signature.

use assay_keys::{AccountId, Signature, decode_ss58};
use http::{HeaderMap, HeaderName, HeaderValue};

/// A header of a signed request that cannot be read. Sending the same again cannot help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header {header} {problem}")]
pub struct MalformedHeader {
    /// The header's name, in lower case.
    pub header: &'static str,
    /// What is wrong with it.
    pub problem: HeaderProblem,
}

/// What is wrong with a header. The value is not repeated: it is the caller's, and may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderProblem {
    /// Not there.
    #[error("is missing")]
    Missing,
    /// There more than once. Two readers could take different ones for the signed one.
    #[error("is there more than once")]
    Repeated,
    /// Not ASCII text.
    #[error("is not ASCII text")]
    Text,
    /// Not digits, with leading zeros, or beyond 64 bits.
    #[error("is not a decimal number")]
    Number,
    /// Not an SS58 address.
    #[error("is not an SS58 address")]
    Address,
    /// Not 64 bytes in hexadecimal.
    #[error("is not a signature of 128 hexadecimal digits")]
    Signature,
    /// Not a uuid with hyphens.
    #[error("is not a uuid of 32 hexadecimal digits and 4 hyphens")]
    Uuid,
    /// A version or scheme that this crate does not speak.
    #[error("has a value that is not supported")]
    Unsupported,
}

/// An address as it stood in a header. The text is part of what was signed; the account is what is compared, because
/// one account has many addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) account: AccountId,
    pub(crate) text: String,
}

impl From<AccountId> for Address {
    fn from(account: AccountId) -> Self {
        Self {
            account,
            text: account.to_string(),
        }
    }
}

pub(crate) const fn malformed(header: &'static str, problem: HeaderProblem) -> MalformedHeader {
    MalformedHeader { header, problem }
}

/// The text of a header that may be absent.
pub(crate) fn optional<'a>(
    headers: &'a HeaderMap,
    name: &'static str,
) -> Result<Option<&'a str>, MalformedHeader> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed(name, HeaderProblem::Repeated));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(malformed(name, HeaderProblem::Text)),
    }
}

/// The text of a header that must be there.
pub(crate) fn required<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, MalformedHeader> {
    optional(headers, name)?.ok_or(malformed(name, HeaderProblem::Missing))
}

/// A number in the one way to write it: the message is built from the number, and a second spelling of it must not
/// pass for another request.
pub(crate) fn number(text: &str, name: &'static str) -> Result<u64, MalformedHeader> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || (text.starts_with('0') && text.len() > 1) {
        return Err(malformed(name, HeaderProblem::Number));
    }
    text.parse().map_err(|_| malformed(name, HeaderProblem::Number))
}

/// An SS58 address under any prefix.
pub(crate) fn address(text: &str, name: &'static str) -> Result<Address, MalformedHeader> {
    let (key, _) = decode_ss58(text).map_err(|_| malformed(name, HeaderProblem::Address))?;
    Ok(Address {
        account: AccountId(key),
        text: text.to_owned(),
    })
}

/// A signature, with or without `0x`.
pub(crate) fn signature(text: &str, name: &'static str) -> Result<Signature, MalformedHeader> {
    text.parse()
        .map_err(|_| malformed(name, HeaderProblem::Signature))
}

/// Sets a header of a request to send. The texts are addresses, numbers, uuids and signatures.
pub(crate) fn set(headers: &mut HeaderMap, name: &'static str, text: &str) {
    let Ok(value) = HeaderValue::from_str(text) else {
        unreachable!("{name} is written in printable ASCII")
    };
    headers.insert(HeaderName::from_static(name), value);
}
