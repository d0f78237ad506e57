//! Whom a validator asks: the cases of the original validators, and those of small and crowded subnets.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod plain;

use assay_chain::{AccountId, Alpha, Block, Metagraph, PublishedAxon};
use assay_neuron::{NobodyToAsk, Preference, Repeats, SelectionRules, Shortfall, select};
use plain::{hotkey, metagraph};
use rand::{SeedableRng, rngs::StdRng};
use std::collections::{BTreeMap, BTreeSet};

const OWN: u8 = 99;

/// A subnet of neurons 0 and up that all serve, each at an address and with a coldkey of its own.
fn serving(count: u8) -> Metagraph {
    let hotkeys: Vec<AccountId> = (0..count).map(hotkey).collect();
    let mut metagraph = metagraph(100, &hotkeys);
    for (place, neuron) in metagraph.neurons.iter_mut().enumerate() {
        neuron.coldkey = hotkey(100 + place as u8);
        serve(neuron, &format!("10.0.0.{}:8091", place + 1));
    }
    metagraph
}

fn serve(neuron: &mut assay_chain::Neuron, address: &str) {
    neuron.axon = Some(PublishedAxon {
        address: address.parse().unwrap(),
        version: 1,
        protocol: 4,
        block: Block(1),
    });
}

fn chosen_of(
    metagraph: &Metagraph,
    excluded: &[u8],
    count: usize,
    rules: &SelectionRules,
    seed: u64,
) -> Result<Vec<u16>, NobodyToAsk> {
    let excluded: BTreeSet<_> = excluded.iter().copied().map(hotkey).collect();
    let mut rng = StdRng::seed_from_u64(seed);
    let chosen = select(metagraph, &hotkey(OWN), &excluded, count, rules, &mut rng)?;
    for one in &chosen {
        assert_eq!(one.target.hotkey, metagraph.neuron(one.uid).unwrap().hotkey);
    }
    Ok(chosen.iter().map(|one| one.uid.0).collect())
}

fn sorted(mut uids: Vec<u16>) -> Vec<u16> {
    uids.sort_unstable();
    uids
}

#[test]
fn a_neuron_is_available_as_the_original_says() {
    // Address, permit, stake, limit, available.
    let cases: &[(Option<&str>, bool, u64, u64, bool)] = &[
        (None, false, 0, 0, false),
        (Some("0.0.0.0:8091"), false, 0, 0, false),
        (Some("10.0.0.1:8091"), false, 0, 0, true),
        (Some("10.0.0.1:8091"), true, 1, 2, true),
        (Some("10.0.0.1:8091"), true, 2, 1, false),
        // Strictly more than the limit, and only with a permit.
        (Some("10.0.0.1:8091"), true, 2, 2, true),
        (Some("10.0.0.1:8091"), false, 3, 2, true),
    ];
    for &(address, validator_permit, stake, limit, available) in cases {
        let mut subnet = serving(1);
        let neuron = &mut subnet.neurons[0];
        match address {
            Some(address) => serve(neuron, address),
            None => neuron.axon = None,
        }
        (neuron.validator_permit, neuron.total_stake) = (validator_permit, Alpha::from_alpha(stake));
        let rules = SelectionRules {
            permit_limit: Alpha::from_alpha(limit),
            ..SelectionRules::default()
        };
        let chosen = chosen_of(&subnet, &[], 1, &rules, 1);
        assert_eq!(
            chosen.is_ok(),
            available,
            "{address:?} {validator_permit} {stake} {limit}"
        );
    }
    assert_eq!(SelectionRules::default().permit_limit, Alpha::from_alpha(4096));
}

#[test]
fn our_own_hotkey_and_the_excluded_are_never_asked_and_fewer_are_asked_when_there_are_fewer() {
    let mut subnet = serving(6);
    subnet.neurons[2].hotkey = hotkey(OWN);
    let rules = SelectionRules::default();
    for seed in 0..50 {
        let chosen = chosen_of(&subnet, &[4], 3, &rules, seed).unwrap();
        assert_eq!(chosen.len(), 3);
        assert!(!chosen.contains(&2) && !chosen.contains(&4), "{chosen:?}");
    }
    assert_eq!(
        sorted(chosen_of(&subnet, &[4], 100, &rules, 1).unwrap()),
        [0, 1, 3, 5]
    );
    assert_eq!(chosen_of(&subnet, &[0, 1, 3, 4, 5], 0, &rules, 1), Ok(Vec::new()));
}

#[test]
fn a_random_choice_is_of_all_alike_without_repetition_and_of_the_seed() {
    let subnet = serving(10);
    let rules = SelectionRules::default();
    let mut often: BTreeMap<u16, u32> = BTreeMap::new();
    for seed in 0..2_000 {
        let chosen = chosen_of(&subnet, &[], 4, &rules, seed).unwrap();
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 4, "{chosen:?}");
        assert_eq!(chosen, chosen_of(&subnet, &[], 4, &rules, seed).unwrap());
        for uid in chosen {
            *often.entry(uid).or_default() += 1;
        }
    }
    // 800 of each are expected; the seeds are fixed, so is the result.
    assert_eq!(often.len(), 10);
    assert!(
        often.values().all(|count| (700..900).contains(count)),
        "{often:?}"
    );
}

#[test]
fn excluded_ones_fill_the_gap_where_that_is_wanted() {
    let subnet = serving(10);
    let rules = SelectionRules {
        shortfall: Shortfall::Excluded,
        ..SelectionRules::default()
    };
    for seed in 0..50 {
        let chosen = chosen_of(&subnet, &[3, 7], 9, &rules, seed).unwrap();
        assert_eq!(chosen.iter().collect::<BTreeSet<_>>().len(), 9);
        let again = chosen.iter().filter(|uid| [3, 7].contains(*uid)).count();
        assert_eq!(again, 1, "exactly as many as are missing: {chosen:?}");
    }
    // With enough others none of them is asked again, and with too few all are.
    assert!(!chosen_of(&subnet, &[3, 7], 8, &rules, 1).unwrap().contains(&3));
    assert_eq!(chosen_of(&subnet, &[3, 7], 11, &rules, 1).unwrap().len(), 10);
    let all: Vec<u8> = (0..10).collect();
    assert_eq!(chosen_of(&subnet, &all, 2, &rules, 1).unwrap().len(), 2);
}

#[test]
fn one_owner_or_one_machine_with_many_slots_is_asked_once_where_that_is_wanted() {
    let mut subnet = serving(6);
    // Uids 1, 2 and 4 are of one owner; 0 and 3 are on one machine, the one as IPv4 and the other as IPv6 writes it.
    for uid in [1, 2, 4] {
        subnet.neurons[uid].coldkey = hotkey(150);
    }
    serve(&mut subnet.neurons[3], "[::ffff:10.0.0.1]:9000");
    let rules = |coldkeys, addresses| SelectionRules {
        coldkeys,
        addresses,
        ..SelectionRules::default()
    };
    let (allowed, once) = (Repeats::Allowed, Repeats::LowestUid);
    let all =
        |coldkeys, addresses| sorted(chosen_of(&subnet, &[], 9, &rules(coldkeys, addresses), 1).unwrap());
    assert_eq!(all(allowed, allowed), [0, 1, 2, 3, 4, 5]);
    assert_eq!(all(once, allowed), [0, 1, 3, 5]);
    assert_eq!(all(allowed, once), [0, 1, 2, 4, 5]);
    assert_eq!(all(once, once), [0, 1, 5]);
    // One that does not serve does not stand in for its owner's next one.
    subnet.neurons[1].axon = None;
    let chosen = chosen_of(&subnet, &[], 9, &rules(once, allowed), 1).unwrap();
    assert_eq!(sorted(chosen), [0, 2, 3, 5]);
}

#[test]
fn the_highest_incentives_come_first_and_of_equals_the_lower_uid() {
    let mut subnet = serving(6);
    for (uid, incentive) in [(0, 5), (1, 900), (2, 40), (3, 900), (4, 0), (5, 41)] {
        subnet.neurons[uid].incentive = incentive;
    }
    let rules = SelectionRules {
        preference: Preference::TopIncentive,
        ..SelectionRules::default()
    };
    assert_eq!(chosen_of(&subnet, &[], 4, &rules, 1), Ok(vec![1, 3, 5, 2]));
    assert_eq!(chosen_of(&subnet, &[1], 2, &rules, 1), Ok(vec![3, 5]));
    assert_eq!(chosen_of(&subnet, &[], 9, &rules, 1), Ok(vec![1, 3, 5, 2, 0, 4]));
}

#[test]
fn when_nobody_can_be_asked_the_error_says_what_kept_each_from_it() {
    let mut subnet = serving(6);
    subnet.neurons[0].hotkey = hotkey(OWN);
    subnet.neurons[1].axon = None;
    subnet.neurons[2].validator_permit = true;
    subnet.neurons[2].total_stake = Alpha::from_alpha(5_000);
    subnet.neurons[4].coldkey = subnet.neurons[3].coldkey;
    let rules = SelectionRules {
        coldkeys: Repeats::LowestUid,
        ..SelectionRules::default()
    };
    let error = chosen_of(&subnet, &[3, 5], 2, &rules, 1).unwrap_err();
    let expected = NobodyToAsk {
        neurons: 5,
        not_serving: 1,
        validators: 1,
        repeated: 1,
        excluded: 2,
    };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("1 are validators"), "{error}");
}
