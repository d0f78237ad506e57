//! Who may ask an axon, over real requests and a chain that says who is who.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod plain;
mod subnet;

use assay_axon::{Caller, Dialect, Identity, Standing};
use assay_axon::{
    Dendrite, DendriteConfig, Outcome, SynapseRequest, Target,
    dendrite::RefusalKind,
    server::{Access, Asked, Axon, AxonConfig, Failure, Route, Synapse},
    synapse::{Field, FieldType},
};
use assay_chain::{AccountId, Alpha, Block};
use assay_devnet::BlockProduction;
use assay_neuron::{AccessRules, Callers, Denied, MetagraphAccess, MetagraphCache, Shutdown};
use plain::{hotkey, metagraph};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};
use subnet::{Subnet, pair};

#[test]
fn rules_judge_by_list_then_registration_permit_and_stake() {
    let mut subnet = metagraph(10, &[1, 2, 3].map(hotkey));
    subnet.neurons[1].validator_permit = true;
    subnet.neurons[1].total_stake = Alpha::from_alpha(50);
    subnet.neurons[2].validator_permit = true;
    subnet.neurons[2].total_stake = Alpha::from_alpha(100);
    let rules = |callers, minimum| AccessRules {
        callers,
        minimum_stake: Alpha::from_alpha(minimum),
        allowed: BTreeSet::from([hotkey(8), hotkey(9)]),
        denied: BTreeSet::from([hotkey(9), hotkey(3)]),
    };
    let (registered, validators) = (Callers::Registered, Callers::Validators);
    let low = Denied::StakeTooLow {
        stake: Alpha::from_alpha(50),
        minimum: Alpha::from_alpha(60),
    };
    let cases = [
        (1, registered, 0, Ok(())),
        (1, validators, 0, Err(Denied::NoPermit)),
        (2, validators, 0, Ok(())),
        (2, validators, 50, Ok(())),
        (2, validators, 60, Err(low)),
        (2, registered, 60, Err(low)),
        (3, validators, 0, Err(Denied::Listed)),
        (7, registered, 0, Err(Denied::Unregistered)),
        (8, validators, 60, Ok(())),
        (9, registered, 0, Err(Denied::Listed)),
    ];
    for (who, callers, minimum, expected) in cases {
        let judged = rules(callers, minimum).judge(&hotkey(who), Some(&subnet));
        assert_eq!(judged, expected, "{who} {callers:?} {minimum}");
    }
    // Nothing is known of anybody: the lists hold, and nobody else gets in.
    let rules = rules(registered, 0);
    assert_eq!(rules.judge(&hotkey(1), None), Err(Denied::Unknown));
    assert_eq!(rules.judge(&hotkey(8), None), Ok(()));
    assert_eq!(rules.judge(&hotkey(9), None), Err(Denied::Listed));
}

#[derive(Serialize, Deserialize)]
struct Ping {
    text: String,
}

impl Synapse for Ping {
    const NAME: &'static str = "Ping";
    const HASHED: &'static [&'static str] = &["text"];

    fn fields() -> Vec<Field> {
        vec![Field::required("text", FieldType::Str)]
    }
}

async fn pong(asked: Asked<Ping>) -> Result<Ping, Failure> {
    Ok(asked.synapse)
}

#[tokio::test]
async fn an_axon_lets_in_whom_the_chain_shows_as_validator_and_nobody_before_it_knows() {
    let (devnet, subnet) = Subnet::with(&["Validator", "Miner", "Other"], BlockProduction::OnDemand).await;
    subnet.permit(&devnet, "Validator").await;
    let cache = MetagraphCache::new(subnet.client.clone(), subnet.netuid, 1);
    let reader = cache.reader();
    let miner = subnet.hotkey("Miner");
    let registered = AccessRules {
        callers: Callers::Registered,
        ..AccessRules::default()
    };
    let access = MetagraphAccess::new(reader.clone(), AccessRules::default()).for_route("Open", registered);
    let axon = Axon::build(miner.clone(), AxonConfig::default())
        .access(access.clone())
        .route(Route::new(pong))
        .listen(&["127.0.0.1:0".parse().unwrap()])
        .await
        .unwrap();
    let target = Target {
        hotkey: miner.account(),
        address: axon.addresses()[0],
    };
    let ask = async |name: &'static str| {
        let ping = Ping {
            text: "hi".to_owned(),
        };
        let request = SynapseRequest::new(Ping::NAME, &ping, Duration::from_secs(10))
            .unwrap()
            .hashing(&Ping::fields())
            .unwrap();
        let pair = if name == "Stranger" {
            pair("//Stranger")
        } else {
            subnet.hotkey(name)
        };
        let reply = Dendrite::new(pair, DendriteConfig::default())
            .call(&target, &request)
            .await;
        match reply.outcome {
            Outcome::Answered(_) => "answered".to_owned(),
            Outcome::Refused(refusal) => {
                assert_eq!(refusal.kind, RefusalKind::Blacklisted);
                refusal.message
            }
            outcome => panic!("{outcome:?}"),
        }
    };
    let refused = ask("Validator").await;
    assert!(refused.contains("not known here yet"), "{refused}");

    let shutdown = Shutdown::new();
    let writing = tokio::spawn({
        let shutdown = shutdown.clone();
        async move { cache.run(shutdown).await }
    });
    reader.at_or_after(Block(1)).await.unwrap();
    assert_eq!(ask("Validator").await, "answered");
    let refused = ask("Other").await;
    assert!(refused.contains("no validator permit"), "{refused}");
    let refused = ask("Stranger").await;
    assert!(refused.contains("not registered"), "{refused}");

    // By route, and by stake.
    let caller = |account: AccountId| Caller {
        identity: Identity::Hotkey(account),
        dialect: Dialect::Btauth,
        standing: Standing::Claimed,
    };
    let (validator, other) = (
        caller(subnet.hotkey("Validator").account()),
        caller(subnet.hotkey("Other").account()),
    );
    assert!(access.admit(&other, "Ping").is_err());
    assert!(access.admit(&other, "Open").is_ok());
    assert!(access.priority(&validator).0 > access.priority(&other).0);
    shutdown.begin();
    writing.await.unwrap().unwrap();
    axon.stop().await;
    devnet.stop().await;
}
