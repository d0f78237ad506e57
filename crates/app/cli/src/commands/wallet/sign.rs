//! `assay wallet sign`.

use super::unlock::{key_failure, unlock};
use crate::context::Context;
use assay_keys::{AccountId, KeyRole, Scheme, Signature, message_bytes};
use miette::miette;
use serde::Serialize;
use std::{
    borrow::Cow,
    io::Read,
    path::{Path, PathBuf},
};

/// The longest file that is signed. A signature covers its whole content, which has to be in memory.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Sign a message
///
/// With the coldkey, or with the hotkey. A text that begins with 0x stands for the bytes that it spells, as in
/// Bittensor's own tools. A file is signed as it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    message: MessageArgs,
    /// Sign with the hotkey instead of the coldkey
    #[arg(long)]
    use_hotkey: bool,
}

/// What is signed or checked.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct MessageArgs {
    /// The text
    #[arg(long, value_name = "TEXT")]
    pub(super) message: Option<String>,
    /// The file, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) file: Option<PathBuf>,
}

impl MessageArgs {
    /// The bytes of it.
    pub(super) fn bytes(&self) -> miette::Result<Cow<'_, [u8]>> {
        match (&self.message, &self.file) {
            (Some(text), _) => message_bytes(text).map_err(|error| key_failure(error.into())),
            (None, Some(path)) => read_file(path).map(Cow::Owned),
            (None, None) => Ok(Cow::Borrowed(b"")),
        }
    }
}

fn read_file(path: &Path) -> miette::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)
    } else {
        fs_err::File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes))
    };
    match read {
        Ok(length) if length as u64 > MAX_FILE_BYTES => Err(miette!(
            help = "sign a hash of it, as `sha256sum` prints it",
            "{} has more than the {MAX_FILE_BYTES} bytes that are signed at once",
            path.display()
        )),
        Ok(_) => Ok(bytes),
        Err(error) => Err(miette!("{error}")),
    }
}

#[derive(Debug, Serialize)]
struct Answer {
    account: AccountId,
    scheme: Scheme,
    signature: Signature,
}

pub(super) fn run(args: &Args, context: &Context) -> miette::Result<()> {
    let message = args.message.bytes()?;
    let role = if args.use_hotkey {
        KeyRole::Hotkey
    } else {
        KeyRole::Coldkey
    };
    let pair = unlock(context, role)?;
    let answer = Answer {
        account: pair.account(),
        scheme: pair.scheme(),
        signature: pair.sign(&message),
    };
    context
        .output()
        .say(&format!("signed by {} ({})", answer.account, answer.scheme));
    context
        .output()
        .data(&answer, |answer| format!("{}\n", answer.signature))
}
