//! What a subnet's emission becomes between a block and the wallets.

use assay_yuma::coinbase::{
    DEFAULT_OWNER_CUT, EarningHotkey, MAX_ISSUANCE, Payment, PendingEmission, block_emission, pay_epoch,
    root_proportion, split_block,
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

proptest! {
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
