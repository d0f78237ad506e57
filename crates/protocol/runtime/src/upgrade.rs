//! A later version of the runtime, for tests of clients that live through an upgrade.
//!
//! A real upgrade replaces the code; this runtime is compiled in, so a value in the state says how many upgrades the
//! chain has behind it, and the version and the metadata follow it. What changes is what version 429 of the public chain
//! changed: subnet numbers, plain `u16` before, are described by a type of their own with the same bytes, as fields, as
//! storage keys and as parameters of runtime APIs. One constant more tells the versions apart.

use crate::VERSION;
use codec::{Decode, Encode};
use frame_metadata::{
    RuntimeMetadata, RuntimeMetadataPrefixed,
    v14::{PalletConstantMetadata, StorageEntryType},
    v16,
};
use frame_support::traits::Get;
use scale_info::{
    Field, Path, PortableRegistry, PortableType, Type, TypeDef, TypeDefComposite, TypeDefPrimitive,
    TypeDefTuple, form::PortableForm,
};
use sp_core::OpaqueMetadata;
use sp_version::RuntimeVersion;
use std::collections::HashMap;

/// The key of the number of upgrades (a `u32`) in the state. Nothing is there before the first.
pub const UPGRADES: &[u8] = b":assay:runtime-upgrades";

/// Names of fields and parameters that hold the number of a subnet.
const NETUID_NAMES: [&str; 4] = ["netuid", "origin_netuid", "destination_netuid", "cosigned_netuid"];

/// Pallets whose maps are kept by subnet: the first `u16` of their keys is one, or the index of a table of one.
const PALLETS_BY_SUBNET: [&str; 3] = ["SubtensorModule", "Commitments", "Swap"];

/// The name of the added constant.
const ADDED_CONSTANT: &str = "RuntimeUpgrades";

/// The number of upgrades, from the value under [`UPGRADES`].
#[must_use]
pub fn count(value: Option<&[u8]>) -> u32 {
    value
        .and_then(|bytes| u32::decode(&mut &bytes[..]).ok())
        .unwrap_or(0)
}

fn current() -> u32 {
    count(sp_io::storage::get(UPGRADES).as_deref())
}

/// The version of the runtime in the present state.
#[derive(Clone, Copy, Debug)]
pub struct CurrentVersion;

impl Get<RuntimeVersion> for CurrentVersion {
    fn get() -> RuntimeVersion {
        RuntimeVersion {
            spec_version: VERSION.spec_version + current(),
            ..VERSION
        }
    }
}

/// What the present runtime says of itself, made of what it was built to say.
pub(crate) fn metadata(built: OpaqueMetadata) -> OpaqueMetadata {
    let upgrades = current();
    if upgrades == 0 {
        return built;
    }
    match RuntimeMetadataPrefixed::decode(&mut &built[..]) {
        Ok(RuntimeMetadataPrefixed(magic, mut metadata)) => {
            upgrade(&mut metadata, upgrades);
            OpaqueMetadata::new(RuntimeMetadataPrefixed(magic, metadata).encode())
        }
        // It was encoded a moment ago; without the change it is the older runtime's.
        Err(_) => built,
    }
}

fn upgrade(metadata: &mut RuntimeMetadata, upgrades: u32) {
    // The versions of metadata are different types, alike in what changes.
    macro_rules! upgrade {
        ($metadata:ident, $constant:expr) => {{
            let Some(mut types) = SubnetTypes::add(&mut $metadata.types) else {
                return;
            };
            for pallet in &mut $metadata.pallets {
                if !is_by_subnet(&pallet.name) {
                    continue;
                }
                for entry in pallet.storage.iter_mut().flat_map(|storage| &mut storage.entries) {
                    types.in_entry(&mut entry.ty);
                }
                let constant = types.constant(&pallet.name, upgrades);
                pallet.constants.extend(constant.map($constant));
            }
            types
        }};
    }
    macro_rules! upgrade_apis {
        ($metadata:ident, $types:ident) => {
            for input in $metadata
                .apis
                .iter_mut()
                .flat_map(|api| &mut api.methods)
                .flat_map(|method| &mut method.inputs)
            {
                $types.in_named(&input.name, &mut input.ty);
            }
        };
    }
    match metadata {
        RuntimeMetadata::V14(metadata) => {
            upgrade!(metadata, |constant| constant);
        }
        RuntimeMetadata::V15(metadata) => {
            let types = upgrade!(metadata, |constant| constant);
            upgrade_apis!(metadata, types);
        }
        RuntimeMetadata::V16(metadata) => {
            let types = upgrade!(metadata, |constant: PalletConstantMetadata<PortableForm>| {
                v16::PalletConstantMetadata {
                    name: constant.name,
                    ty: constant.ty,
                    value: constant.value,
                    docs: constant.docs,
                    deprecation_info: v16::ItemDeprecationInfo::NotDeprecated,
                }
            });
            upgrade_apis!(metadata, types);
        }
        _ => {}
    }
}

fn is_netuid(name: &str) -> bool {
    NETUID_NAMES.contains(&name)
}

fn is_by_subnet(pallet: &str) -> bool {
    PALLETS_BY_SUBNET.contains(&pallet)
}

type Id = <PortableForm as scale_info::form::Form>::Type;

/// The registry of types with one more for subnet numbers.
struct SubnetTypes<'a> {
    types: &'a mut PortableRegistry,
    plain: Id,
    netuid: Id,
    word: Option<Id>,
    /// Tuples of keys, by those with a plain number.
    tuples: HashMap<u32, Id>,
}

impl<'a> SubnetTypes<'a> {
    /// Adds the type, and has every field that holds a subnet number point to it.
    fn add(types: &'a mut PortableRegistry) -> Option<Self> {
        let primitive = |types: &PortableRegistry, wanted: &TypeDefPrimitive| {
            types.types.iter().find_map(|known| match &known.ty.type_def {
                TypeDef::Primitive(found) if found == wanted => Some(Id::from(known.id)),
                _ => None,
            })
        };
        let plain = primitive(types, &TypeDefPrimitive::U16)?;
        let word = primitive(types, &TypeDefPrimitive::U32);
        let path = Path {
            segments: vec!["subtensor_runtime_common".to_owned(), "NetUid".to_owned()],
        };
        let inside = Field {
            name: None,
            ty: plain,
            type_name: Some("u16".to_owned()),
            docs: Vec::new(),
        };
        let composite = TypeDefComposite { fields: vec![inside] };
        let mut added = Self {
            types,
            plain,
            netuid: plain,
            word,
            tuples: HashMap::new(),
        };
        added.netuid = added.push(path, TypeDef::Composite(composite));
        let netuid = added.netuid;
        for known in &mut added.types.types {
            let fields: Vec<&mut Field<PortableForm>> = match &mut known.ty.type_def {
                TypeDef::Composite(composite) => composite.fields.iter_mut().collect(),
                TypeDef::Variant(variants) => variants
                    .variants
                    .iter_mut()
                    .flat_map(|variant| &mut variant.fields)
                    .collect(),
                _ => continue,
            };
            for field in fields {
                if field.ty == plain && field.name.as_deref().is_some_and(is_netuid) {
                    field.ty = netuid;
                    field.type_name = Some("NetUid".to_owned());
                }
            }
        }
        Some(added)
    }

    /// A parameter of a runtime API.
    fn in_named(&self, name: &str, ty: &mut Id) {
        if *ty == self.plain && is_netuid(name) {
            *ty = self.netuid;
        }
    }

    /// The keys of a map.
    fn in_entry(&mut self, entry: &mut StorageEntryType<PortableForm>) {
        let StorageEntryType::Map { key, .. } = entry else {
            return;
        };
        if *key == self.plain {
            *key = self.netuid;
            return;
        }
        if let Some(tuple) = self.tuples.get(&key.id) {
            *key = *tuple;
            return;
        }
        let known = self.types.types.get(key.id as usize);
        let Some(TypeDef::Tuple(tuple)) = known.map(|known| &known.ty.type_def) else {
            return;
        };
        let mut fields = tuple.fields.clone();
        let Some(first) = fields.iter_mut().find(|field| **field == self.plain) else {
            return;
        };
        *first = self.netuid;
        let tuple = self.push(Path::default(), TypeDef::Tuple(TypeDefTuple { fields }));
        self.tuples.insert(key.id, tuple);
        *key = tuple;
    }

    /// The added constant, which one pallet has.
    fn constant(&self, pallet: &str, upgrades: u32) -> Option<PalletConstantMetadata<PortableForm>> {
        let ty = self.word.filter(|_| pallet == PALLETS_BY_SUBNET[0])?;
        Some(PalletConstantMetadata {
            name: ADDED_CONSTANT.to_owned(),
            ty,
            value: upgrades.encode(),
            docs: vec![" How many times the runtime of this chain was upgraded.".to_owned()],
        })
    }

    fn push(&mut self, path: Path<PortableForm>, type_def: TypeDef<PortableForm>) -> Id {
        // A runtime has some thousand types.
        let id = u32::try_from(self.types.types.len()).unwrap_or(u32::MAX);
        let ty = Type {
            path,
            type_params: Vec::new(),
            type_def,
            docs: Vec::new(),
        };
        self.types.types.push(PortableType::new(id, ty));
        Id::from(id)
    }
}
