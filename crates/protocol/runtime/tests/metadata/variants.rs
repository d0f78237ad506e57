//! Errors, events and calls: indices, names and fields.

use crate::{
    metadata, original,
    types::{plain, written},
};
use frame_metadata::v14::RuntimeMetadataV14;
use scale_info::{TypeDef, form::PortableForm};
use serde_json::Value;
use std::collections::BTreeMap;

/// The variants of an enum: index, name, fields as (name, type).
type Variants = Vec<(u8, String, Vec<(String, String)>)>;

fn variants(metadata: &RuntimeMetadataV14, ty: u32) -> Variants {
    let TypeDef::Variant(definition) = &metadata.types.resolve(ty).unwrap().type_def else {
        panic!("{ty}")
    };
    let field = |field: &scale_info::Field<PortableForm>| {
        let name = field.name.clone().unwrap_or_default();
        (name, plain(&written(&metadata.types, field.ty.id)))
    };
    definition
        .variants
        .iter()
        .map(|variant| {
            (
                variant.index,
                variant.name.clone(),
                variant.fields.iter().map(field).collect(),
            )
        })
        .collect()
}

fn original_variants(pallet: &str, kind: &str) -> Variants {
    let fields = |entry: &Value| {
        entry["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let ty = field["type"].as_str().unwrap();
                (field["name"].as_str().unwrap().to_owned(), plain(ty))
            })
            .collect()
    };
    let read = |entry: &Value| {
        let index = u8::try_from(entry["index"].as_u64().unwrap()).unwrap();
        (index, entry["name"].as_str().unwrap().to_owned(), fields(entry))
    };
    original(pallet)[kind]
        .as_array()
        .unwrap()
        .iter()
        .map(read)
        .collect()
}

#[test]
fn errors_and_events_have_the_originals_order_and_fields() {
    let metadata = metadata();
    for name in ["SubtensorModule", "Drand", "Swap"] {
        let pallet = metadata
            .pallets
            .iter()
            .find(|pallet| pallet.name == name)
            .unwrap();
        let ours = variants(&metadata, pallet.error.as_ref().unwrap().ty.id);
        let theirs = original_variants(name, "errors");
        assert_eq!(ours, theirs, "errors of {name}");
    }
    for name in ["SubtensorModule", "Drand"] {
        let pallet = metadata
            .pallets
            .iter()
            .find(|pallet| pallet.name == name)
            .unwrap();
        let ours = variants(&metadata, pallet.event.as_ref().unwrap().ty.id);
        let mut theirs = original_variants(name, "events");
        for (_, _, fields) in &mut theirs {
            for (_, ty) in fields {
                // The vectors name a result by its arguments.
                *ty = ty.replace("Result<(),DispatchError>", "Result");
            }
        }
        assert_eq!(ours, theirs, "events of {name}");
    }
}

/// The calls of what this chain does not simulate: leases and locks.
const NOT_SIMULATED: [u8; 6] = [110, 111, 136, 137, 138, 142];

/// Calls of later runtimes, which clients of today send; beyond the original's indices.
const LATER_CALLS: [&str; 3] = ["pow_register", "move_stake_limit", "transfer_stake_and_hotkey"];

#[test]
fn calls_have_the_originals_indices_and_arguments() {
    let metadata = metadata();
    let pallet = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == "SubtensorModule")
        .unwrap();
    let theirs: BTreeMap<u8, _> = original_variants("SubtensorModule", "calls")
        .into_iter()
        .map(|(index, name, fields)| (index, (name, fields)))
        .collect();
    let ours = variants(&metadata, pallet.calls.as_ref().unwrap().ty.id);
    let missing: Vec<u8> = theirs
        .keys()
        .copied()
        .filter(|index| !ours.iter().any(|(our, _, _)| our == index))
        .collect();
    assert_eq!(missing, NOT_SIMULATED, "calls we do not have");
    for (index, name, fields) in ours {
        if LATER_CALLS.contains(&name.as_str()) {
            continue;
        }
        let (their_name, their_fields) = theirs
            .get(&index)
            .unwrap_or_else(|| panic!("{name} has no original"));
        assert_eq!(&name, their_name);
        let names =
            |fields: &[(String, String)]| fields.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&fields), names(their_fields), "arguments of {name}");
        // The vectors name a struct without its fields.
        let short = |fields: &[(String, String)]| -> Vec<String> {
            let cut = |ty: &str| match (ty.split_once('{'), ty.rsplit_once('}')) {
                (Some((name, _)), Some((_, rest))) => format!("{name}{rest}"),
                _ => ty.to_owned(),
            };
            fields.iter().map(|(_, ty)| cut(ty)).collect()
        };
        assert_eq!(short(&fields), short(their_fields), "types of {name}");
    }
}

#[test]
fn pulses_are_written_by_the_originals_calls() {
    let metadata = metadata();
    let drand = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == "Drand")
        .unwrap();
    // The types differ by their names alone: the vectors' runtime calls its signature type so.
    let named = |calls: Variants| -> Vec<(u8, String, Vec<String>)> {
        calls
            .into_iter()
            .map(|(index, name, fields)| (index, name, fields.into_iter().map(|(name, _)| name).collect()))
            .collect()
    };
    let ours = named(variants(&metadata, drand.calls.as_ref().unwrap().ty.id));
    assert_eq!(ours, named(original_variants("Drand", "calls")));
}

#[test]
fn every_error_says_what_it_means() {
    let metadata = metadata();
    for pallet in &metadata.pallets {
        let Some(error) = &pallet.error else { continue };
        let TypeDef::Variant(definition) = &metadata.types.resolve(error.ty.id).unwrap().type_def else {
            continue;
        };
        for variant in &definition.variants {
            assert!(
                !variant.docs.is_empty(),
                "{}.{} has no documentation",
                pallet.name,
                variant.name
            );
        }
    }
}

#[test]
fn setters_have_the_originals_indices_and_arguments() {
    let metadata = metadata();
    let pallet = metadata
        .pallets
        .iter()
        .find(|pallet| pallet.name == "AdminUtils")
        .unwrap();
    let ours: Vec<(u8, String, String)> = variants(&metadata, pallet.calls.as_ref().unwrap().ty.id)
        .into_iter()
        .map(|(index, name, fields)| {
            let names: Vec<String> = fields.into_iter().map(|(name, _)| name).collect();
            (index, name, names.join(" "))
        })
        .collect();
    // The original pallet is not in the vectors; these are its published indices.
    let theirs = [
        (1, "sudo_set_default_take", "default_take"),
        (2, "sudo_set_tx_rate_limit", "tx_rate_limit"),
        (3, "sudo_set_serving_rate_limit", "netuid serving_rate_limit"),
        (4, "sudo_set_min_difficulty", "netuid min_difficulty"),
        (5, "sudo_set_max_difficulty", "netuid max_difficulty"),
        (6, "sudo_set_weights_version_key", "netuid weights_version_key"),
        (
            7,
            "sudo_set_weights_set_rate_limit",
            "netuid weights_set_rate_limit",
        ),
        (8, "sudo_set_adjustment_interval", "netuid adjustment_interval"),
        (9, "sudo_set_adjustment_alpha", "netuid adjustment_alpha"),
        (13, "sudo_set_immunity_period", "netuid immunity_period"),
        (14, "sudo_set_min_allowed_weights", "netuid min_allowed_weights"),
        (15, "sudo_set_max_allowed_uids", "netuid max_allowed_uids"),
        (16, "sudo_set_kappa", "netuid kappa"),
        (17, "sudo_set_rho", "netuid rho"),
        (18, "sudo_set_activity_cutoff", "netuid activity_cutoff"),
        (
            19,
            "sudo_set_network_registration_allowed",
            "netuid registration_allowed",
        ),
        (
            20,
            "sudo_set_network_pow_registration_allowed",
            "netuid registration_allowed",
        ),
        (
            21,
            "sudo_set_target_registrations_per_interval",
            "netuid target_registrations_per_interval",
        ),
        (22, "sudo_set_min_burn", "netuid min_burn"),
        (23, "sudo_set_max_burn", "netuid max_burn"),
        (24, "sudo_set_difficulty", "netuid difficulty"),
        (
            25,
            "sudo_set_max_allowed_validators",
            "netuid max_allowed_validators",
        ),
        (26, "sudo_set_bonds_moving_average", "netuid bonds_moving_average"),
        (
            27,
            "sudo_set_max_registrations_per_block",
            "netuid max_registrations_per_block",
        ),
        (28, "sudo_set_subnet_owner_cut", "subnet_owner_cut"),
        (29, "sudo_set_network_rate_limit", "rate_limit"),
        (30, "sudo_set_tempo", "netuid tempo"),
        (33, "sudo_set_total_issuance", "total_issuance"),
        (35, "sudo_set_network_immunity_period", "immunity_period"),
        (36, "sudo_set_network_min_lock_cost", "lock_cost"),
        (37, "sudo_set_subnet_limit", "max_subnets"),
        (38, "sudo_set_lock_reduction_interval", "interval"),
        (39, "sudo_set_rao_recycled", "netuid rao_recycled"),
        (42, "sudo_set_stake_threshold", "min_stake"),
        (43, "sudo_set_nominator_min_required_stake", "min_stake"),
        (45, "sudo_set_tx_delegate_take_rate_limit", "tx_rate_limit"),
        (46, "sudo_set_min_delegate_take", "take"),
        (49, "sudo_set_commit_reveal_weights_enabled", "netuid enabled"),
        (50, "sudo_set_liquid_alpha_enabled", "netuid enabled"),
        (51, "sudo_set_alpha_values", "netuid alpha_low alpha_high"),
        (55, "sudo_set_dissolve_network_schedule_duration", "duration"),
        (57, "sudo_set_commit_reveal_weights_interval", "netuid interval"),
        (60, "sudo_set_bonds_penalty", "netuid bonds_penalty"),
        (61, "sudo_set_toggle_transfer", "netuid toggle"),
        (63, "sudo_set_subnet_moving_alpha", "alpha"),
        (64, "sudo_set_subnet_owner_hotkey", "netuid hotkey"),
        (65, "sudo_set_ema_price_halving_period", "netuid ema_halving"),
        (66, "sudo_set_subtoken_enabled", "netuid subtoken_enabled"),
        (67, "sudo_set_sn_owner_hotkey", "netuid hotkey"),
        (68, "sudo_set_alpha_sigmoid_steepness", "netuid steepness"),
        (69, "sudo_set_yuma3_enabled", "netuid enabled"),
        (70, "sudo_set_bonds_reset_enabled", "netuid enabled"),
        (71, "sudo_set_commit_reveal_version", "version"),
        (72, "sudo_set_owner_immune_neuron_limit", "netuid immune_neurons"),
        (73, "sudo_set_ck_burn", "burn"),
        (74, "sudo_set_admin_freeze_window", "window"),
        (75, "sudo_set_owner_hparam_rate_limit", "epochs"),
        (76, "sudo_set_mechanism_count", "netuid mechanism_count"),
        (77, "sudo_set_mechanism_emission_split", "netuid maybe_split"),
        (78, "sudo_trim_to_max_allowed_uids", "netuid max_n"),
        (79, "sudo_set_min_allowed_uids", "netuid min_allowed_uids"),
        (80, "sudo_set_recycle_or_burn", "netuid recycle_or_burn"),
        (81, "sudo_set_tao_flow_cutoff", "flow_cutoff"),
        (82, "sudo_set_tao_flow_normalization_exponent", "exponent"),
        (83, "sudo_set_tao_flow_smoothing_factor", "smoothing_factor"),
        (84, "sudo_set_min_non_immune_uids", "netuid min"),
        (85, "sudo_set_start_call_delay", "delay"),
        (86, "sudo_set_coldkey_swap_announcement_delay", "duration"),
        (87, "sudo_set_coldkey_swap_reannouncement_delay", "duration"),
        (88, "sudo_set_max_mechanism_count", "max_mechanism_count"),
        (89, "sudo_set_burn_half_life", "netuid burn_half_life"),
        (90, "sudo_set_burn_increase_mult", "netuid burn_increase_mult"),
        (91, "sudo_set_net_tao_flow_enabled", "enabled"),
        (92, "sudo_set_owner_cut_enabled", "netuid enabled"),
        (93, "sudo_set_min_childkey_take_per_subnet", "netuid take"),
        (94, "sudo_set_subnet_emission_enabled", "netuid enabled"),
        (95, "sudo_set_owner_cut_auto_lock_enabled", "netuid enabled"),
        (96, "sudo_set_max_epochs_per_block", "max_epochs_per_block"),
        // Later runtimes', whose indices are not known.
        (110, "sudo_set_epoch_consensus", "netuid mode"),
        (111, "sudo_set_collateral_lock_share", "netuid lock_share"),
        (112, "sudo_set_collateral_drain_ratio", "netuid drain_ratio"),
    ];
    assert_eq!(ours.len(), theirs.len());
    for (index, name, arguments) in theirs {
        let expected = (index, name.to_owned(), arguments.to_owned());
        assert!(ours.contains(&expected), "{expected:?} is missing");
    }
}
