//! bittensor 10.5 against the devnet, unmodified: a subnet's whole life, and what the client reads of it, one by one and
//! asynchronously, beside what our own client reads.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{AccountId, BlockHash, NetUid, Snapshot, Uid};
use assay_devnet::{BlockProduction, Devnet};
use assay_peers::Python;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::runtime::Runtime;

/// Steps by name, in the order in which they were taken.
struct Steps(Vec<Value>);

impl Steps {
    fn of(script: &str, arguments: &[&str]) -> Self {
        let mut run = Python::venv("sdk10").script(script);
        for argument in arguments {
            run = run.arg(argument);
        }
        Self(run.timeout(Duration::from_secs(240)).run())
    }

    fn get(&self, name: &str) -> &Value {
        let found = self.0.iter().find(|step| step["step"] == name);
        found.unwrap_or_else(|| panic!("no step {name} in {:#?}", self.0))
    }

    fn value(&self, name: &str) -> &Value {
        &self.get(name)["value"]
    }
}

fn account(value: &Value) -> AccountId {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn bittensor_10_takes_a_subnet_through_its_life_and_reads_what_our_client_reads() {
    // The scripts block this thread, so blocks are made on a runtime of their own.
    let runtime = Runtime::new().unwrap();
    let devnet: Devnet = runtime.block_on(devnet::devnet(BlockProduction::Every(Duration::from_millis(200))));
    let life = Steps::of("conformance/sdk10/devnet_life.py", &[&devnet.url()]);
    lived(&life);
    let done = life.get("done");
    let netuid = done["netuid"].to_string();
    let [coldkey, hotkey] = ["coldkey", "hotkey"].map(|name| done[name].as_str().unwrap());
    let reads = Steps::of(
        "conformance/sdk10/devnet_reads.py",
        &[&devnet.url(), &netuid, coldkey, hotkey],
    );
    let different: Vec<&Value> = reads.0.iter().filter(|read| read["same"] != true).collect();
    assert!(
        different.is_empty(),
        "the asynchronous client read something else: {different:#?}"
    );
    assert!(reads.0.len() > 75, "{}", reads.0.len());
    runtime.block_on(async {
        let client = devnet::client(&devnet).await;
        let hash: BlockHash = reads.get("block")["hash"].as_str().unwrap().parse().unwrap();
        let at = client.at(hash).await.unwrap();
        assert_eq!(reads.value("block"), at.block().number.0);
        let netuid = NetUid(netuid.parse().unwrap());
        subnet(&at, &reads, netuid).await;
        neurons(&at, &reads, netuid).await;
        accounts(
            &at,
            &reads,
            netuid,
            &account(&done["coldkey"]),
            &account(&done["hotkey"]),
        )
        .await;
        devnet.stop().await;
    });
}

/// Everything that should succeed did, and what should not was refused in the chain's or the client's words.
fn lived(life: &Steps) {
    let refused = [
        "add_stake too tight",
        "set_weights unregistered",
        "reveal_weights early",
    ];
    for step in &life.0 {
        let name = step["step"].as_str().unwrap();
        if step.get("success").is_some() {
            assert_eq!(step["success"], !refused.contains(&name), "{step}");
        }
    }
    let says = |name: &str, words: &str| {
        let message = life.get(name)["message"].as_str().unwrap().to_owned();
        assert!(message.contains(words), "{name}: {message}");
    };
    says("add_stake too tight", "SlippageTooHigh");
    says("set_weights unregistered", "not registered");
    says("register again", "Already registered");
    says("serve_axon again", "already served");
    assert_eq!(life.get("netuid")["active"], true);
    assert_eq!(life.get("transfer")["balance"], 1_000_000_000_000u64);
    let uids = life.get("uids");
    assert_eq!(
        [&uids["alice"], &uids["bob"], &uids["carol"]],
        [&json!(0), &json!(1), &json!(2)]
    );
    let (before, after) = (&life.get("stake")["rao"], &life.get("stake after")["rao"]);
    assert_eq!(before.as_u64().unwrap() - after.as_u64().unwrap(), 6_000_000_000);
    let axon = life.get("axon");
    assert_eq!((&axon["ip"], &axon["port"]), (&json!("10.1.2.3"), &json!(8091)));
    let commitments = life.get("commitments");
    let hotkey = life.get("done")["hotkey"].as_str().unwrap();
    assert_eq!(commitments["one"], "hello from ten");
    assert_eq!(commitments["all"], json!({ hotkey: "hello from ten" }));
    assert_eq!(
        life.get("weights")["rows"],
        json!([[0, [[1, 21_845], [2, 65_535]]]])
    );
    // The pool's code for a reveal before its epoch.
    says("reveal_weights early", "Custom error: 17");
    assert_eq!(
        life.get("revealed")["rows"],
        json!([[0, [[1, 13_107], [2, 65_535]]]])
    );
    let timelocked = life.get("timelocked");
    assert_eq!(timelocked["hotkeys"].as_array().unwrap().len(), 1);
    assert!(timelocked["rounds"][0].as_u64().unwrap() > 0, "{timelocked}");
    assert!(life.get("shielded")["added"].as_u64().unwrap() > 2_000_000_000);
    assert_eq!(
        life.get("weights async")["rows"],
        json!([[0, [[1, 65_535], [2, 65_535]]]])
    );
    assert_eq!(
        (
            &life.get("wait_for_block")["reached"],
            &life.get("wait_for_block")["block"]
        ),
        (&json!(true), &json!(true))
    );
}

async fn subnet(at: &Snapshot, reads: &Steps, netuid: NetUid) {
    let subnets = at.subnets().await.unwrap();
    let netuids: Vec<u16> = subnets.iter().map(|subnet| subnet.netuid.0).collect();
    assert_eq!(reads.value("get_all_subnets_netuid"), &json!(netuids));
    assert_eq!(reads.value("get_total_subnets"), subnets.len());

    let summary = at.subnet(netuid).await.unwrap();
    let price = at.alpha_price(netuid).await.unwrap();
    let told = reads.value("subnet");
    assert_eq!(account(&told["owner_coldkey"]), summary.owner);
    assert_eq!(account(&told["owner_hotkey"]), summary.owner_hotkey);
    assert_eq!(told["subnet_name"], summary.name.clone().unwrap());
    assert_eq!(told["tempo"], summary.tempo);
    assert_eq!(told["tao_in"], summary.tao_in.0);
    assert_eq!(told["alpha_in"], summary.alpha_in.0);
    assert_eq!(told["alpha_out"], summary.alpha_out.0);
    let mut prices = BTreeMap::new();
    for (netuid, price) in at.alpha_prices().await.unwrap() {
        prices.insert(netuid.0.to_string(), price.0);
    }
    assert_eq!(reads.value("get_subnet_prices"), &json!(prices));
    assert_eq!(reads.value("get_subnet_price"), price.0);
    assert_eq!(reads.value("recycle"), summary.burn.0);
    assert_eq!(
        reads.value("get_subnet_burn_cost"),
        at.subnet_creation_cost().await.unwrap().0
    );
    assert_eq!(reads.value("subnetwork_n"), summary.neurons);
    assert_eq!(reads.value("is_subnet_active"), true);

    let schedule = at.epoch_schedule(netuid).await.unwrap();
    let told = reads.value("get_epoch_schedule_state");
    assert_eq!(told["last_epoch_block"], schedule.last_epoch_block.0);
    assert_eq!(told["subnet_epoch_index"], schedule.epoch_index.unwrap());
    let next = schedule.next_epoch_block.unwrap().0;
    assert_eq!(reads.value("get_next_epoch_start_block"), next);
    assert_eq!(reads.value("blocks_until_next_epoch"), next - at.block().number.0);

    let rules = at.hyperparameters(netuid).await.unwrap();
    let told = reads.value("get_subnet_hyperparameters");
    for (name, expected) in [
        ("tempo", json!(rules.tempo)),
        ("rho", json!(rules.rho)),
        ("kappa", json!(rules.kappa)),
        ("immunity_period", json!(rules.immunity_period)),
        ("min_allowed_weights", json!(rules.min_allowed_weights)),
        ("weights_version", json!(rules.weights_version_key)),
        ("weights_rate_limit", json!(rules.weights_rate_limit)),
        ("min_burn", json!(rules.min_burn.0)),
        ("max_burn", json!(rules.max_burn.0)),
        ("bonds_moving_avg", json!(rules.bonds_moving_average)),
        ("serving_rate_limit", json!(rules.serving_rate_limit)),
        ("max_validators", json!(rules.max_validators)),
        ("commit_reveal_weights_enabled", json!(false)),
    ] {
        assert_eq!(told[name], expected, "{name} in {told}");
    }
    assert_eq!(reads.value("immunity_period"), rules.immunity_period);
    assert_eq!(reads.value("weights_rate_limit"), rules.weights_rate_limit);
    let identity = at.subnet_identity(netuid).await.unwrap().unwrap();
    let told = &reads.value("get_metagraph_info")["identity"];
    assert_eq!(told["subnet_name"], identity.name);
    assert_eq!(told["subnet_url"], identity.url);
    assert_eq!(told["description"], identity.description);
}

/// A share in 1/65535 as the client computes it, in 32 bits.
fn close(told: &Value, share: u16) -> bool {
    (told.as_f64().unwrap() - f64::from(share) / 65_535.0).abs() < 1e-6
}

async fn neurons(at: &Snapshot, reads: &Steps, netuid: NetUid) {
    let graph = at.metagraph(netuid).await.unwrap();
    let lists = [reads.value("neurons"), reads.value("neurons_lite")];
    let graphs = [
        reads.value("metagraph lite=True"),
        reads.value("metagraph lite=False"),
    ];
    for told in graphs {
        assert_eq!(told["n"], graph.size());
        assert_eq!(told["block"], at.block().number.0);
    }
    for (place, neuron) in graph.neurons.iter().enumerate() {
        for list in lists {
            let told = &list[place];
            assert_eq!(told["uid"], neuron.uid.0);
            assert_eq!(account(&told["hotkey"]), neuron.hotkey);
            assert_eq!(account(&told["coldkey"]), neuron.coldkey);
            assert_eq!(told["last_update"], neuron.last_update.0);
            assert_eq!(told["validator_permit"], neuron.validator_permit);
            for (name, share) in [
                ("incentive", neuron.incentive),
                ("consensus", neuron.consensus),
                ("dividends", neuron.dividends),
                ("validator_trust", neuron.validator_trust.unwrap()),
            ] {
                assert!(close(&told[name], share), "{name}: {told} {neuron:?}");
            }
            let address = neuron.axon.map(|axon| axon.address);
            let told_port = told["axon_info"]["port"].as_u64().unwrap();
            assert_eq!(told_port, address.map_or(0, |address| u64::from(address.port())));
        }
        for told in graphs {
            assert_eq!(account(&told["hotkeys"][place]), neuron.hotkey);
            assert_eq!(account(&told["coldkeys"][place]), neuron.coldkey);
            assert_eq!(told["uids"][place], neuron.uid.0);
            assert_eq!(told["last_update"][place], neuron.last_update.0);
            assert_eq!(told["validator_permit"][place], neuron.validator_permit);
            assert!(close(&told["incentive"][place], neuron.incentive));
            assert!(close(&told["dividends"][place], neuron.dividends));
            let stake = told["stake"][place].as_f64().unwrap();
            assert!(
                (stake - neuron.total_stake.tokens()).abs() <= stake * 1e-5,
                "{stake} {neuron:?}"
            );
            let alpha = told["alpha_stake"][place].as_f64().unwrap();
            assert!((alpha - neuron.alpha_stake.tokens()).abs() <= alpha * 1e-5);
        }
    }
    let weights: Vec<(u16, Vec<(u16, u16)>)> = at
        .weights(netuid)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.uid.0, raw(row.entries)))
        .collect();
    assert_eq!(reads.value("weights"), &json!(weights));
    let bonds: Vec<(u16, Vec<(u16, u16)>)> = at
        .bonds(netuid)
        .await
        .unwrap()
        .into_iter()
        .map(|row| (row.uid.0, raw(row.entries)))
        .collect();
    let told: Vec<&Value> = reads
        .value("bonds")
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row[1] != json!([]))
        .collect();
    assert_eq!(json!(told), json!(bonds));
}

fn raw(entries: Vec<(Uid, u16)>) -> Vec<(u16, u16)> {
    entries.into_iter().map(|(uid, value)| (uid.0, value)).collect()
}

async fn accounts(at: &Snapshot, reads: &Steps, netuid: NetUid, coldkey: &AccountId, hotkey: &AccountId) {
    assert_eq!(
        reads.value("get_balance"),
        at.balance(coldkey).await.unwrap().free.0
    );
    let stake = at.stake(netuid, hotkey, coldkey).await.unwrap();
    assert_eq!(reads.value("get_stake"), stake.alpha.0);
    let stakes = at.stakes(coldkey).await.unwrap();
    let told = reads.value("get_stake_info_for_coldkey").as_array().unwrap();
    assert_eq!(told.len(), stakes.len());
    for (told, stake) in told.iter().zip(&stakes) {
        assert_eq!(account(&told["hotkey_ss58"]), stake.hotkey);
        assert_eq!(told["netuid"], stake.netuid.0);
        assert_eq!(told["stake"], stake.alpha.0);
        assert_eq!(told["emission"], stake.emission.0);
        assert_eq!(told["is_registered"], stake.registered);
    }
    let owner = at.owner(hotkey).await.unwrap().unwrap();
    assert_eq!(account(reads.value("get_hotkey_owner")), owner);
    let netuids: Vec<NetUid> = at
        .subnets()
        .await
        .unwrap()
        .iter()
        .map(|subnet| subnet.netuid)
        .collect();
    let roles = at.account_roles(hotkey, &netuids).await.unwrap();
    assert_eq!(roles.owner, Some(owner));
    let places: Vec<u16> = roles
        .places
        .iter()
        .filter(|place| place.uid.is_some())
        .map(|place| place.netuid.0)
        .collect();
    assert_eq!(reads.value("get_netuids_for_hotkey"), &json!(places));
    let take = f64::from(roles.take.unwrap()) / 65_535.0;
    assert!((reads.value("get_delegate_take").as_f64().unwrap() - take).abs() < 1e-9);
    let mut hotkeys = at.account_roles(coldkey, &[]).await.unwrap().hotkeys;
    let mut told: Vec<AccountId> = reads
        .value("get_owned_hotkeys")
        .as_array()
        .unwrap()
        .iter()
        .map(account)
        .collect();
    hotkeys.sort_unstable();
    told.sort_unstable();
    assert_eq!(told, hotkeys);

    let uid = at.uid(netuid, hotkey).await.unwrap().unwrap();
    assert_eq!(reads.value("get_uid_for_hotkey_on_subnet"), uid.0);
    let commitment = at.commitment(netuid, hotkey).await.unwrap().unwrap();
    let text = std::str::from_utf8(commitment.fields[0].bytes().unwrap()).unwrap();
    assert_eq!(reads.value("get_commitment"), text);
    assert_eq!(
        reads.value("get_commitment_metadata")["block"],
        commitment.block.0
    );
    assert_eq!(
        reads.value("get_all_commitments"),
        &json!({ hotkey.to_string(): text })
    );
    let block = at.block_contents().await.unwrap();
    let told = reads.value("get_timestamp").as_str().unwrap();
    assert!(block.timestamp_ms.is_some() && told.starts_with("20"), "{told}");
}
