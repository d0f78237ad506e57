//! Types as text, so that ours and those in the vectors can be compared.

use scale_info::{PortableRegistry, TypeDef, TypeDefPrimitive, form::PortableForm};

/// A type as the vectors write it.
pub(crate) fn written(types: &PortableRegistry, id: u32) -> String {
    let ty = types.resolve(id).unwrap();
    let name = ty.path.ident().unwrap_or_default();
    let field = |field: &scale_info::Field<PortableForm>| {
        let ty = written(types, field.ty.id);
        match &field.name {
            Some(name) => format!("{name}:{ty}"),
            None => ty,
        }
    };
    match &ty.type_def {
        TypeDef::Primitive(TypeDefPrimitive::Str) => "Str".into(),
        TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
        TypeDef::Compact(inner) => format!("Compact<{}>", written(types, inner.type_param.id)),
        TypeDef::Sequence(inner) => format!("Vec<{}>", written(types, inner.type_param.id)),
        TypeDef::Array(inner) => format!("[{};{}]", written(types, inner.type_param.id), inner.len),
        TypeDef::Tuple(inner) => {
            let parts: Vec<String> = inner.fields.iter().map(|part| written(types, part.id)).collect();
            format!("({})", parts.join(","))
        }
        TypeDef::Composite(inner) => match name.as_str() {
            "AccountId32" => "U256".into(),
            "H256" | "H160" | "Perquintill" | "Percent" => name,
            "BoundedVec" => format!("BoundedVec<{}>", element(types, inner.fields[0].ty.id)),
            "BTreeMap" => format!("BTreeMap{{{}}}", written(types, inner.fields[0].ty.id)),
            _ => {
                let fields: Vec<String> = inner.fields.iter().map(field).collect();
                format!("{name}{{{}}}", fields.join(","))
            }
        },
        TypeDef::Variant(_) if name == "Option" => {
            format!("Option<{}>", written(types, ty.type_params[0].ty.unwrap().id))
        }
        TypeDef::Variant(_) => name,
        TypeDef::BitSequence(_) => "bits".into(),
    }
}

fn element(types: &PortableRegistry, sequence: u32) -> String {
    match &types.resolve(sequence).unwrap().type_def {
        TypeDef::Sequence(inner) => written(types, inner.type_param.id),
        other => panic!("{other:?}"),
    }
}

/// Two spellings of one type made equal: the vectors leave out what enums and inner structs are made of, and their
/// block numbers have 64 bits.
pub(crate) fn plain(written: &str) -> String {
    let variants = written.ends_with(']') && !written.starts_with('[');
    let text = if variants {
        written.split('[').next().unwrap()
    } else {
        written
    };
    [
        ("FixedU128{bits:u128}", "FixedU128"),
        ("FixedI128{bits:i128}", "FixedI128"),
        ("Metadata{beacon_id:BoundedVec<u8>}", "Metadata"),
        ("end_block:Option<u32>", "end_block:Option<u64>"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (long, short)| text.replace(long, short))
}
