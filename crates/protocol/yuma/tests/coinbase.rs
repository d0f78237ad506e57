//! What a subnet's emission becomes between a block and the wallets.

use assay_yuma::coinbase::{
    Child, DEFAULT_OWNER_CUT, EarningHotkey, FamilyShares, MAX_ISSUANCE, Parent, Payment, PendingEmission,
    block_emission, divide_among_family, pay_epoch, root_proportion, split_block,
};
use proptest::prelude::*;

#[test]
fn the_emission_halves_when_half_of_the_rest_is_issued() {
    assert_eq!(block_emission(MAX_ISSUANCE / 2 - 10_000_000), 1_000_000_000);
    assert_eq!(block_emission(MAX_ISSUANCE / 2), 500_000_000);
    assert_eq!(block_emission(MAX_ISSUANCE / 4 * 3), 250_000_000);
    assert_eq!(block_emission(MAX_ISSUANCE / 8 * 7), 125_000_000);
    assert_eq!(block_emission(MAX_ISSUANCE), 0);
    assert_eq!(block_emission(u64::MAX), 0);
}

#[test]
fn an_epoch_of_blocks_gathers_what_each_block_rounds_down() {
    let mut pending = PendingEmission::default();
    let mut owner = 0;
    for _ in 0..360 {
        let split = split_block(1_000_000_000, DEFAULT_OWNER_CUT, 0);
        owner += split.owner;
        pending.server += split.server;
        pending.validator += split.validator;
        pending.root += split.root;
    }
    assert_eq!(owner, 360 * 179_995_422);
    assert_eq!(pending.server, 360 * 410_002_288);
    assert_eq!(pending.validator, 360 * 410_002_288);
    assert_eq!(pending.total(), 720 * 410_002_288);
}

#[test]
fn root_earns_out_of_the_validators_half() {
    let half_root = root_proportion(1_000, u64::MAX, 1_000);
    let split = split_block(1_000_000_000, 0, half_root);
    assert_eq!(
        (split.owner, split.server, split.validator, split.root),
        (0, 500_000_000, 250_000_000, 250_000_000)
    );
}

#[test]
fn dividends_are_shared_by_emission_and_the_delegate_takes_its_part() {
    let pending = PendingEmission {
        server: 500_000,
        validator: 400_000,
        root: 100_000,
    };
    let validator = EarningHotkey {
        validator_emission: 250_000,
        alpha_stake: 1_000,
        root_stake: 1_000,
        take: 11_796,
        ..EarningHotkey::default()
    };
    let without_root = EarningHotkey {
        root_stake: 0,
        take: 0,
        ..validator
    };
    let miner = EarningHotkey {
        server_emission: 500_000,
        ..EarningHotkey::default()
    };
    let paid = pay_epoch(pending, u64::MAX, &[validator, without_root, miner]);
    // Half of the first one's share is root's, so it has a third of the alpha shares and all of the root ones.
    assert_eq!(paid[0].alpha_take + paid[0].alpha_dividends, 133_332);
    assert_eq!(paid[0].root_take + paid[0].root_dividends, 99_999);
    assert_eq!((paid[0].alpha_take, paid[0].root_take), (23_999, 17_999));
    assert_eq!(paid[1].alpha_dividends, 266_666);
    assert_eq!(
        (paid[1].alpha_take, paid[1].root_take, paid[1].root_dividends),
        (0, 0, 0)
    );
    assert_eq!(
        paid[2],
        Payment {
            incentive: 500_000,
            ..Payment::default()
        }
    );
}

#[test]
fn without_miners_the_validators_have_their_pot() {
    let pending = PendingEmission {
        server: 600,
        validator: 400,
        root: 0,
    };
    let validator = EarningHotkey {
        validator_emission: 1,
        alpha_stake: 5,
        ..EarningHotkey::default()
    };
    let paid = pay_epoch(pending, 0, &[validator]);
    assert_eq!(
        paid,
        [Payment {
            alpha_dividends: 1_000,
            ..Payment::default()
        }]
    );
}

#[test]
fn a_child_shares_its_dividends_with_its_parents_by_their_stake() {
    // Contributions: the child 1000, the first parent half of 4000, the second a quarter of 2000 alpha and of 6000
    // root at full weight, together 2000. So a fifth, two fifths, two fifths of 1000000.
    let child = Child {
        validator_emission: 1_000_000,
        alpha_stake: 1_000,
        ..Child::default()
    };
    let half = Parent {
        proportion: u64::MAX / 2 + 1,
        alpha_stake: 4_000,
        ..Parent::default()
    };
    let quarter = Parent {
        proportion: u64::MAX / 4 + 1,
        alpha_stake: 2_000,
        root_stake: 6_000,
        same_owner: true,
    };
    let shares = |child, burn| divide_among_family(child, &[half, quarter], u64::MAX, burn);
    assert_eq!(
        shares(child, 0),
        FamilyShares {
            child: 200_000,
            parents: vec![399_999, 399_999],
            burned: 0
        }
    );
    // A take of a fifth of 65535: the child keeps 80000 of each part. What it keeps is not burned.
    let with_take = Child {
        take: 13_107,
        ..child
    };
    let taken = shares(with_take, 0);
    assert_eq!(
        taken,
        FamilyShares {
            child: 360_000,
            parents: vec![319_999, 319_999],
            burned: 0
        }
    );
    // Half of what is left of a stranger's part is burned, nothing of one's own.
    let burned = shares(with_take, u64::MAX / 2 + 1);
    assert_eq!(
        burned,
        FamilyShares {
            child: 360_000,
            parents: vec![159_999, 319_999],
            burned: 159_999
        }
    );
    // A child that gives all its own stake away earns only its take.
    let generous = Child {
        given: u64::MAX,
        ..with_take
    };
    assert_eq!(shares(generous, 0).child, 199_999);
    // Without any stake the child keeps what it earned.
    let poor = Parent {
        alpha_stake: 0,
        ..half
    };
    let alone = divide_among_family(
        Child {
            alpha_stake: 0,
            ..child
        },
        &[poor],
        0,
        0,
    );
    assert_eq!(
        alone,
        FamilyShares {
            child: 1_000_000,
            parents: vec![0],
            burned: 0
        }
    );
}

proptest! {
    #[test]
    fn a_family_never_shares_more_than_was_earned(
        earned in any::<(u64, u64, u64, u64, u16)>(),
        parents in proptest::collection::vec(any::<(u64, u64, u64, bool)>(), 0..6),
        weight in any::<u64>(),
        burn in any::<u64>(),
    ) {
        let (validator_emission, alpha_stake, root_stake, given, take) = earned;
        let child = Child { validator_emission, alpha_stake, root_stake, given, take };
        let parents: Vec<Parent> = parents
            .into_iter()
            .map(|(proportion, alpha_stake, root_stake, same_owner)| Parent { proportion, alpha_stake, root_stake, same_owner })
            .collect();
        let shares = divide_among_family(child, &parents, weight, burn);
        let sum: u128 = shares.parents.iter().chain([&shares.child, &shares.burned]).map(|part| u128::from(*part)).sum();
        prop_assert!(sum <= u128::from(validator_emission));
    }

    #[test]
    fn nothing_is_paid_twice(
        alpha_out in any::<u64>(),
        cut in any::<u16>(),
        root in any::<u32>(),
        pots in any::<[u64; 3]>(),
        weight in any::<u64>(),
        hotkeys in proptest::collection::vec(any::<(u64, u64, u64, u16)>(), 0..8),
    ) {
        let split = split_block(alpha_out, cut, root);
        let parts = [split.owner, split.server, split.validator, split.root];
        prop_assert!(parts.iter().map(|part| u128::from(*part)).sum::<u128>() <= u128::from(alpha_out));

        let pending = PendingEmission { server: pots[0] / 4, validator: pots[1] / 4, root: pots[2] / 4 };
        let hotkeys: Vec<EarningHotkey> = hotkeys
            .into_iter()
            .map(|(validator_emission, alpha_stake, root_stake, take)| EarningHotkey {
                server_emission: 0, validator_emission, alpha_stake, root_stake, take,
            })
            .collect();
        let paid: u128 = pay_epoch(pending, weight, &hotkeys)
            .iter()
            .flat_map(|p| [p.incentive, p.alpha_take, p.alpha_dividends, p.root_take, p.root_dividends])
            .map(u128::from)
            .sum();
        prop_assert!(paid <= u128::from(pending.total()));
    }
}
