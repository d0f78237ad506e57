//! The texts that are signed.

use crate::BodyDigest;
use assay_keys::AccountId;
use std::fmt;

/// What the sender of a request signs. The receiver puts its own address into it, so that a request to another axon does
/// not verify.
///
/// Not covered are the route, the timeout, the version, and every field that the class does not hash.
#[derive(Clone, Copy, Debug)]
pub struct RequestText<'a> {
    /// Nanoseconds since 1970.
    pub nonce: u64,
    /// The sender's address as it stands in the header: under another prefix it is another text.
    pub sender: &'a str,
    /// Who is asked.
    pub receiver: AccountId,
    /// Of the sender's process.
    pub uuid: Option<&'a str>,
    /// As in the header.
    pub body_hash: &'a str,
}

impl fmt::Display for RequestText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nonce,
            sender,
            receiver,
            uuid,
            body_hash,
        } = self;
        let uuid = uuid.unwrap_or("None");
        write!(formatter, "{nonce}.{sender}.{receiver}.{uuid}.{body_hash}")
    }
}

/// What an axon signs in its answer.
#[derive(Clone, Copy, Debug)]
pub struct ResponseText<'a> {
    /// Nanoseconds since 1970.
    pub nonce: u64,
    /// The sender of the request, as it stands in its header.
    pub dendrite: Option<&'a str>,
    /// The axon, as the sender of the request wrote it.
    pub axon: Option<&'a str>,
    /// Of the axon's process.
    pub uuid: &'a str,
}

impl fmt::Display for ResponseText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nonce,
            dendrite,
            axon,
            uuid,
        } = self;
        let (dendrite, axon) = (dendrite.unwrap_or("None"), axon.unwrap_or("None"));
        write!(formatter, "{nonce}.{dendrite}.{axon}.{uuid}")
    }
}

/// The header with which a caller asks for a signed answer; its value is `1`.
pub const SIGN_ANSWER: &str = "assay-sign-answer";

/// What our axon signs of an answer that is whole, for whoever [asks for it](SIGN_ANSWER), in a header that older peers
/// pass over. Every part stands on a line of
/// its own. It names the question, so that the signature fits no other: the request's own covers neither its route nor
/// every field, and its nonce alone is anybody's to repeat.
#[derive(Clone, Copy, Debug)]
pub struct AnswerText<'a> {
    /// Nanoseconds since 1970, as in the answer's head.
    pub nonce: u64,
    /// The request's signature, as it stands in its head.
    pub request: &'a str,
    /// The request's path.
    pub path: &'a str,
    /// Of the request's body.
    pub question: BodyDigest,
    /// Of the answer's body.
    pub answer: BodyDigest,
}

impl fmt::Display for AnswerText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            nonce,
            request,
            path,
            question,
            answer,
        } = self;
        write!(
            formatter,
            "assay-answer/1\n{nonce}\n{request}\n{path}\n{question}\n{answer}"
        )
    }
}
