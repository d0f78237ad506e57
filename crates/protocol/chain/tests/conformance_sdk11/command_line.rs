//! btcli 11.3, called by its entry point as a shell calls it.

use crate::served::{Served, coldkey, hotkey};
use assay_chain::{
    ChainClient, Hyperparameters, Metagraph, NetUid, Neuron, Registration, SubnetPhase, Uid, WeightSubmission,
};
use serde_json::{Value, json};

/// What btcli printed, by command line.
struct Printed(Vec<Value>);

impl Printed {
    /// Runs the command lines, with JSON asked for and no prompts.
    fn of(served: &Served, commands: &[&str]) -> Self {
        let commands: Vec<Vec<String>> = commands
            .iter()
            .map(|command| {
                let fixed = ["--network".to_owned(), served.url(), "--json".into(), "-y".into()];
                fixed.into_iter().chain(words(command)).collect()
            })
            .collect();
        let wallets = served.home().join("wallets");
        let arguments = [wallets.to_str().unwrap(), &json!(commands).to_string()];
        Self(served.run("btcli.py", &arguments))
    }

    /// What a command printed, which must have succeeded.
    fn get(&self, command: &str) -> &Value {
        let found = self
            .0
            .iter()
            .find(|line| line["command"].as_str().unwrap().ends_with(command));
        let found = found.unwrap_or_else(|| panic!("{command} was not run"));
        assert_eq!(found["code"], json!(0), "{found:#}");
        &found["printed"]
    }

    /// Every command succeeded, and every transaction among them.
    fn all_succeeded(&self) {
        for line in &self.0 {
            assert_eq!(line["code"], json!(0), "{line:#}");
            assert_ne!(line["printed"]["success"], json!(false), "{line:#}");
        }
    }
}

/// A command line's words; single quotes hold a word together.
fn words(command: &str) -> Vec<String> {
    let quoted = command.split('\'').enumerate();
    quoted
        .flat_map(|(index, part)| match index % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

const REGISTER: &str = "-w bob subnets register --netuid 2";
const REGISTER_BY_WORK: &str =
    "-w charlie subnets register --netuid 2 --pow --pow-backend cpu --pow-workers 1";
const PROXIED_STAKE: &str = "-w bob stake add --netuid 2 --hotkey alice/default --amount 5 --proxy-for alice";

/// The owner's and the miners' commands, in order.
const WRITES: [&str; 21] = [
    "-w alice subnets create",
    "-w alice sudo start --netuid 2",
    "-w alice call AdminUtils.sudo_set_admin_freeze_window --args '{\"window\": 0}' --sudo",
    // No epoch comes between the commands, so that what is read last is still true afterwards.
    "-w alice call AdminUtils.sudo_set_tempo --args '{\"netuid\": 2, \"tempo\": 50000}' --sudo",
    "-w alice sudo set --netuid 2 --name commit_reveal_weights_enabled --value 0",
    "-w alice sudo set --netuid 2 --name immunity_period --value 77",
    REGISTER,
    REGISTER_BY_WORK,
    "-w alice stake add --netuid 2 --amount 10",
    // Registering counted as setting, and a slow machine makes fewer blocks between two commands.
    "-w alice call AdminUtils.sudo_set_weights_set_rate_limit --args '{\"netuid\": 2, \"weights_set_rate_limit\": 0}' --sudo",
    "-w alice weights set --netuid 2 --uids 0,1 --weights 0.3,0.7",
    "-w bob axon set --netuid 2 --ip 203.0.113.7 --port 8091",
    "-w bob call Commitments.set_commitment --args '{\"netuid\": 2, \"info\": {\"fields\": [{\"Raw5\": \"0x68656c6c6f\"}]}}' --key hotkey",
    "-w alice wallet set-identity --name Ada --url https://ada.example",
    "-w alice wallet transfer --dest bob --amount 2.5",
    "-w alice proxy add --delegate bob --proxy-type Staking",
    "proxy list --coldkey alice",
    PROXIED_STAKE,
    "-w alice stake remove --netuid 2 --amount 3",
    // The owner may not change it back so soon.
    "-w alice call AdminUtils.sudo_set_commit_reveal_weights_enabled --args '{\"netuid\": 2, \"enabled\": true}' --sudo",
    "-w alice weights commit --netuid 2 --uids 0,1 --weights 0.4,0.6",
];

/// What is read when all is done.
const READS: [&str; 15] = [
    "subnets create-cost",
    "subnets burn-cost 2",
    "subnets list",
    "subnets show 2",
    "subnets metagraph 2",
    "subnets hyperparameters 2",
    "query commitments --netuid 2",
    "query epoch-status --netuid 2",
    "-w charlie query uid --netuid 2",
    "wallet get-identity --coldkey alice",
    "-w alice wallet balance",
    "-w alice wallet overview",
    "-w alice wallet inspect",
    "stake list --coldkey alice",
    "root list",
];

const NETUID: NetUid = NetUid(2);

#[test]
#[ignore = "needs the Python peers: cargo xtask test runs it"]
fn btcli_11_runs_a_subnet() {
    let served = Served::start();
    let commands = [&WRITES[..], &READS[..]].concat();
    let printed = Printed::of(&served, &commands);
    printed.all_succeeded();

    assert_eq!(printed.get(REGISTER)["data"]["shielded"], json!(true));
    assert_eq!(
        printed.get(REGISTER_BY_WORK)["fee_tao"],
        json!(0.0),
        "work costs no fee"
    );
    assert_eq!(
        printed.get(PROXIED_STAKE)["data"]["shielded"],
        json!(true),
        "a proxied stake"
    );
    let proxies = printed.get("proxy list --coldkey alice");
    assert_eq!(
        proxies["proxies"][0]["delegate"],
        json!(coldkey("Bob").to_string())
    );
    assert_eq!(proxies["proxies"][0]["proxy_type"], json!("Staking"));
    let commitment = &printed.get("query commitments --netuid 2")[0];
    assert_eq!(
        (&commitment["commitment"], &commitment["uid"]),
        (&json!("hello"), &json!(1))
    );
    assert_eq!(
        printed.get("wallet get-identity --coldkey alice")["name"],
        json!("Ada")
    );
    assert_eq!(
        printed.get("query epoch-status --netuid 2")["tempo"],
        json!(50_000)
    );
    assert_eq!(printed.get("root list")["funds"], json!([]));
    assert_eq!(printed.get("-w charlie query uid --netuid 2"), &json!(2));

    served.runtime.block_on(async {
        let client = served.client().await;
        subnets(&printed, &client).await;
        money(&printed, &client).await;
        let block = printed.get("subnets metagraph 2")["block"].as_u64().unwrap();
        let here = served.at(block).await;
        let graph = here.metagraph(NETUID).await.unwrap();
        assert_eq!(graph.neuron(Uid(1)).unwrap().hotkey, hotkey("Bob"));
        assert_eq!(graph.neuron(Uid(2)).unwrap().hotkey, hotkey("Charlie"));
        assert_eq!(
            as_btcli_has_it(&graph),
            picked(printed.get("subnets metagraph 2"), &as_btcli_has_it(&graph))
        );
        let rules = here.hyperparameters(NETUID).await.unwrap();
        let ours = rules_as_btcli_has_them(&rules);
        assert_eq!(ours, picked(printed.get("subnets hyperparameters 2"), &ours));
        // It is encrypted to the public beacon, so here it waits for ever.
        let [commit] = &here.timelocked_commits(NETUID).await.unwrap()[..] else {
            panic!("one commit waits");
        };
        assert_eq!(commit.hotkey, hotkey("Alice"));
    });
}

/// Those entries of an object that the other has too.
fn picked(object: &Value, like: &Value) -> Value {
    let names = like.as_object().unwrap().keys();
    names.map(|name| (name.clone(), object[name].clone())).collect()
}

async fn subnets(printed: &Printed, client: &ChainClient) {
    let ours = client.subnets().await.unwrap();
    let theirs = printed.get("subnets list").as_array().unwrap();
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        // Prices of registrations fall with every block, and were read at another.
        let expected = json!({
            "netuid": ours.netuid.0,
            "tempo": ours.tempo,
            "neurons": ours.neurons,
            "max_neurons": ours.max_neurons,
        });
        assert_eq!(expected, picked(theirs, &expected));
    }
    let show = printed.get("subnets show 2");
    let ours = client.subnet(NETUID).await.unwrap();
    let expected = json!({
        "owner_coldkey": ours.owner.to_string(),
        "owner_hotkey": ours.owner_hotkey.to_string(),
        "registered_at": ours.registered_at.0,
        "neurons": ours.neurons,
    });
    assert_eq!(expected, picked(show, &expected));
    let cost = printed.get("subnets create-cost")["tao"].as_f64().unwrap();
    assert!(
        (1_000.0..=2_000.0).contains(&cost),
        "{cost}: doubled by the first, and falling"
    );
}

async fn money(printed: &Printed, client: &ChainClient) {
    let balance = client.balance(&coldkey("Alice")).await.unwrap();
    for free in [
        &printed.get("-w alice wallet balance")["free_tao"],
        &printed.get("-w alice wallet overview")[0]["free_tao"],
        &printed.get("-w alice wallet inspect")["balance"]["free_tao"],
    ] {
        assert_eq!(rao(free), balance.free.0);
    }
    let stakes = client.stakes(&coldkey("Alice")).await.unwrap();
    let listed = printed.get("stake list --coldkey alice").as_array().unwrap();
    assert_eq!((stakes.len(), listed.len()), (1, 1));
    assert_eq!(rao(&listed[0]["stake_amount"]), stakes[0].alpha.0);
    assert_eq!(listed[0]["hotkey"], json!(stakes[0].hotkey.to_string()));
    assert_eq!(listed[0]["netuid"], json!(stakes[0].netuid.0));
}

/// Rao of an amount in TAO or alpha.
fn rao(amount: &Value) -> u64 {
    // Below 2^53 rao, ten times all TAO of this account, a double holds every rao.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an amount is positive and small"
    )]
    let rao = (amount.as_f64().unwrap() * 1e9).round() as u64;
    rao
}

fn as_btcli_has_it(graph: &Metagraph) -> Value {
    let of = |read: fn(&Neuron) -> Value| graph.neurons.iter().map(read).collect::<Value>();
    json!({
        "name": graph.name,
        "symbol": graph.symbol,
        "network_registered_at": graph.registered_at.0,
        "owner_hotkey": graph.owner_hotkey.to_string(),
        "owner_coldkey": graph.owner_coldkey.to_string(),
        "block": graph.block.number.0,
        "tempo": graph.tempo,
        "last_step": graph.last_step.0,
        "blocks_since_last_step": graph.blocks_since_last_step,
        "alpha_in": graph.alpha_in.0,
        "alpha_out": graph.alpha_out.0,
        "tao_in": graph.tao_in.0,
        "num_uids": graph.size(),
        "max_uids": graph.max_neurons,
        "burn": graph.burn.0,
        "hotkeys": of(|neuron| json!(neuron.hotkey.to_string())),
        "coldkeys": of(|neuron| json!(neuron.coldkey.to_string())),
        "active": of(|neuron| json!(neuron.active)),
        "validator_permit": of(|neuron| json!(neuron.validator_permit)),
        "last_update": of(|neuron| json!(neuron.last_update.0)),
        "emission": of(|neuron| json!(neuron.emission.0)),
        "dividends": of(|neuron| json!(neuron.dividends)),
        "incentives": of(|neuron| json!(neuron.incentive)),
        "consensus": of(|neuron| json!(neuron.consensus)),
        "block_at_registration": of(|neuron| json!(neuron.registered_at.0)),
        "alpha_stake": of(|neuron| json!(neuron.alpha_stake.0)),
        "tao_stake": of(|neuron| json!(neuron.tao_stake.0)),
        "total_stake": of(|neuron| json!(neuron.total_stake.0)),
    })
}

fn rules_as_btcli_has_them(rules: &Hyperparameters) -> Value {
    json!({
        "tempo": rules.tempo,
        "kappa": rules.kappa,
        "rho": rules.rho,
        "immunity_period": rules.immunity_period,
        "min_allowed_weights": rules.min_allowed_weights,
        "weights_rate_limit": rules.weights_rate_limit,
        "weights_version": rules.weights_version_key,
        "activity_cutoff": rules.activity_cutoff,
        "max_allowed_uids": rules.max_neurons,
        "max_validators": rules.max_validators,
        "bonds_moving_avg": rules.bonds_moving_average,
        "bonds_penalty": rules.bonds_penalty,
        "serving_rate_limit": rules.serving_rate_limit,
        "min_burn": rules.min_burn.0,
        "max_burn": rules.max_burn.0,
        "burn_half_life": rules.burn_half_life,
        "registration_allowed": rules.registration == Registration::Open,
        "subnet_is_active": rules.phase == SubnetPhase::Started,
        "liquid_alpha_enabled": rules.liquid_alpha.is_some(),
        "yuma_version": rules.yuma_version,
        "commit_reveal_weights_enabled": rules.weight_submission != WeightSubmission::Direct,
    })
}
