//! Small subnets whose every number is known from runs of the real chain.

use crate::subnet::{LIQUID, Subnet, bond};
use assay_yuma::{BondsRule, CommitReveal, Row};

#[test]
fn self_weights_earn_nothing_and_the_emission_follows_stake() {
    let mut subnet = Subnet::with_stakes(&[1_000; 10]);
    for uid in 0..10 {
        subnet.set_weights(uid, vec![(uid as u16, 65_535)]);
    }
    let output = subnet.epoch();
    assert_eq!(output.consensus, [0; 10]);
    assert_eq!(output.incentive, [0; 10]);
    assert_eq!(output.dividends, [0; 10]);
    assert_eq!(output.emission, [99_999_999; 10]);
}

#[test]
fn the_owner_may_weigh_itself_and_needs_no_stake() {
    let mut subnet = Subnet::with_stakes(&[1_000, 1_000, 0]);
    subnet.input.owner_uid = Some(0);
    subnet.input.hyperparameters.stake_threshold = 5_000;
    subnet.set_weights(0, vec![(0, 65_535)]);
    let output = subnet.epoch();
    // Only the owner is exempt from the threshold, so its stake is all there is.
    assert_eq!(output.stake_weight, [65_535, 0, 0]);
    assert_eq!(output.incentive, [65_535, 0, 0]);
    assert_eq!(output.validator_permit, [true, false, false]);
}

#[test]
fn sixty_four_equal_validators_share_alike() {
    let mut stakes = vec![1_000; 64];
    stakes.resize(512, 0);
    let mut subnet = Subnet::with_stakes(&stakes);
    for validator in 0..64 {
        subnet.set_weights(validator, (64..512).map(|server| (server, 1)).collect());
    }
    let output = subnet.epoch();
    for validator in 0..64 {
        assert_eq!(output.dividends[validator], 1_023);
        assert_eq!(output.emission[validator], 7_812_500);
        assert_eq!(bond(&output, validator, 64), 65_535);
        assert_eq!(bond(&output, validator, 1), 0);
    }
    for server in 64..512 {
        assert_eq!(output.incentive[server], 146);
        assert_eq!(output.consensus[server], 146);
        assert_eq!(output.emission[server], 1_116_071);
    }
}

#[test]
fn an_inactive_validator_loses_bonds_to_the_active_one() {
    let mut subnet = Subnet::with_stakes(&[1; 4]);
    let half: Row = vec![(2, 32_767), (3, 32_767)];
    subnet.set_weights(0, half.clone());
    subnet.set_weights(1, half.clone());
    let output = subnet.epoch();
    assert_eq!(output.dividends, [32_767, 32_767, 0, 0]);
    assert_eq!(output.emission, [250_000_000; 4]);
    assert_eq!(bond(&output, 1, 2), 65_535);

    subnet.input.block += subnet.input.hyperparameters.activity_cutoff_blocks + 1;
    subnet.set_weights(0, half.clone());
    let output = subnet.epoch();
    assert_eq!(output.active, [true, false, false, false]);
    assert_eq!(output.dividends[..2], [36_044, 29_490]);
    assert_eq!(output.emission[..2], [274_999_999, 224_999_999]);
    assert_eq!(bond(&output, 1, 2), 53_619);

    subnet.set_weights(1, half);
    let output = subnet.epoch();
    assert_eq!(output.dividends[..2], [35_716, 29_818]);
    assert_eq!(output.emission[..2], [272_501_132, 227_498_866]);
    assert_eq!(bond(&output, 1, 2), 54_712);
}

#[test]
fn bonds_decay_when_validators_leave_a_miner() {
    let mut subnet = Subnet::with_stakes(&[1, 2, 3, 4, 0, 0, 0, 0]);
    for validator in 0..4 {
        subnet.set_weights(
            validator,
            vec![(4, 16_383), (5, 32_767), (6, 49_149), (7, 65_535)],
        );
    }
    let (_, bonds) = subnet.epoch_bonds(4);
    assert_eq!(bonds[..4], [16_383, 32_767, 49_151, 65_535]);

    subnet.set_weights(0, vec![(0, 65_535)]);
    let (output, bonds) = subnet.epoch_bonds(4);
    assert_eq!(bonds[..4], [14_582, 32_767, 49_151, 65_535]);
    assert_eq!(
        output.emission,
        [
            44_998_351,
            101_110_561,
            151_667_215,
            202_223_870,
            49_998_779,
            100_000_610,
            149_996_337,
            200_004_272
        ]
    );

    subnet.set_weights(1, vec![(1, 65_535)]);
    let (_, bonds) = subnet.epoch_bonds(4);
    assert_eq!(bonds[..4], [12_603, 28_321, 49_151, 65_535]);

    subnet.set_weights(2, vec![(2, 65_535)]);
    let (output, bonds) = subnet.epoch_bonds(7);
    assert_eq!(output.incentive, [0; 8]);
    assert_eq!(
        output.emission[..4],
        [99_999_999, 199_999_999, 299_999_999, 399_999_999]
    );
    assert_eq!(bonds[..4], [12_602, 28_320, 49_150, 65_535]);

    subnet.set_weights(2, vec![(7, 65_535)]);
    let (_, bonds) = subnet.epoch_bonds(7);
    assert_eq!(bonds[..4], [10_951, 24_609, 49_150, 65_535]);
    let (_, bonds) = subnet.epoch_bonds(7);
    assert_eq!(bonds[..2], [9_559, 21_482]);
    let (_, bonds) = subnet.epoch_bonds(7);
    assert_eq!(bonds[..2], [8_376, 18_824]);
}

#[test]
fn weights_do_not_pass_to_whoever_replaces_a_miner() {
    let mut subnet = Subnet::with_stakes(&[1; 4]);
    let two_to_one: Row = vec![(2, 43_690), (3, 21_845)];
    subnet.set_weights(0, two_to_one.clone());
    subnet.set_weights(1, two_to_one.clone());
    subnet.epoch();

    subnet.input.neurons[3].block_at_registration = subnet.input.block;
    subnet.input.block += 1;
    subnet.set_weights(0, two_to_one);
    let output = subnet.epoch();
    assert_eq!(output.dividends[..2], [32_767, 32_767]);
    assert_eq!(output.emission[..2], [250_000_000, 250_000_000]);
    assert_eq!(output.incentive, [0, 0, 65_535, 0]);
    assert_eq!((bond(&output, 0, 2), bond(&output, 0, 3)), (65_535, 65_535));
}

#[test]
fn bonds_towards_a_miner_registered_since_the_last_epoch_are_gone() {
    let mut subnet = Subnet::with_stakes(&[1, 1, 0, 0]);
    let half: Row = vec![(2, 32_767), (3, 32_767)];
    subnet.set_weights(0, half.clone());
    subnet.set_weights(1, half);
    subnet.epoch();

    subnet.input.last_mechanism_step_block = 10;
    subnet.input.neurons[3].block_at_registration = 11;
    subnet.input.block = 12;
    let output = subnet.epoch();
    assert_eq!((bond(&output, 0, 2), bond(&output, 0, 3)), (65_535, 0));
}

#[test]
fn a_stale_commit_hides_newer_miners_until_it_expires() {
    let mut subnet = Subnet::with_stakes(&[1, 0, 0]);
    subnet.set_weights(0, vec![(1, 32_768), (2, 32_767)]);
    subnet.input.neurons[2].block_at_registration = 6;
    subnet.input.neurons[0].earliest_commit = Some(5);
    assert_eq!(
        subnet.epoch().incentive,
        [0, 32_767, 32_766],
        "commit-reveal is off"
    );
    subnet.input.hyperparameters.commit_reveal = CommitReveal::Enabled;
    assert_eq!(subnet.epoch().incentive, [0, 65_535, 0]);
    subnet.input.neurons[0].earliest_commit = Some(6);
    assert_eq!(subnet.epoch().incentive, [0, 32_767, 32_766]);
    subnet.input.neurons[0].earliest_commit = None;
    assert_eq!(subnet.epoch().incentive, [0, 32_767, 32_766]);
}

#[test]
fn what_the_chain_would_not_store_does_no_harm() {
    let mut subnet = Subnet::with_stakes(&[1, 1, 0]);
    // A miner that does not exist, and one named twice: the first entry counts.
    subnet.set_weights(0, vec![(2, 100), (9, 65_535), (2, 7), (1, 100)]);
    subnet.set_weights(1, vec![(2, 100), (0, 100)]);
    subnet.input.neurons[0].bonds = vec![(9, 65_535), (2, 10)];
    subnet.input.owner_uid = Some(77);
    for rule in [BondsRule::Yuma2, BondsRule::Yuma3, LIQUID] {
        subnet.input.hyperparameters.bonds_rule = rule;
        let output = subnet.epoch();
        assert_eq!(output.incentive, [16_383, 16_383, 32_767]);
    }
    let empty = assay_yuma::epoch(&Subnet::with_stakes(&[]).input);
    assert_eq!(empty, assay_yuma::EpochOutput::default());
}
