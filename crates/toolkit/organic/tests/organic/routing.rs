//! Which miners a user is sent to.

use assay_axon::UnixNanos;
use assay_keys::AccountId;
use assay_organic::{
    Ending, FaultOutcome, MinerFault,
    routing::{Candidate, MinerHealth, RoutingRules, Selection, route},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{collections::HashSet, time::Duration};

fn hotkey(uid: u16) -> AccountId {
    AccountId([u8::try_from(uid).unwrap(); 32])
}

fn miner(uid: u16) -> Candidate {
    Candidate {
        uid,
        hotkey: hotkey(uid),
        coldkey: hotkey(uid / 2),
        ip: Some(format!("10.0.0.{}", uid / 3).parse().unwrap()),
        incentive: f64::from(uid % 5) / 10.0,
        has_validator_permit: false,
        stake: 0.0,
    }
}

#[test]
fn only_serving_miners_are_asked_and_each_owner_once_where_that_is_the_rule() {
    let mut all: Vec<Candidate> = (0..9).map(miner).collect();
    all[1].ip = None;
    (all[2].has_validator_permit, all[2].stake) = (true, 5_000.0);
    // A permit alone, or stake alone, makes no validator.
    all[3].has_validator_permit = true;
    all[4].stake = 5_000.0;
    let ask = |rules: RoutingRules, count, seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        route(&all, &rules, &hotkey(0), count, |key| *key == hotkey(8), &mut rng)
    };
    let mut everybody = ask(RoutingRules::default(), 100, 1);
    everybody.sort_unstable();
    assert_eq!(everybody, [3, 4, 5, 6, 7]);
    assert_eq!(ask(RoutingRules::default(), 2, 1).len(), 2);
    let orders: HashSet<_> = (0..20)
        .map(|seed| ask(RoutingRules::default(), 2, seed))
        .collect();
    assert!(orders.len() > 5);

    let top = RoutingRules {
        selection: Selection::TopIncentive,
        ..RoutingRules::default()
    };
    assert_eq!(ask(top, 3, 1), [4, 3, 7]);
    let owners = RoutingRules {
        unique_coldkeys: true,
        ..top
    };
    assert_eq!(ask(owners, 9, 1), [4, 3, 7]);
    let addresses = RoutingRules {
        unique_ips: true,
        ..top
    };
    assert_eq!(ask(addresses, 9, 1), [4, 7]);
}

#[test]
fn a_miner_that_does_not_answer_rests_longer_each_time_and_comes_back_when_it_does() {
    let health = MinerHealth::default();
    let failed = |outcome| Ending::from(MinerFault::new(outcome, &"x"));
    let at = |seconds| UnixNanos(0).plus(Duration::from_secs(seconds));
    let key = hotkey(1);
    health.note(key, &failed(FaultOutcome::BadAnswer), at(0));
    health.note(key, &failed(FaultOutcome::OwnFault), at(0));
    assert!(!health.rests(&key, at(0)));
    let mut rest = 60;
    for _ in 0..10 {
        health.note(key, &failed(FaultOutcome::NoAnswer), at(1_000));
        assert!(health.rests(&key, at(1_000 + rest - 1)) && !health.rests(&key, at(1_000 + rest)));
        rest = (rest * 2).min(3_600);
    }
    assert!(!health.rests(&hotkey(2), at(1_000)));
    health.note(key, &Ending::Completed, at(1_001));
    assert!(!health.rests(&key, at(1_001)));
    health.note(key, &failed(FaultOutcome::NoAnswer), at(0));
    health.keep(&HashSet::new());
    assert!(!health.rests(&key, at(1)));
}
