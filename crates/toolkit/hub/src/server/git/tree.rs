//! Folders as objects.

use super::ObjectId;

/// Whether an entry is a file or a folder. The hub keeps neither links nor submodules nor executable bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryMode {
    File,
    Folder,
}

impl EntryMode {
    const fn digits(self) -> &'static str {
        match self {
            Self::File => "100644",
            Self::Folder => "40000",
        }
    }
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub(crate) name: String,
    pub(crate) mode: EntryMode,
    pub(crate) id: ObjectId,
}

/// One folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    pub(crate) entries: Vec<TreeEntry>,
}

impl Tree {
    /// The object's content. Entries are put into Git's order, in which a folder sorts as if its name ended in `/`.
    pub(crate) fn encode(mut self) -> Vec<u8> {
        self.entries
            .sort_by(|left, right| sort_key(left).cmp(sort_key(right)));
        let mut bytes = Vec::with_capacity(self.entries.len() * 48);
        for entry in &self.entries {
            bytes.extend_from_slice(entry.mode.digits().as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(entry.name.as_bytes());
            bytes.push(0);
            bytes.extend_from_slice(&entry.id.0);
        }
        bytes
    }

    /// Reads an object's content; `None` when it is not a tree that this hub writes.
    pub(crate) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut entries = Vec::new();
        while !bytes.is_empty() {
            let space = bytes.iter().position(|byte| *byte == b' ')?;
            let mode = match &bytes[..space] {
                b"100644" | b"100755" => EntryMode::File,
                b"40000" => EntryMode::Folder,
                _ => return None,
            };
            bytes = &bytes[space + 1..];
            let end = bytes.iter().position(|byte| *byte == 0)?;
            let name = std::str::from_utf8(&bytes[..end]).ok()?.to_owned();
            let (id, rest) = bytes[end + 1..].split_first_chunk::<20>()?;
            bytes = rest;
            entries.push(TreeEntry {
                name,
                mode,
                id: ObjectId(*id),
            });
        }
        Some(Self { entries })
    }
}

fn sort_key(entry: &TreeEntry) -> impl Iterator<Item = u8> + '_ {
    let slash = match entry.mode {
        EntryMode::File => None,
        EntryMode::Folder => Some(b'/'),
    };
    entry.name.bytes().chain(slash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_sorts_as_if_its_name_ended_in_a_slash() {
        let entry = |name: &str, mode| TreeEntry {
            name: name.to_owned(),
            mode,
            id: ObjectId([7; 20]),
        };
        let tree = Tree {
            entries: vec![
                entry("a", EntryMode::Folder),
                entry("a0", EntryMode::File),
                entry("a.txt", EntryMode::File),
            ],
        };
        let read = Tree::parse(&tree.encode()).unwrap();
        let names: Vec<_> = read.entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["a.txt", "a", "a0"]);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_tree_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Tree::parse(&bytes);
            let _ = super::super::Commit::parse(&bytes);
            let _ = super::super::LfsPointer::parse(&bytes);
        }
    }

    #[test]
    fn a_torn_tree_is_not_read() {
        let tree = Tree {
            entries: vec![TreeEntry {
                name: "f".into(),
                mode: EntryMode::File,
                id: ObjectId([1; 20]),
            }],
        };
        let bytes = tree.encode();
        for end in 1..bytes.len() {
            assert_eq!(
                Tree::parse(&bytes[..end]),
                None,
                "{end} bytes were read as a tree"
            );
        }
    }
}
