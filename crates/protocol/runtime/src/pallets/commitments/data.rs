//! One field of a commitment, encoded as on the chain: short raw bytes have a variant for every length, so that the
//! length costs no byte of its own.

use codec::{Decode, DecodeWithMemTracking, Encode, EncodeLike, Error, Input, MaxEncodedLen, Output};
use frame_support::{BoundedVec, traits::ConstU32};
use scale_info::{
    Path, Type, TypeInfo,
    build::{Fields, Variants},
};

/// The longest raw field that has a variant of its own.
const LONGEST_RAW: u8 = 128;

/// The names of the raw variants, which metadata must hold as constants.
macro_rules! raw_variants {
    ($variants:expr; $($length:literal)*) => {
        $variants$(.variant(concat!("Raw", stringify!($length)), |variant| {
            variant
                .index($length + 1)
                .fields(Fields::unnamed().field(|field| field.ty::<[u8; $length]>()))
        }))*
    };
}

/// A field of a commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nothing.
    None,
    /// Up to 128 bytes as they are.
    Raw(BoundedVec<u8, ConstU32<{ LONGEST_RAW as u32 }>>),
    /// The Blake2-256 digest of something.
    BlakeTwo256([u8; 32]),
    /// The SHA-256 digest of something.
    Sha256([u8; 32]),
    /// The Keccak-256 digest of something.
    Keccak256([u8; 32]),
    /// The SHA3-256 digest of something.
    ShaThree256([u8; 32]),
    /// Bytes that can be read once the beacon has reached a round.
    TimelockEncrypted {
        /// The ciphertext.
        encrypted: BoundedVec<u8, ConstU32<1_024>>,
        /// The round.
        reveal_round: u64,
    },
    /// Asks for the bonds towards the sender to be reset.
    ResetBondsFlag,
    /// Up to 512 bytes as they are.
    BigRaw(BoundedVec<u8, ConstU32<512>>),
}

impl Data {
    /// What the field takes of the sender's space, in bytes.
    #[must_use]
    pub fn space(&self) -> u64 {
        let length = match self {
            Self::None | Self::ResetBondsFlag => 0,
            Self::Raw(bytes) => bytes.len(),
            Self::BlakeTwo256(_) | Self::Sha256(_) | Self::Keccak256(_) | Self::ShaThree256(_) => 32,
            Self::TimelockEncrypted { encrypted, .. } => encrypted.len(),
            Self::BigRaw(bytes) => bytes.len(),
        };
        u64::try_from(length).unwrap_or(u64::MAX)
    }
}

impl Encode for Data {
    fn size_hint(&self) -> usize {
        1 + usize::try_from(self.space()).unwrap_or_default()
    }

    fn encode_to<W: Output + ?Sized>(&self, output: &mut W) {
        match self {
            Self::None => output.push_byte(0),
            Self::Raw(bytes) => {
                // The bound keeps the length within the byte.
                output.push_byte(u8::try_from(bytes.len()).unwrap_or(LONGEST_RAW) + 1);
                output.write(bytes);
            }
            Self::BlakeTwo256(digest) => (130u8, digest).encode_to(output),
            Self::Sha256(digest) => (131u8, digest).encode_to(output),
            Self::Keccak256(digest) => (132u8, digest).encode_to(output),
            Self::ShaThree256(digest) => (133u8, digest).encode_to(output),
            Self::TimelockEncrypted {
                encrypted,
                reveal_round,
            } => {
                (134u8, encrypted, reveal_round).encode_to(output);
            }
            Self::ResetBondsFlag => output.push_byte(135),
            Self::BigRaw(bytes) => (136u8, bytes).encode_to(output),
        }
    }
}

impl EncodeLike for Data {}

impl Decode for Data {
    fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
        Ok(match input.read_byte()? {
            0 => Self::None,
            variant @ 1..=129 => {
                let mut bytes = vec![0; usize::from(variant - 1)];
                input.read(&mut bytes)?;
                Self::Raw(BoundedVec::truncate_from(bytes))
            }
            130 => Self::BlakeTwo256(Decode::decode(input)?),
            131 => Self::Sha256(Decode::decode(input)?),
            132 => Self::Keccak256(Decode::decode(input)?),
            133 => Self::ShaThree256(Decode::decode(input)?),
            134 => Self::TimelockEncrypted {
                encrypted: Decode::decode(input)?,
                reveal_round: Decode::decode(input)?,
            },
            135 => Self::ResetBondsFlag,
            136 => Self::BigRaw(Decode::decode(input)?),
            _ => return Err(Error::from("a commitment field begins with a byte up to 136")),
        })
    }
}

impl DecodeWithMemTracking for Data {}

impl MaxEncodedLen for Data {
    fn max_encoded_len() -> usize {
        // The timelocked field is the longest: variant, length, ciphertext, round.
        1 + 2 + 1_024 + 8
    }
}

impl TypeInfo for Data {
    type Identity = Self;

    fn type_info() -> Type {
        let digest = |index: u8| {
            move |variant: scale_info::build::VariantBuilder<_>| {
                variant
                    .index(index)
                    .fields(Fields::unnamed().field(|field| field.ty::<[u8; 32]>()))
            }
        };
        let variants = raw_variants!(
            Variants::new().variant("None", |variant| variant.index(0));
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
            61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89
            90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113
            114 115 116 117 118 119 120 121 122 123 124 125 126 127 128
        );
        let variants = variants
            .variant("BlakeTwo256", digest(130))
            .variant("Sha256", digest(131))
            .variant("Keccak256", digest(132))
            .variant("ShaThree256", digest(133))
            .variant("TimelockEncrypted", |variant| {
                variant.index(134).fields(
                    Fields::named()
                        .field(|field| field.name("encrypted").ty::<BoundedVec<u8, ConstU32<1_024>>>())
                        .field(|field| field.name("reveal_round").ty::<u64>()),
                )
            })
            .variant("ResetBondsFlag", |variant| variant.index(135))
            .variant("BigRaw", |variant| {
                variant
                    .index(136)
                    .fields(Fields::unnamed().field(|field| field.ty::<BoundedVec<u8, ConstU32<512>>>()))
            });
        Type::builder()
            .path(Path::new("Data", module_path!()))
            .variant(variants)
    }
}

#[cfg(test)]
mod tests {
    use super::Data;
    use codec::{Decode, Encode, MaxEncodedLen};
    use frame_support::BoundedVec;

    fn raw(bytes: &[u8]) -> Data {
        Data::Raw(BoundedVec::truncate_from(bytes.to_vec()))
    }

    #[test]
    fn short_raw_bytes_need_one_byte_of_framing() {
        assert_eq!(raw(b"hi").encode(), [3, 0x68, 0x69]);
        assert_eq!(raw(b"").encode(), [1]);
        assert_eq!(raw(&[7; 128]).encode()[0], 129);
    }

    #[test]
    fn every_kind_of_field_reads_back() {
        let fields = [
            Data::None,
            raw(b""),
            raw(&[1; 128]),
            Data::BlakeTwo256([2; 32]),
            Data::Sha256([3; 32]),
            Data::Keccak256([4; 32]),
            Data::ShaThree256([5; 32]),
            Data::TimelockEncrypted {
                encrypted: BoundedVec::truncate_from(vec![6; 1_024]),
                reveal_round: 7,
            },
            Data::ResetBondsFlag,
            Data::BigRaw(BoundedVec::truncate_from(vec![8; 512])),
        ];
        for field in fields {
            let bytes = field.encode();
            assert!(bytes.len() <= Data::max_encoded_len());
            assert_eq!(Data::decode(&mut bytes.as_slice()), Ok(field));
        }
    }

    #[test]
    fn malformed_fields_are_errors() {
        assert!(Data::decode(&mut [137].as_slice()).is_err(), "no such variant");
        assert!(Data::decode(&mut [5, 1, 2].as_slice()).is_err(), "too short");
        assert!(Data::decode(&mut [].as_slice()).is_err());
    }
}
