//! SCALE bytes to values by the types in the metadata, within bounds: blocks hold what anybody put there.

use crate::decoded::{CutBytes, Decoded, DecodedCall, DecodedField};
use assay_keys::AccountId;
use codec::{Compact, Decode};
use scale_info::{Field, PortableRegistry, Type, TypeDef, TypeDefPrimitive, Variant, form::PortableForm};

/// Types within types. The chain's own limit for calls within calls is 256; a list of lists needs a few per level.
const DEEPEST: u32 = 300;

/// Why bytes are no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodingError {
    #[error("the bytes end too early")]
    Short,
    #[error("the metadata does not describe type {0}")]
    UnknownType(u32),
    #[error("no variant has the index {0}")]
    UnknownVariant(u8),
    #[error("it is nested too deep")]
    Deep,
    #[error("it has too many parts to show")]
    Large,
    #[error("a type of bits is not read")]
    Bits,
    #[error("{0} bytes are left over")]
    Leftover(usize),
    #[error("the runtime's type of calls holds something else")]
    NoCall,
    #[error("no extrinsic begins with the byte {0:#04x}")]
    Version(u8),
    #[error("the metadata does not say how transactions are signed")]
    NoExtensions,
}

/// Decodes values, counting what it makes of them.
pub(crate) struct Decoder<'a> {
    types: &'a PortableRegistry,
    /// How many more values may be made.
    left: usize,
    depth: u32,
}

impl<'a> Decoder<'a> {
    /// Makes at most `most` values.
    pub(crate) fn new(types: &'a PortableRegistry, most: usize) -> Self {
        Self {
            types,
            left: most,
            depth: 0,
        }
    }

    /// How many more values it would make.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// The value that `bytes` are, or the bytes where they are none that can be shown.
    pub(crate) fn value_or_bytes(&mut self, id: u32, bytes: &[u8]) -> Decoded {
        self.depth = 0;
        let mut input = bytes;
        match self.value(id, &mut input) {
            Ok(value) if input.is_empty() => value,
            Ok(_) | Err(_) => Decoded::Bytes(CutBytes::of(bytes)),
        }
    }

    /// The fields that `bytes` are, when they are.
    pub(crate) fn fields_of(
        &mut self,
        fields: &[Field<PortableForm>],
        bytes: &[u8],
    ) -> Option<Vec<DecodedField>> {
        self.depth = 0;
        let mut input = bytes;
        let found = self.fields(fields, &mut input).ok()?;
        input.is_empty().then_some(found)
    }

    fn resolve(&self, id: u32) -> Result<&'a Type<PortableForm>, DecodingError> {
        self.types.resolve(id).ok_or(DecodingError::UnknownType(id))
    }

    /// The value at the beginning of `input`, which moves on behind it.
    pub(crate) fn value(&mut self, id: u32, input: &mut &[u8]) -> Result<Decoded, DecodingError> {
        self.left = self.left.checked_sub(1).ok_or(DecodingError::Large)?;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(DecodingError::Deep);
        }
        let value = self.inside(id, input)?;
        self.depth -= 1;
        Ok(value)
    }

    fn inside(&mut self, id: u32, input: &mut &[u8]) -> Result<Decoded, DecodingError> {
        let found = self.resolve(id)?;
        match &found.type_def {
            TypeDef::Composite(composite) => {
                if ends_in(found, "AccountId32") {
                    let bytes = take(input, 32)?;
                    let account: [u8; 32] = bytes.try_into().map_err(|_| DecodingError::Short)?;
                    return Ok(Decoded::Account(AccountId(account)));
                }
                self.content(&composite.fields, input)
            }
            TypeDef::Variant(variants) => {
                let index = byte(input)?;
                let variant = variants
                    .variants
                    .iter()
                    .find(|variant| variant.index == index)
                    .ok_or(DecodingError::UnknownVariant(index))?;
                self.variant(found, variant, input)
            }
            TypeDef::Sequence(sequence) => {
                let length = length(input)?;
                self.items(sequence.type_param.id, length, input)
            }
            TypeDef::Array(array) => self.items(array.type_param.id, array.len as usize, input),
            TypeDef::Tuple(tuple) => match tuple.fields.as_slice() {
                [] => Ok(Decoded::Nothing),
                fields => fields
                    .iter()
                    .map(|field| self.value(field.id, input))
                    .collect::<Result<_, _>>()
                    .map(Decoded::List),
            },
            TypeDef::Primitive(primitive) => primitive_value(primitive, input),
            TypeDef::Compact(compact) => self.compact(compact.type_param.id, input),
            TypeDef::BitSequence(_) => Err(DecodingError::Bits),
        }
    }

    fn variant(
        &mut self,
        of: &Type<PortableForm>,
        variant: &'a Variant<PortableForm>,
        input: &mut &[u8],
    ) -> Result<Decoded, DecodingError> {
        if ends_in(of, "RuntimeCall") {
            return self
                .call(&variant.name, variant, input)
                .map(|call| Decoded::Call(Box::new(call)));
        }
        let content = self.content(&variant.fields, input)?;
        Ok(match (of.path.segments.as_slice(), variant.name.as_str()) {
            // An option is its content, and an address is the account it names.
            ([single], "Some" | "None") if single == "Option" => content,
            (path, "Id") if path.last().is_some_and(|name| name == "MultiAddress") => content,
            _ => Decoded::Variant {
                name: variant.name.clone(),
                content: Box::new(content),
            },
        })
    }

    /// A call: the pallet is a variant of the outer enum, the call one of the pallet's enum.
    pub(crate) fn call(
        &mut self,
        pallet: &str,
        outer: &Variant<PortableForm>,
        input: &mut &[u8],
    ) -> Result<DecodedCall, DecodingError> {
        let inner = outer.fields.first().map_or(u32::MAX, |field| field.ty.id);
        let TypeDef::Variant(calls) = &self.resolve(inner)?.type_def else {
            return Err(DecodingError::UnknownType(inner));
        };
        let index = byte(input)?;
        let call = calls
            .variants
            .iter()
            .find(|call| call.index == index)
            .ok_or(DecodingError::UnknownVariant(index))?;
        Ok(DecodedCall {
            pallet: pallet.to_owned(),
            name: call.name.clone(),
            arguments: self.fields(&call.fields, input)?,
        })
    }

    /// The content of a struct or a variant; a wrapper of one unnamed field is what it wraps.
    fn content(
        &mut self,
        fields: &[Field<PortableForm>],
        input: &mut &[u8],
    ) -> Result<Decoded, DecodingError> {
        match fields {
            [] => Ok(Decoded::Nothing),
            [single] if single.name.is_none() => self.value(single.ty.id, input),
            _ if fields.iter().all(|field| field.name.is_some()) => {
                self.fields(fields, input).map(Decoded::Record)
            }
            _ => fields
                .iter()
                .map(|field| self.value(field.ty.id, input))
                .collect::<Result<_, _>>()
                .map(Decoded::List),
        }
    }

    /// Fields one after the other.
    pub(crate) fn fields(
        &mut self,
        fields: &[Field<PortableForm>],
        input: &mut &[u8],
    ) -> Result<Vec<DecodedField>, DecodingError> {
        fields
            .iter()
            .map(|field| {
                Ok(DecodedField {
                    name: field.name.clone(),
                    type_name: field.type_name.clone(),
                    value: self.value(field.ty.id, input)?,
                })
            })
            .collect()
    }

    fn items(&mut self, id: u32, length: usize, input: &mut &[u8]) -> Result<Decoded, DecodingError> {
        if matches!(
            self.resolve(id)?.type_def,
            TypeDef::Primitive(TypeDefPrimitive::U8)
        ) {
            return Ok(Decoded::Bytes(CutBytes::of(take(input, length)?)));
        }
        // A length that lies must not reserve memory.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value(id, input)?);
        }
        Ok(Decoded::List(items))
    }

    /// A compact number, possibly in wrappers of one field.
    fn compact(&mut self, id: u32, input: &mut &[u8]) -> Result<Decoded, DecodingError> {
        match &self.resolve(id)?.type_def {
            TypeDef::Composite(wrapper) => match wrapper.fields.as_slice() {
                [single] => self.compact(single.ty.id, input),
                _ => Ok(Decoded::Nothing),
            },
            TypeDef::Tuple(_) => Ok(Decoded::Nothing),
            _ => Compact::<u128>::decode(input)
                .map(|number| Decoded::Unsigned(number.0))
                .map_err(|_| DecodingError::Short),
        }
    }
}

fn ends_in(found: &Type<PortableForm>, name: &str) -> bool {
    found.path.segments.last().is_some_and(|last| last == name)
}

fn take<'b>(input: &mut &'b [u8], length: usize) -> Result<&'b [u8], DecodingError> {
    let (taken, rest) = input.split_at_checked(length).ok_or(DecodingError::Short)?;
    *input = rest;
    Ok(taken)
}

pub(super) fn byte(input: &mut &[u8]) -> Result<u8, DecodingError> {
    take(input, 1).map(|taken| taken[0])
}

fn length(input: &mut &[u8]) -> Result<usize, DecodingError> {
    Compact::<u32>::decode(input)
        .map(|length| length.0 as usize)
        .map_err(|_| DecodingError::Short)
}

fn primitive_value(primitive: &TypeDefPrimitive, input: &mut &[u8]) -> Result<Decoded, DecodingError> {
    fn number<T: Decode>(input: &mut &[u8]) -> Result<T, DecodingError> {
        T::decode(input).map_err(|_| DecodingError::Short)
    }
    Ok(match primitive {
        TypeDefPrimitive::Bool => Decoded::Bool(byte(input)? != 0),
        TypeDefPrimitive::Char => {
            let code = number::<u32>(input)?;
            Decoded::Text(
                char::from_u32(code)
                    .unwrap_or(char::REPLACEMENT_CHARACTER)
                    .to_string(),
            )
        }
        TypeDefPrimitive::Str => {
            let length = length(input)?;
            let bytes = CutBytes::of(take(input, length)?);
            Decoded::Text(String::from_utf8_lossy(&bytes.start).into_owned())
        }
        TypeDefPrimitive::U8 => Decoded::Unsigned(byte(input)?.into()),
        TypeDefPrimitive::U16 => Decoded::Unsigned(number::<u16>(input)?.into()),
        TypeDefPrimitive::U32 => Decoded::Unsigned(number::<u32>(input)?.into()),
        TypeDefPrimitive::U64 => Decoded::Unsigned(number::<u64>(input)?.into()),
        TypeDefPrimitive::U128 => Decoded::Unsigned(number::<u128>(input)?),
        TypeDefPrimitive::I8 => Decoded::Signed(number::<i8>(input)?.into()),
        TypeDefPrimitive::I16 => Decoded::Signed(number::<i16>(input)?.into()),
        TypeDefPrimitive::I32 => Decoded::Signed(number::<i32>(input)?.into()),
        TypeDefPrimitive::I64 => Decoded::Signed(number::<i64>(input)?.into()),
        TypeDefPrimitive::I128 => Decoded::Signed(number::<i128>(input)?),
        TypeDefPrimitive::U256 | TypeDefPrimitive::I256 => Decoded::Bytes(CutBytes::of(take(input, 32)?)),
    })
}
