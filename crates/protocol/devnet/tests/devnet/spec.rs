//! A chain described by a file.

use assay_devnet::{BlockProduction, CommitReveal, Spec, SpecProblem};
use std::time::Duration;

#[test]
fn the_example_works_and_equal_files_make_equal_chains() {
    let spec = Spec::parse(Spec::example()).unwrap();
    assert_eq!(spec.blocks, Some(BlockProduction::Every(Duration::from_secs(1))));
    let names: Vec<_> = spec.wallets.iter().map(|wallet| wallet.name.as_str()).collect();
    assert_eq!(names, ["owner", "validator", "miner"]);
    assert_eq!(spec.wallets[2].hotkeys[1].uri, "//miner//bad");
    let again = Spec::parse(Spec::example()).unwrap();
    let root = |spec: &Spec| spec.genesis.storage().unwrap().top;
    assert_eq!(root(&spec), root(&again));
    // A seed and nothing else is a chain, too.
    assert_eq!(Spec::parse("seed = 7").unwrap().genesis.seed, 7);
}

/// A spec with one subnet, and something more.
fn with(rest: &str) -> String {
    format!(
        "[[wallets]]\nname = \"owner\"\n[[wallets]]\nname = \"miner\"\nhotkeys = []\n[[subnets]]\nowner = \"owner\"\n{rest}"
    )
}

#[test]
fn what_is_wrong_is_told_with_the_line_the_field_and_what_to_write() {
    // The lines of the rest begin at 8.
    let cases: &[(&str, usize, &str, &str)] = &[
        ("tempos = 7", 8, "file", "unknown field `tempos`"),
        ("tempo = [", 8, "file", ""),
        ("tempo = \"x\"", 8, "subnets[0].tempo", "does not fit"),
        (
            "[subnets.hyperparameters]\nkappa = 1\nweight_rate_limit = 1",
            10,
            "subnets[0].hyperparameters.weight_rate_limit",
            "did you mean weights_rate_limit?",
        ),
        (
            "[subnets.hyperparameters]\n\nburn_half_life = 0",
            10,
            "subnets[0].hyperparameters.burn_half_life",
            "the chain refuses it",
        ),
        (
            "tempo = 9\n[subnets.hyperparameters]\ntempo = 9",
            8,
            "subnets[0].tempo",
            "the same is said by hyperparameters.tempo",
        ),
        ("netuid = 5", 8, "subnets[0].netuid", "becomes number 2"),
        (
            "owner_hotkey = \"nobody\"",
            8,
            "subnets[0].owner_hotkey",
            "\"nobody\" names no account",
        ),
        (
            "owner_hotkey = \"owner/other\"",
            8,
            "subnets[0].owner_hotkey",
            "wallet \"owner\" has no hotkey \"other\"",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"miner\"",
            9,
            "subnets[0].neurons[0].hotkey",
            "wallet \"miner\" has no hotkeys",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"//Bob\"",
            9,
            "subnets[0].neurons[0].hotkey",
            "who owns the hotkey is not said",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"//Bob\"\ncoldkey = \"//Bob\"\naxon = \"127.0.0.1:5\"",
            11,
            "subnets[0].neurons[0].axon",
            "InvalidIpAddress",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"owner\"\naxon = \"10.0.0.1\"",
            10,
            "subnets[0].neurons[0].axon",
            "is no address",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"owner\"\nstake = -5",
            10,
            "subnets[0].neurons[0].stake",
            "-5 is no amount",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"owner\"\n[subnets.neurons.weights]\n0 = 1\n1 = 1",
            12,
            "subnets[0].neurons[0].weights.1",
            "neither a uid nor a hotkey",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"//Bob\"\ncoldkey = \"//Bob\"\nweights = { 0 = 1 }",
            11,
            "subnets[0].neurons[0].weights",
            "only a neuron with a permit",
        ),
        (
            "[[subnets.neurons]]\nhotkey = \"//Bob\"\ncoldkey = \"//Bob\"\n[[subnets.neurons]]\nhotkey = \"//Bob\"\ncoldkey = \"//Eve\"",
            12,
            "subnets[0].neurons[1].hotkey",
            "HotKeyAlreadyRegisteredInSubNet",
        ),
        (
            "[[stakes]]\nnetuid = 9\nhotkey = \"owner\"\ncoldkey = \"//Bob\"\nalpha = 5",
            8,
            "stakes[0]",
            "SubnetNotExists",
        ),
        (
            "[[stakes]]\nnetuid = 2\nhotkey = \"owner\"\ncoldkey = \"//Bob\"",
            8,
            "stakes[0]",
            "in tao or in alpha",
        ),
        (
            "[chain]\nsubnet_limits = 5",
            9,
            "chain.subnet_limits",
            "did you mean subnet_limit?",
        ),
    ];
    for (rest, line, field, told) in cases {
        let error = Spec::parse(&with(rest)).unwrap_err();
        assert_eq!(
            (error.line, error.field.as_str()),
            (*line, *field),
            "{rest}: {error}"
        );
        let text = error.to_string();
        assert!(
            text.contains(told) && text.starts_with(&format!("line {line}: ")),
            "{rest}: {text}"
        );
        assert!(!error.problem.remedy().is_empty());
    }
    for (text, told) in [
        ("block_time = \"1h\"", "no block time"),
        ("[[wallets]]\nname = \"a b\"", "cannot be a name"),
        (
            "[[wallets]]\nname = \"a\"\n[[wallets]]\nname = \"a\"",
            "two called \"a\"",
        ),
        ("[[wallets]]\nname = \"a\"\ntao = \"1e9\"", "1e9 is no amount"),
        (
            "[[accounts]]\naccount = \"//Zoe\"\ntao = 0.0000001",
            "existential deposit",
        ),
    ] {
        let error = Spec::parse(text).unwrap_err();
        assert!(error.to_string().contains(told), "{text}: {error}");
    }
    let closed = Spec::parse(&with(
        "started = false\n[[stakes]]\nnetuid = 2\nhotkey = \"owner\"\ncoldkey = \"//Bob\"\ntao = 5",
    ));
    assert_eq!(
        closed.unwrap_err().problem,
        SpecProblem::Chain("SubtokenDisabled")
    );
}

#[test]
fn a_spec_says_whose_pulses_open_commits() {
    for (said, meant) in [
        ("", CommitReveal::Off),
        ("commit_reveal = \"off\"", CommitReveal::Off),
        ("commit_reveal = \"own\"", CommitReveal::OwnBeacon),
        ("commit_reveal = \"public\"", CommitReveal::PublicBeacon),
    ] {
        assert_eq!(Spec::parse(said).unwrap().genesis.commit_reveal, meant, "{said}");
    }
    let refused = Spec::parse("commit_reveal = \"mine\"").unwrap_err();
    assert_eq!((refused.line, refused.field.as_str()), (1, "commit_reveal"));
    assert_eq!(refused.problem, SpecProblem::CommitReveal("mine".to_owned()));
}
