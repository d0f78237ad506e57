//! The text that is signed.

use crate::{BodyDigest, UnixNanos};
use assay_keys::Scheme;
use http::{Method, uri::PathAndQuery};

/// Eight lines. None of them can hold a line break (the types of method and target do not allow one), so no part can
/// pass for another.
pub(super) fn message(
    scheme: Scheme,
    method: &Method,
    target: &PathAndQuery,
    body: &BodyDigest,
    nonce: UnixNanos,
    sender: &str,
    receiver: Option<&str>,
) -> String {
    let method = method.as_str().to_ascii_uppercase();
    let receiver = receiver.unwrap_or("-");
    format!("btauth/1\n{scheme}\n{method}\n{target}\n{body}\n{nonce}\n{sender}\n{receiver}")
}
