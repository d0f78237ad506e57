//! Commits and annotated tags as objects.

use super::{ObjectId, ObjectKind};
use std::fmt::Write as _;

/// Who made a commit, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) name: String,
    /// Seconds since 1970, UTC.
    pub(crate) seconds: i64,
}

impl Signature {
    /// The host of the made-up addresses: an address is required by the format, and the hub knows none.
    const HOST: &'static str = "users.hub.invalid";

    fn encode(&self) -> String {
        format!(
            "{name} <{name}@{host}> {seconds} +0000",
            name = self.name,
            host = Self::HOST,
            seconds = self.seconds
        )
    }

    fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.split_once(" <")?;
        let (_, time) = rest.split_once("> ")?;
        let seconds = time.split(' ').next()?.parse().ok()?;
        Some(Self {
            name: name.to_owned(),
            seconds,
        })
    }
}

/// One state of a repository and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) tree: ObjectId,
    /// Empty for the first commit of a history.
    pub(crate) parents: Vec<ObjectId>,
    pub(crate) author: Signature,
    /// First line of the message.
    pub(crate) title: String,
    /// The rest of it.
    pub(crate) message: String,
}

impl Commit {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut text = format!("tree {}\n", self.tree);
        for parent in &self.parents {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "parent {parent}");
        }
        let author = self.author.encode();
        let _ = write!(text, "author {author}\ncommitter {author}\n\n{}\n", self.title);
        if !self.message.is_empty() {
            let _ = write!(text, "\n{}\n", self.message);
        }
        text.into_bytes()
    }

    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, body) = std::str::from_utf8(bytes).ok()?.split_once("\n\n")?;
        let (mut tree, mut parents, mut author) = (None, Vec::new(), None);
        for line in head.lines() {
            match line.split_once(' ')? {
                ("tree", id) => tree = ObjectId::from_hex(id),
                ("parent", id) => parents.push(ObjectId::from_hex(id)?),
                ("author", text) => author = Signature::parse(text),
                _ => {}
            }
        }
        let body = body.strip_suffix('\n').unwrap_or(body);
        let (title, message) = body.split_once('\n').unwrap_or((body, ""));
        Some(Self {
            tree: tree?,
            parents,
            author: author?,
            title: title.to_owned(),
            message: message.strip_prefix('\n').unwrap_or(message).to_owned(),
        })
    }
}

/// A tag with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) target: ObjectId,
    pub(crate) name: String,
    pub(crate) tagger: Signature,
    pub(crate) message: String,
}

impl Tag {
    pub(crate) fn encode(&self) -> Vec<u8> {
        format!(
            "object {}\ntype {}\ntag {}\ntagger {}\n\n{}\n",
            self.target,
            ObjectKind::Commit.word(),
            self.name,
            self.tagger.encode(),
            self.message
        )
        .into_bytes()
    }

    /// The commit that a tag object stands for.
    pub(crate) fn parse_target(bytes: &[u8]) -> Option<ObjectId> {
        let first = std::str::from_utf8(bytes).ok()?.lines().next()?;
        ObjectId::from_hex(first.strip_prefix("object ")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_reads_back_as_it_was_written() {
        let commit = Commit {
            tree: ObjectId([1; 20]),
            parents: vec![ObjectId([2; 20])],
            author: Signature {
                name: "alice".into(),
                seconds: 1_700_000_000,
            },
            title: "Add data".into(),
            message: "Two lines\n\nand a paragraph".into(),
        };
        assert_eq!(Commit::parse(&commit.encode()), Some(commit.clone()));
        let bare = Commit {
            message: String::new(),
            parents: Vec::new(),
            ..commit
        };
        assert_eq!(Commit::parse(&bare.encode()), Some(bare));
    }
}
