//! Numbers that the client and the devnet's runtime both know, each from the protocol: they must be the same.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    BIG_RAW_BYTES, CommitmentError, LEAST_COST_BYTES, LONGEST_CIPHERTEXT, PoolCheck, RAW_BYTES,
    SCHEME_VERSION, SETTINGS, SettingAuthority, commitment_cost,
};
use assay_devnet::{BlockProduction, CommitReveal, Devnet, DevnetConfig, Genesis};
use assay_timelock::Beacon;
use devnet::{Subnet, done};
use node_subtensor_runtime::pallets::{
    drand::BeaconConfiguration, subtensor::transaction_checks::RejectionCode,
};
use serde_json::{Value as Json, json};

/// A devnet whose subnets commit their weights, as the public chain's do.
async fn devnet_that_commits() -> Devnet {
    let config = DevnetConfig {
        blocks: BlockProduction::OnDemand,
        genesis: Some(Genesis {
            commit_reveal: CommitReveal::OwnBeacon,
            ..Genesis::default()
        }),
        ..DevnetConfig::default()
    };
    Devnet::start(config).await.unwrap()
}

#[tokio::test]
async fn every_setting_is_what_a_fresh_subnet_has_and_its_setter_exists() {
    let devnet = devnet_that_commits().await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::created(&client).await;
    let snapshot = client.pin().await.unwrap();
    let mut found = snapshot.settings(subnet.netuid).await.unwrap();
    // New subnets of a devnet ask for less work than those of the chain; what the chain says of them is the default.
    let of_nobody = [json!(4_000)];
    let difficulty = snapshot
        .storage_json("SubtensorModule", "Difficulty", &of_nobody)
        .await
        .unwrap();
    for (_, value) in found
        .iter_mut()
        .filter(|(setting, _)| setting.name == "difficulty")
    {
        value.raw = difficulty.as_u64().unwrap().into();
    }
    let mut wrong = Vec::new();
    for setting in SETTINGS {
        match found.iter().find(|(found, _)| found.name == setting.name) {
            None => wrong.push(format!("{}: nothing is stored", setting.name)),
            Some((_, value)) if *value != setting.default_value() => wrong.push(format!(
                "{}: {} by default, {value} on chain",
                setting.name,
                setting.default_value()
            )),
            Some(_) => {}
        }
        for by in [SettingAuthority::Owner, SettingAuthority::Root] {
            let call = setting.call(subnet.netuid, setting.default_value(), by, (45_875, 58_982));
            if let Err(error) = client.call_bytes(&call).await {
                wrong.push(format!("{}: {error}", setting.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pools_codes_have_the_runtimes_names() {
    let codes = [
        RejectionCode::ColdkeyInSwapSchedule,
        RejectionCode::StakeAmountTooLow,
        RejectionCode::SubnetNotExists,
        RejectionCode::HotkeyAccountDoesntExist,
        RejectionCode::RateLimitExceeded,
        RejectionCode::HotKeyNotRegisteredInNetwork,
        RejectionCode::InvalidIpAddress,
        RejectionCode::ServingRateLimitExceeded,
        RejectionCode::InvalidPort,
        RejectionCode::InvalidRevealRound,
        RejectionCode::CommitNotFound,
        RejectionCode::CommitBlockNotInRevealRange,
        RejectionCode::InputLengthsUnequal,
        RejectionCode::UidNotFound,
        RejectionCode::EvmKeyAssociateRateLimitExceeded,
        RejectionCode::ColdkeySwapDisputed,
        RejectionCode::FailedShieldedTxParsing,
        RejectionCode::InvalidShieldedTxPubKeyHash,
        RejectionCode::NonAssociatedColdKey,
        RejectionCode::DelegateTakeTooLow,
        RejectionCode::DelegateTakeTooHigh,
        RejectionCode::BadRequest,
    ];
    for code in codes {
        let check = PoolCheck::from_code(code as u8);
        assert_eq!(check.name(), format!("{code:?}"));
    }
    // The client names what other runtimes refuse as well, without a gap.
    for code in (0..=27).chain([255]) {
        assert!(
            !matches!(PoolCheck::from_code(code), PoolCheck::Unknown(_)),
            "{code}"
        );
    }
    assert_eq!(PoolCheck::from_code(28), PoolCheck::Unknown(28));
}

#[tokio::test]
async fn commitments_have_the_chains_limits() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let (miner, _) = subnet.register("Miner").await;
    // The fields as the metadata describes them: the longest of each kind, and one byte more is no such kind.
    let fields = |kind: String, length: usize| json!({ "netuid": subnet.netuid.0, "info": { "fields": [{ kind: "x".repeat(length) }] } });
    let raw = |length: usize| (format!("Raw{length}"), length);
    let call = async |(kind, length): (String, usize)| {
        client
            .call_from_json("Commitments", "set_commitment", &fields(kind, length))
            .await
    };
    assert!(call(raw(RAW_BYTES)).await.is_ok());
    assert!(call(raw(RAW_BYTES + 1)).await.is_err());
    let longest = call(("BigRaw".to_owned(), BIG_RAW_BYTES)).await.unwrap();
    done(client.submit(&miner.hotkey, &longest).await).await;
    assert!(matches!(
        assay_chain::check_commitment(&"x".repeat(BIG_RAW_BYTES + 1)),
        Err(CommitmentError::TooLong { .. })
    ));
    // What it cost, as the chain counts it; then the least.
    let used = async || -> u64 {
        let used = client.pin().await.unwrap();
        let keys = [json!(subnet.netuid.0), json!(miner.account())];
        let used: Json = used
            .storage_json("Commitments", "UsedSpaceOf", &keys)
            .await
            .unwrap();
        used["used_space"].as_u64().unwrap()
    };
    let before = used().await;
    assert_eq!(before, commitment_cost(&"x".repeat(BIG_RAW_BYTES)));
    done(client.set_commitment(&miner.hotkey, subnet.netuid, "x").await).await;
    assert_eq!(used().await - before, LEAST_COST_BYTES);
}

#[tokio::test]
async fn the_chain_takes_ciphertexts_of_the_longest_and_no_longer_and_asks_for_the_scheme() {
    let devnet = devnet_that_commits().await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let commit = async |length: usize, version: u16| {
        let arguments = json!({
            "netuid": subnet.netuid.0,
            "commit": format!("0x{}", "07".repeat(length)),
            "reveal_round": 4_000_000_000_u64,
            "commit_reveal_version": version,
        });
        let call = client
            .call_from_json("SubtensorModule", "commit_timelocked_weights", &arguments)
            .await
            .unwrap();
        let receipt = client.submit(&subnet.owner.hotkey, &call).await?;
        receipt.finalized().await
    };
    commit(LONGEST_CIPHERTEXT, SCHEME_VERSION).await.unwrap();
    commit(LONGEST_CIPHERTEXT, SCHEME_VERSION + 1).await.unwrap_err();
    commit(LONGEST_CIPHERTEXT + 1, SCHEME_VERSION).await.unwrap_err();
}

#[tokio::test]
async fn quicknet_the_tempo_and_the_existential_deposit_are_the_chains() {
    let (ours, theirs) = (Beacon::quicknet(), BeaconConfiguration::quicknet());
    assert_eq!(ours.public_key.as_slice(), &theirs.public_key[..]);
    assert_eq!(ours.genesis_ms, u64::from(theirs.genesis_time) * 1000);
    assert_eq!(ours.period_ms, u64::from(theirs.period) * 1000);

    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::created(&client).await;
    let schedule = client.epoch_schedule(subnet.netuid).await.unwrap();
    assert_eq!(schedule.tempo, 360);
    assert_eq!(client.existential_deposit().unwrap().0, 500);
}
