//! Why a `torch.save` file is refused.

/// Why a `torch.save` file is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchFileError {
    /// The file could not be read.
    #[error("it could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The format that torch wrote before version 1.6.
    #[error(
        "it is in the format of before torch 1.6, which this program does not read; load it with torch once and save it \
         again with torch.save, or better as safetensors"
    )]
    Legacy,
    /// It is not a zip archive at all.
    #[error("it is not a file of torch.save: it does not begin as a zip archive")]
    NotAnArchive,
    /// The archive is damaged.
    #[error("its zip archive is not sound: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// The archive lacks what torch writes, or has more than that.
    #[error("its zip archive holds no single `data.pkl` in a folder of its own")]
    NoPickle,
    /// An entry is compressed or encrypted; torch stores as is.
    #[error(
        "the entry {entry} of its zip archive is compressed or encrypted; torch.save stores entries as they are"
    )]
    Compressed {
        /// The entry.
        entry: String,
    },
    /// Written on a machine of the other byte order.
    #[error("its numbers are big endian")]
    BigEndian,
    /// More than this program is ready to read.
    #[error("it has {found} {what}, more than the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The pickle refers to a function or class that a dictionary of tensors does not need.
    #[error(
        "its pickle refers to `{global}`, which is refused: only dictionaries of tensors are read, and nothing is run"
    )]
    Global {
        /// Module and name.
        global: String,
    },
    /// The pickle uses an operation that a dictionary of tensors does not need.
    #[error(
        "its pickle uses the operation {operation:#04x} at byte {at}, which a dictionary of tensors does not need"
    )]
    Operation {
        /// The operation's byte.
        operation: u8,
        /// Where it is.
        at: usize,
    },
    /// The pickle ends early, or an operation finds other things on the stack than it needs.
    #[error("its pickle is not sound at byte {at}: {problem}")]
    Pickle {
        /// What is wrong.
        problem: &'static str,
        /// Where.
        at: usize,
    },
    /// The pickle is not a dictionary of tensors.
    #[error("it holds no dictionary of tensors by name; save the model's state_dict()")]
    NotAStateDict,
    /// A tensor's storage is not in the archive.
    #[error("the storage {storage} of tensor {tensor} is not in it")]
    MissingStorage {
        /// The tensor.
        tensor: String,
        /// The storage's key.
        storage: String,
    },
    /// A tensor reaches outside of its storage, or shows an element several times.
    #[error("tensor {tensor} does not lie inside of its storage")]
    OutsideStorage {
        /// The tensor.
        tensor: String,
    },
}
