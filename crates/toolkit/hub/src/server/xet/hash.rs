//! The hashes of chunks and xorbs.

use std::fmt;

/// Keys of the two uses of the hash function, part of the format.
const CHUNK_KEY: [u8; 32] = [
    102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28, 157, 228, 33, 16, 155, 235, 43,
    88, 180, 208, 176, 75, 147, 173, 242, 41,
];
const NODE_KEY: [u8; 32] = [
    1, 126, 197, 199, 165, 71, 41, 150, 253, 148, 102, 102, 180, 138, 2, 230, 93, 221, 83, 111, 55, 199, 109,
    210, 248, 99, 82, 230, 74, 83, 113, 63,
];

/// Children of a node on average, and at most twice as many and one more.
const BRANCHES: usize = 4;

/// A hash of the chunked transfer. As text, each group of eight bytes is written as one number, last byte first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct XetHash(pub(crate) [u8; 32]);

impl XetHash {
    pub(crate) fn of_chunk(content: &[u8]) -> Self {
        Self(*blake3::keyed_hash(&CHUNK_KEY, content).as_bytes())
    }

    /// The hash of a xorb, from the hashes and lengths of its chunks: the root of a tree whose nodes end where a
    /// child's hash says so.
    pub(crate) fn of_xorb(chunks: &[(Self, u64)]) -> Option<Self> {
        let mut level = chunks.to_vec();
        while level.len() > 1 {
            let mut above = Vec::with_capacity(level.len() / 2);
            let mut rest = level.as_slice();
            while !rest.is_empty() {
                let (children, after) = rest.split_at(node_length(rest));
                above.push(Self::of_node(children));
                rest = after;
            }
            level = above;
        }
        level.first().map(|(root, _)| *root)
    }

    fn of_node(children: &[(Self, u64)]) -> (Self, u64) {
        let text: String = children
            .iter()
            .map(|(hash, length)| format!("{hash} : {length}\n"))
            .collect();
        let hash = Self(*blake3::keyed_hash(&NODE_KEY, text.as_bytes()).as_bytes());
        (hash, children.iter().map(|(_, length)| length).sum())
    }

    /// Whether a node ends after this child.
    fn ends_node(&self) -> bool {
        // The last number of the four, of which only the lowest byte counts.
        usize::from(self.0[24]) % BRANCHES == 0
    }

    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(turned(bytes)))
    }

    /// The bytes in the order in which they are written as text. A SHA-256 stands in a shard in this form.
    pub(crate) fn in_text_order(&self) -> [u8; 32] {
        turned(self.0)
    }
}

fn turned(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes.chunks_exact_mut(8).for_each(<[u8]>::reverse);
    bytes
}

/// How many of the nodes make the next one above: at least two, and at most nine.
fn node_length(nodes: &[(XetHash, u64)]) -> usize {
    let most = nodes.len().min(2 * BRANCHES + 1);
    (2..most)
        .find(|at| nodes[*at].0.ends_node())
        .map_or(most, |at| at + 1)
}

impl fmt::Display for XetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.in_text_order()))
    }
}

impl fmt::Debug for XetHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_turns_each_group_of_eight() {
        let bytes: [u8; 32] = std::array::from_fn(|at| at as u8);
        let hash = XetHash(bytes);
        let text = hash.to_string();
        assert!(text.starts_with("07060504030201000f0e0d0c0b0a0908"), "{text}");
        assert_eq!(XetHash::from_hex(&text), Some(hash));
        assert_eq!(XetHash::from_hex("07"), None);
    }

    #[test]
    fn a_node_has_two_to_nine_children() {
        let hash = |last: u8| {
            let mut bytes = [1; 32];
            bytes[24] = last;
            (XetHash(bytes), 1)
        };
        let never = vec![hash(1); 40];
        assert_eq!(node_length(&never), 9);
        assert_eq!(node_length(&never[..5]), 5);
        assert_eq!(
            node_length(&[hash(0), hash(0), hash(0), hash(0)]),
            3,
            "the first two do not end a node"
        );
        assert_eq!(node_length(&[hash(0), hash(0)]), 2);
    }

    #[test]
    fn a_single_chunk_is_its_own_xorb() {
        let chunk = XetHash::of_chunk(b"content");
        assert_eq!(XetHash::of_xorb(&[(chunk, 7)]), Some(chunk));
        assert_eq!(XetHash::of_xorb(&[]), None);
        assert_ne!(XetHash::of_xorb(&[(chunk, 7), (chunk, 7)]), Some(chunk));
    }
}
