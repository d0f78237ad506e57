//! The framing of a run's file: blocks of fixed size, each piece of a record with its checksum and length before it. It
//! is the log format of LevelDB, with another checksum and an opening of its own.

/// What the file begins with: its kind, a number that tells the byte order, and the version of the format.
const OPENING: [u8; 7] = *b":W&B\xe1\xbe\0";

const BLOCK: usize = 32 * 1024;

/// A checksum (4 bytes), a length (2) and the kind of the piece (1).
const PIECE_HEADER: usize = 7;

/// What a piece is of its record.
#[derive(Clone, Copy)]
enum Piece {
    Whole = 1,
    First = 2,
    Middle = 3,
    Last = 4,
}

/// Frames records, one after the other.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    written: u64,
}

impl Blocks {
    /// Goes on in a file that has so many bytes.
    pub(super) fn at(written: u64) -> Self {
        Self { written }
    }

    /// What a file begins with.
    pub(super) fn opening(&mut self) -> &'static [u8] {
        self.written = OPENING.len() as u64;
        &OPENING
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Adds a record to `to`, which is then appended to the file.
    pub(super) fn put(&mut self, record: &[u8], to: &mut Vec<u8>) {
        let before = to.len();
        let mut rest = record;
        let mut is_first = true;
        loop {
            let mut room = self.room(to.len() - before);
            if room < PIECE_HEADER {
                to.resize(to.len() + room, 0);
                room = BLOCK;
            }
            let (piece, after) = rest.split_at(rest.len().min(room - PIECE_HEADER));
            let kind = match (is_first, after.is_empty()) {
                (true, true) => Piece::Whole,
                (true, false) => Piece::First,
                (false, false) => Piece::Middle,
                (false, true) => Piece::Last,
            };
            put_piece(kind, piece, to);
            if after.is_empty() {
                break;
            }
            is_first = false;
            rest = after;
        }
        self.written += (to.len() - before) as u64;
    }

    /// Bytes left in the block, `ahead` bytes after what was written.
    fn room(&self, ahead: usize) -> usize {
        let place = self.written + ahead as u64;
        BLOCK - (place % BLOCK as u64) as usize
    }
}

fn put_piece(kind: Piece, piece: &[u8], to: &mut Vec<u8>) {
    let kind = kind as u8;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&[kind]);
    checksum.update(piece);
    to.extend_from_slice(&checksum.finalize().to_le_bytes());
    // A piece is shorter than a block, so its length fits.
    to.extend_from_slice(&(piece.len() as u16).to_le_bytes());
    to.push(kind);
    to.extend_from_slice(piece);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_with_room_for_a_header_only_gets_an_empty_first_piece() {
        let mut blocks = Blocks::default();
        let mut bytes = blocks.opening().to_vec();
        let filling = BLOCK - OPENING.len() - 2 * PIECE_HEADER;
        blocks.put(&vec![b'x'; filling], &mut bytes);
        assert_eq!(bytes.len(), BLOCK - PIECE_HEADER);
        blocks.put(b"next", &mut bytes);
        let (first, last) = bytes[BLOCK - PIECE_HEADER..].split_at(PIECE_HEADER);
        assert_eq!((&first[4..6], first[6]), (&[0, 0][..], Piece::First as u8));
        assert_eq!((&last[4..6], last[6]), (&[4, 0][..], Piece::Last as u8));
        assert_eq!(&last[PIECE_HEADER..], b"next");
        assert_eq!(blocks.written(), bytes.len() as u64);
    }
}
