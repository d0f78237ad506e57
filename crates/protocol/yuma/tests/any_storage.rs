//! Whatever a storage holds, an epoch ends, and gives out no more than there is.

use assay_yuma::{BondsRule, CommitReveal, EpochInput, Hyperparameters, LiquidAlpha, Neuron, Row, epoch};
use proptest::prelude::*;

fn row() -> impl Strategy<Value = Row> {
    proptest::collection::vec((0..12_u16, any::<u16>()), 0..12)
}

/// Numbers at both ends of their range, and such as a chain has.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(u64::MAX),
        0..2_000_u64,
        any::<u64>(),
        0..21_000_000_000_000_000_u64
    ]
}

/// Up to fourteen times what can ever be issued. Beyond 2⁶³ in all the chain's own format saturates.
fn stake() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        0..2_000_u64,
        0..21_000_000_000_000_000_u64,
        0..1_u64 << 58
    ]
}

fn neuron() -> impl Strategy<Value = Neuron> {
    let commit = prop_oneof![Just(None), number().prop_map(Some)];
    (
        stake(),
        stake(),
        number(),
        number(),
        any::<bool>(),
        row(),
        row(),
        commit,
    )
        .prop_map(
            |(
                alpha_stake,
                root_stake,
                block_at_registration,
                last_update,
                validator_permit,
                weights,
                bonds,
                commit,
            )| {
                Neuron {
                    alpha_stake,
                    root_stake,
                    block_at_registration,
                    last_update,
                    validator_permit,
                    weights,
                    bonds,
                    earliest_commit: commit,
                }
            },
        )
}

fn hyperparameters() -> impl Strategy<Value = Hyperparameters> {
    let rule = prop_oneof![
        Just(BondsRule::Yuma2),
        Just(BondsRule::Yuma3),
        any::<(u16, u16, i16)>().prop_map(|(low, high, sigmoid_steepness)| {
            BondsRule::Yuma3Liquid(LiquidAlpha {
                low,
                high,
                sigmoid_steepness,
            })
        }),
    ];
    let penalty = prop_oneof![Just(0), Just(u16::MAX), any::<u16>()];
    let commit_reveal = prop_oneof![Just(CommitReveal::Enabled), Just(CommitReveal::Disabled)];
    (
        any::<u16>(),
        penalty,
        0..=1_000_000_u64,
        rule,
        0..14_u16,
        any::<u16>(),
        number(),
        number(),
        number(),
        commit_reveal,
    )
        .prop_map(
            |(
                kappa,
                bonds_penalty,
                average,
                bonds_rule,
                allowed,
                tempo,
                cutoff,
                threshold,
                weight,
                reveal,
            )| {
                Hyperparameters {
                    kappa,
                    bonds_penalty,
                    bonds_moving_average: average,
                    bonds_rule,
                    max_allowed_validators: allowed,
                    tempo,
                    activity_cutoff_blocks: cutoff,
                    stake_threshold: threshold,
                    tao_weight: weight,
                    commit_reveal: reveal,
                }
            },
        )
}

prop_compose! {
    fn input()(
        block in number(),
        last_mechanism_step_block in number(),
        rao_emission in number(),
        hyperparameters in hyperparameters(),
        owner_uid in prop_oneof![Just(None), (0..14_u16).prop_map(Some)],
        neurons in proptest::collection::vec(neuron(), 0..10),
    ) -> EpochInput {
        EpochInput { block, last_mechanism_step_block, rao_emission, hyperparameters, owner_uid, neurons }
    }
}

fn sum(amounts: &[u64]) -> u128 {
    amounts.iter().map(|amount| u128::from(*amount)).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn an_epoch_gives_out_no_more_than_there_is(input in input()) {
        let count = input.neurons.len();
        let output = epoch(&input);
        prop_assert!(sum(&output.emission) <= input.rao_emission.into());
        prop_assert!(sum(&output.server_emission) + sum(&output.validator_emission) <= input.rao_emission.into());
        for length in [
            output.active.len(), output.stake_weight.len(), output.consensus.len(), output.incentive.len(),
            output.dividends.len(), output.validator_trust.len(), output.validator_permit.len(),
            output.emission.len(), output.server_emission.len(), output.validator_emission.len(), output.bonds.len(),
        ] {
            prop_assert_eq!(length, count);
        }
        for (row, permit) in output.bonds.iter().zip(&output.validator_permit) {
            prop_assert!(*permit || row.is_empty());
            prop_assert!(row.iter().all(|(uid, _)| usize::from(*uid) < count));
        }
        let owner = input.owner_uid.map(usize::from);
        let permits = (0..count).filter(|uid| output.validator_permit[*uid] && Some(*uid) != owner).count();
        prop_assert!(permits <= input.hyperparameters.max_allowed_validators.into());

        // The outputs are inputs of the next epoch.
        let mut next = input;
        next.block = next.block.saturating_add(1);
        for (neuron, bonds) in next.neurons.iter_mut().zip(output.bonds) {
            neuron.bonds = bonds;
        }
        prop_assert!(sum(&epoch(&next).emission) <= next.rao_emission.into());
    }
}
