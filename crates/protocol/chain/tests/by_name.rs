//! Whatever has no method of its own: calls, storage, constants and runtime APIs by name, in JSON.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod devnet;

use assay_chain::{
    Alpha, Call, ChainError, Child, Existence, Fill, Identity, NetUid, Rao, StakePlace, StorageEntry,
    SubnetIdentity, WeightRow, Zeros,
};
use assay_devnet::BlockProduction;
use devnet::{Subnet, pair};
use jsonrpsee::{core::client::ClientT, rpc_params, ws_client::WsClientBuilder};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn a_call_in_json_is_the_same_call_byte_for_byte() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let bob = pair("//Bob").account();
    let row = WeightRow::from_scores(&[(assay_chain::Uid(1), 1.0)], Zeros::Explicit).unwrap();
    let place = StakePlace {
        hotkey: bob,
        netuid: NetUid(2),
    };
    let transfer = Call::transfer(&bob, Rao(5), Existence::KeepAlive);
    let transfer_json = json!({ "Balances": { "transfer_keep_alive": { "dest": bob, "value": 5 } } });
    let same = [
        (
            transfer.clone(),
            "Balances",
            "transfer_keep_alive",
            json!({ "dest": bob.to_hex(), "value": "5" }),
        ),
        (
            transfer.clone(),
            "Balances",
            "transfer_keep_alive",
            json!([bob, 5]),
        ),
        (transfer.sudo(), "Sudo", "sudo", json!({ "call": transfer_json })),
        (
            Call::batch_all(&[transfer.clone(), transfer.clone()]),
            "Utility",
            "batch_all",
            json!({ "calls": [transfer_json, transfer_json] }),
        ),
        (
            Call::set_weights(NetUid(2), &row, 7),
            "SubtensorModule",
            "set_weights",
            json!({ "netuid": 2, "dests": [1], "weights": [65535], "version_key": 7 }),
        ),
        (
            Call::remove_stake_full_limit(place, None),
            "SubtensorModule",
            "remove_stake_full_limit",
            json!({ "hotkey": bob, "netuid": 2 }),
        ),
        (
            Call::set_children(
                &bob,
                NetUid(2),
                &[Child {
                    hotkey: bob,
                    share: u64::MAX,
                }],
            ),
            "SubtensorModule",
            "set_children",
            json!({ "hotkey": bob, "netuid": 2, "children": [[u64::MAX, bob]] }),
        ),
        (
            Call::set_commitment(NetUid(2), "hello").unwrap(),
            "Commitments",
            "set_commitment",
            json!({ "netuid": 2, "info": { "fields": [{ "Raw5": "hello" }] } }),
        ),
    ];
    for (typed, pallet, name, arguments) in same {
        let by_name = client.call_from_json(pallet, name, &arguments).await.unwrap();
        assert_eq!(
            client.call_bytes(&by_name).await.unwrap(),
            client.call_bytes(&typed).await.unwrap(),
            "{pallet}.{name}"
        );
    }
}

#[tokio::test]
async fn what_bytes_say_is_told_before_anybody_signs_them() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let (alice, bob) = (pair("//Alice"), pair("//Bob").account());
    let inner = json!({ "Balances": { "transfer_keep_alive": { "dest": bob, "value": 5 } } });
    let call = client
        .call_from_json("Utility", "batch_all", &json!({ "calls": [inner, inner] }))
        .await
        .unwrap();
    let bytes = client.call_bytes(&call).await.unwrap();
    let bare = client.decode_transaction(&bytes).await.unwrap();
    assert_eq!((bare.hash, bare.length, &bare.signed), (None, bytes.len(), &None));
    let told = serde_json::to_value(&bare).unwrap();
    let transfer = json!({ "pallet": "Balances", "name": "transfer_keep_alive", "arguments": { "dest": bob, "value": 5 } });
    let batch =
        json!({ "pallet": "Utility", "name": "batch_all", "arguments": { "calls": [transfer, transfer] } });
    assert_eq!(told["call"], batch);

    // A block's extrinsics: a signed one, and the one that its author put in. Both are told as the block tells them,
    // with and without their length in front.
    let receipt = client.submit(&alice, &call).await.unwrap();
    let included = receipt.finalized().await.unwrap();
    let contents = client.at_block(included.block).block_contents().await.unwrap();
    let node = WsClientBuilder::default().build(devnet.url()).await.unwrap();
    let block: Json = node
        .request("chain_getBlock", rpc_params![included.block.hash.to_string()])
        .await
        .unwrap();
    let extrinsics = block["block"]["extrinsics"].as_array().unwrap();
    for (text, record) in extrinsics.iter().zip(&contents.extrinsics) {
        let whole = hex::decode(text.as_str().unwrap().trim_start_matches("0x")).unwrap();
        // The lengths of 1 to 63 bytes and of 64 to 16383.
        let prefix = if whole[0] % 4 == 0 { 1 } else { 2 };
        for bytes in [&whole[..], &whole[prefix..]] {
            let read = client.decode_transaction(bytes).await.unwrap();
            assert_eq!(read.hash, Some(record.hash));
            assert_eq!(read.length, record.length);
            assert_eq!(read.signed, record.signed);
            assert_eq!(Some(read.call), record.call);
        }
    }
    let signed = contents.extrinsics[included.index as usize]
        .signed
        .as_ref()
        .unwrap();
    assert_eq!(signed.account, Some(alice.account()));
    assert_eq!(signed.nonce, Some(receipt.nonce().into()));
}

#[tokio::test]
async fn bytes_that_are_no_transaction_are_refused_whatever_they_are() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let transfer = Call::transfer(&pair("//Bob").account(), Rao(5), Existence::KeepAlive);
    let bytes = client.call_bytes(&transfer).await.unwrap();
    let batch = client.call_bytes(&Call::batch_all(&[])).await.unwrap();
    // A batch of a batch of a batch …: three bytes a level, for as long as one likes.
    let one = 4;
    let deep = [batch[0], batch[1], one].repeat(500_000);
    let mut framed_deep = vec![0x84];
    framed_deep.extend(&deep);
    let longer = [&bytes[..], &[0]].concat();
    let short = &bytes[..bytes.len() - 1];
    let wrong: [&[u8]; 7] = [&[], &[0x84], &[0xff; 40], short, &longer, &deep, &framed_deep];
    for bytes in wrong {
        let error = client.decode_transaction(bytes).await.unwrap_err();
        assert!(matches!(error, ChainError::NotATransaction { .. }), "{error}");
        let said = format!("the {} bytes are neither", bytes.len());
        assert!(error.to_string().starts_with(&said), "{error}");
    }
    let error = client.decode_transaction(&longer).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(cause, "1 bytes are left over");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place_before_anything_is_sent() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let refused = async |pallet: &str, name: &str, arguments: Json| {
        client.call_from_json(pallet, name, &arguments).await.unwrap_err()
    };
    let error = refused(
        "Balances",
        "transfer_keep_alive",
        json!({ "dest": "Bob", "value": 5 }),
    )
    .await;
    assert!(matches!(error, ChainError::Argument(_)), "{error}");
    assert!(
        error.to_string().starts_with("dest: expected one of Id"),
        "{error}"
    );
    let error = refused(
        "Balances",
        "transfer_keep_alive",
        json!({ "dest": pair("//Bob").account() }),
    )
    .await;
    assert!(error.to_string().starts_with("value: expected"), "{error}");
    let error = refused("Balances", "mint", json!({})).await;
    assert!(error.to_string().contains("no call Balances.mint"), "{error}");
    let error = client.constant_json("Balances", "Deposit").unwrap_err();
    assert!(
        error.to_string().contains("no constant Balances.Deposit"),
        "{error}"
    );
    let snapshot = client.pin().await.unwrap();
    let error = snapshot
        .storage_json("System", "Account", &[json!(1)])
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("keys[0]: expected"), "{error}");
    let error = snapshot
        .runtime_api_json("SwapRuntimeApi", "price", &json!([]))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("no runtime API SwapRuntimeApi.price"),
        "{error}"
    );
}

#[tokio::test]
async fn storage_constants_and_apis_are_read_as_the_chain_has_them() {
    let devnet = devnet::devnet(BlockProduction::OnDemand).await;
    let client = devnet::client(&devnet).await;
    let subnet = Subnet::create(&client).await;
    let netuid = subnet.netuid.0;
    let alice = pair("//Alice").account();
    let snapshot = client.pin().await.unwrap();

    let account = snapshot
        .storage_json("System", "Account", &[json!(alice)])
        .await
        .unwrap();
    let balance = snapshot.balance(&alice).await.unwrap();
    assert_eq!(account["nonce"], balance.nonce);
    assert_eq!(account["data"]["free"], balance.free.0);
    // Nothing is stored: the entry's default.
    let tempo = snapshot
        .storage_json("SubtensorModule", "Tempo", &[json!(999)])
        .await
        .unwrap();
    assert_eq!(tempo, 360);
    assert_eq!(
        snapshot
            .storage_json("SubtensorModule", "Uids", &[json!(netuid), json!(alice)])
            .await
            .unwrap(),
        Json::Null
    );

    // A map under its first key, and one whole key.
    let owner = subnet.owner.account();
    let slots = snapshot
        .storage_entries_json("SubtensorModule", "Uids", &[json!(netuid)], 10)
        .await
        .unwrap();
    let expected = StorageEntry {
        keys: vec![json!(netuid), json!(owner)],
        value: json!(0),
    };
    assert_eq!(slots, std::slice::from_ref(&expected));
    let whole = snapshot
        .storage_entries_json("SubtensorModule", "Uids", &[json!(netuid), json!(owner)], 10)
        .await
        .unwrap();
    assert_eq!(whole, [expected]);
    let two = snapshot
        .storage_entries_json("System", "Account", &[], 2)
        .await
        .unwrap();
    assert_eq!(two.len(), 2, "no more than were asked for");

    assert_eq!(
        client.constant_json("Balances", "ExistentialDeposit").unwrap(),
        client.existential_deposit().unwrap().0
    );
    let price = snapshot
        .runtime_api_json(
            "SwapRuntimeApi",
            "current_alpha_price",
            &json!({ "netuid": netuid }),
        )
        .await
        .unwrap();
    assert_eq!(price, snapshot.alpha_price(subnet.netuid).await.unwrap().0);
    let metagraph = snapshot
        .runtime_api_json("SubnetInfoRuntimeApi", "get_metagraph", &json!([netuid]))
        .await
        .unwrap();
    assert_eq!(metagraph["hotkeys"], json!([owner]));
    assert_eq!(metagraph["owner_coldkey"], json!(subnet.owner.coldkey.account()));
}

#[tokio::test]
async fn every_call_that_the_client_makes_has_the_arguments_that_the_runtime_wants() {
    let devnet = devnet::devnet(BlockProduction::Manual).await;
    let client = devnet::client(&devnet).await;
    let (bob, netuid, limit) = (pair("//Bob").account(), NetUid(2), Rao(5));
    let place = StakePlace { hotkey: bob, netuid };
    let amount = Alpha(7);
    let calls = [
        Call::add_stake_limit(place, Rao(9), limit, Fill::Whole),
        Call::remove_stake_limit(place, amount, limit, Fill::Partial),
        Call::remove_stake_full_limit(place, Some(limit)),
        Call::unstake_all(&bob),
        Call::unstake_all_alpha(&bob),
        Call::move_stake(place, place, amount),
        Call::transfer_stake(place, &bob, netuid, amount),
        Call::swap_stake(place, netuid, amount),
        Call::swap_stake_limit(place, netuid, amount, limit, Fill::Whole),
        Call::recycle_alpha(place, amount),
        Call::burn_alpha(place, amount),
        Call::root_register(&bob),
        Call::try_associate_hotkey(&bob),
        Call::set_childkey_take(&bob, netuid, 1),
        Call::increase_take(&bob, 1),
        Call::decrease_take(&bob, 1),
        Call::swap_hotkey(&bob, &bob, None),
        Call::swap_hotkey(&bob, &bob, Some(netuid)),
        Call::announce_coldkey_swap(&bob),
        Call::swap_coldkey_announced(&bob),
        Call::set_auto_stake(netuid, &bob),
        Call::set_identity(&Identity::default()),
        Call::set_subnet_identity(netuid, &SubnetIdentity::default()),
        Call::transfer(&bob, Rao(1), Existence::KeepAlive).for_account(&bob),
        Call::add_proxy(&bob, "Staking", 0),
        Call::remove_proxy(&bob, "Staking", 0),
        Call::remove_proxies(),
    ];
    for call in calls {
        let bytes = client.call_bytes(&call).await;
        assert!(bytes.is_ok(), "{}: {}", call.title(), bytes.unwrap_err());
    }
}
