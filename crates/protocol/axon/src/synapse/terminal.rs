//! One end of an exchange as both ends describe it, in headers and in bodies.

use super::{HeadError, PeerVersion};
use crate::UnixNanos;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

/// What is said of an axon or of a dendrite. Nothing in it is proven but what the signature covers.
///
/// Addresses and keys stay the texts that they came as: they are part of what is signed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Terminal {
    /// Of the answer, as in HTTP.
    pub status_code: Option<i64>,
    /// In words.
    pub status_message: Option<String>,
    /// Seconds that the work took.
    pub process_time: Option<f64>,
    /// Address, not bracketed.
    pub ip: Option<String>,
    /// Port. Python takes any whole number.
    pub port: Option<i64>,
    /// Version of its software.
    pub version: Option<i64>,
    /// When the message was signed, in nanoseconds since 1970; before 7.2 a counter.
    pub nonce: Option<u64>,
    /// Of the process.
    pub uuid: Option<String>,
    /// SS58 address, under whatever prefix.
    pub hotkey: Option<String>,
    /// `0x` and 128 hexadecimal digits.
    pub signature: Option<String>,
}

impl Terminal {
    /// The version, when it said one.
    #[must_use]
    pub fn version(&self) -> Option<PeerVersion> {
        self.version.map(PeerVersion)
    }

    /// The nonce as a time.
    #[must_use]
    pub fn signed_at(&self) -> Option<UnixNanos> {
        self.nonce.map(UnixNanos)
    }

    /// Reads the headers that begin with `prefix`. Unknown ones are passed over, as a later version may send them.
    pub(super) fn from_headers(headers: &HeaderMap, prefix: &'static str) -> Result<Self, HeadError> {
        let text = |field: &'static str| read(headers, prefix, field);
        Ok(Self {
            status_code: number(text("status_code")?, prefix, "status_code")?,
            status_message: text("status_message")?.map(str::to_owned),
            process_time: number(text("process_time")?, prefix, "process_time")?,
            ip: text("ip")?.map(str::to_owned),
            port: number(text("port")?, prefix, "port")?,
            version: number(text("version")?, prefix, "version")?,
            nonce: number(text("nonce")?, prefix, "nonce")?,
            uuid: text("uuid")?.map(str::to_owned),
            hotkey: text("hotkey")?.map(str::to_owned),
            signature: text("signature")?.map(str::to_owned),
        })
    }

    /// Writes the fields that are set, each as a header. What no header can hold is written as far as it can be, see
    /// [`header_text`].
    pub(super) fn write_headers(&self, headers: &mut HeaderMap, prefix: &str) {
        let fields = [
            ("status_code", self.status_code.map(|code| code.to_string())),
            ("status_message", self.status_message.clone()),
            ("process_time", self.process_time.map(|time| format!("{time:?}"))),
            ("ip", self.ip.clone()),
            ("port", self.port.map(|port| port.to_string())),
            ("version", self.version.map(|version| version.to_string())),
            ("nonce", self.nonce.map(|nonce| nonce.to_string())),
            ("uuid", self.uuid.clone()),
            ("hotkey", self.hotkey.clone()),
            ("signature", self.signature.clone()),
        ];
        for (field, value) in fields {
            let (Some(value), Ok(name)) = (value, HeaderName::try_from(format!("{prefix}{field}"))) else {
                continue;
            };
            headers.insert(name, header_text(&value));
        }
    }
}

/// Bytes of a header's value beyond which it is cut: the client of old peers gives up at 8,190 a line.
const MAX_TEXT: usize = 1_024;

/// A text as a header can hold it: whatever is not visible ASCII or a space becomes `?`, and it is cut after a kilobyte.
/// A line break that got through would end the header, and with it the answer.
pub(super) fn header_text(text: &str) -> HeaderValue {
    let safe: String = text
        .chars()
        .take(MAX_TEXT)
        .map(|character| match character {
            ' '..='~' => character,
            _ => '?',
        })
        .collect();
    HeaderValue::try_from(safe).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn read<'h>(
    headers: &'h HeaderMap,
    prefix: &'static str,
    field: &'static str,
) -> Result<Option<&'h str>, HeadError> {
    let Some(value) = headers.get(format!("{prefix}{field}")) else {
        return Ok(None);
    };
    value
        .to_str()
        .map(Some)
        .map_err(|_| HeadError::Unreadable { prefix, field })
}

fn number<T: std::str::FromStr>(
    text: Option<&str>,
    prefix: &'static str,
    field: &'static str,
) -> Result<Option<T>, HeadError> {
    text.map(|text| {
        text.trim()
            .parse()
            .map_err(|_| HeadError::Number { prefix, field })
    })
    .transpose()
}
