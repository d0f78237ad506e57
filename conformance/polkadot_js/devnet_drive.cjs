// Drives a devnet with polkadot.js and prints what it sees, one JSON object a line.
//
// Arguments: the chain's URL, and a netuid whose owner is Alice with the hotkey //Alice//owner and which has a second
// neuron. Alice pays and is sudo. Numbers of more than 53 bits are printed as text.

"use strict";

const { ApiPromise, Keyring, WsProvider } = require("@polkadot/api");

const [url, netuid] = [process.argv[2], Number(process.argv[3])];

function say(step, facts) {
  console.log(JSON.stringify({ step, ...facts }));
}

/** Submits and follows a transaction to the end; what happened, and the error by its name in the metadata. */
function follow(api, transaction, signer, options = {}) {
  return new Promise((resolve, reject) => {
    const stages = [];
    transaction
      .signAndSend(signer, options, (result) => {
        stages.push(result.status.type);
        if (result.isError) reject(new Error(result.status.type));
        if (!result.status.isFinalized) return;
        const events = result.events.map(({ event }) => `${event.section}.${event.method}`);
        let error = null;
        if (result.dispatchError) {
          error = result.dispatchError.toString();
          if (result.dispatchError.isModule) {
            const found = api.registry.findMetaError(result.dispatchError.asModule);
            error = `${found.section}.${found.name}`;
          }
        }
        const paid = result.events.find(({ event }) => api.events.transactionPayment.TransactionFeePaid.is(event));
        resolve({
          stages,
          events,
          error,
          index: result.txIndex,
          block: result.status.asFinalized.toHex(),
          hash: result.txHash.toHex(),
          fee: paid.event.data.actualFee.toString(),
          records: result.events,
        });
      })
      .catch(reject);
  });
}

/** The first `count` values that a subscription brings. */
function take(subscribe, count) {
  return new Promise((resolve, reject) => {
    const values = [];
    let end = null;
    subscribe((value) => {
      if (values.length < count) values.push(value);
      if (values.length === count) {
        if (end) end();
        resolve(values);
      }
    })
      .then((unsubscribe) => {
        end = unsubscribe;
        if (values.length === count) end();
      })
      .catch(reject);
  });
}

async function reads(api, keys) {
  const { alice } = keys;
  say("connect", {
    metadata: api.runtimeMetadata.version,
    genesis: api.genesisHash.toHex(),
    spec: api.runtimeVersion.specVersion.toNumber(),
    name: api.runtimeVersion.specName.toString(),
    chain: api.runtimeChain.toString(),
    prefix: api.registry.chainSS58,
    decimals: api.registry.chainDecimals,
    tokens: api.registry.chainTokens,
    slot: api.consts.aura.slotDuration.toNumber(),
    deposit: api.consts.balances.existentialDeposit.toNumber(),
    peers: (await api.rpc.system.health()).peers.toNumber(),
  });
  const account = await api.query.system.account(alice.address);
  say("account", { free: account.data.free.toString(), nonce: account.nonce.toNumber() });

  const networks = await api.query.subtensorModule.networksAdded.entries();
  const keysPaged = [];
  for (;;) {
    const page = await api.query.system.account.keysPaged({ args: [], pageSize: 3, startKey: keysPaged.at(-1)?.toHex() });
    keysPaged.push(...page);
    if (page.length < 3) break;
  }
  const whole = await api.query.system.account.entries();
  say("entries", {
    netuids: networks.filter(([, added]) => added.isTrue).map(([key]) => key.args[0].toNumber()).sort((a, b) => a - b),
    paged: keysPaged.map((key) => key.args[0].toString()),
    whole: whole.map(([key]) => key.args[0].toString()),
  });
  const uids = await api.query.subtensorModule.uids.entries(netuid);
  say("uids", Object.fromEntries(uids.map(([key, uid]) => [key.args[1].toString(), uid.unwrap().toNumber()])));

  const [tempo, burn, owner, nobody] = await api.queryMulti([
    [api.query.subtensorModule.tempo, netuid],
    [api.query.subtensorModule.burn, netuid],
    [api.query.subtensorModule.subnetOwner, netuid],
    [api.query.subtensorModule.uids, [netuid, keys.stranger.address]],
  ]);
  say("multi", { tempo: tempo.toNumber(), burn: burn.toString(), owner: owner.toString(), nobody: nobody.isNone });

  const nonce = await api.call.accountNonceApi.accountNonce(alice.address);
  const graph = (await api.call.subnetInfoRuntimeApi.getMetagraph(netuid)).unwrap();
  const price = await api.call.swapRuntimeApi.currentAlphaPrice(netuid);
  say("runtime apis", {
    nonce: nonce.toNumber(),
    price: price.toString(),
    hotkeys: graph.hotkeys.map(String),
    coldkeys: graph.coldkeys.map(String),
    stake: graph.totalStake.map((stake) => stake.unwrap().toString()),
    registered: graph.blockAtRegistration.map((block) => block.unwrap().toNumber()),
  });
}

async function subscriptions(api) {
  const heads = await take((got) => api.rpc.chain.subscribeNewHeads(got), 3);
  say("heads", { numbers: heads.map((head) => head.number.toNumber()), hash: heads[0].hash.toHex() });
  const finals = await take((got) => api.rpc.chain.subscribeFinalizedHeads(got), 2);
  say("final heads", { numbers: finals.map((head) => head.number.toNumber()) });
  const best = await take((got) => api.derive.chain.bestNumber(got), 2);
  say("best", { numbers: best.map((number) => number.toNumber()) });
}

async function transactions(api, keys) {
  const { alice, bob, owner, stranger } = keys;
  const transfer = api.tx.balances.transferKeepAlive(stranger.address, 2_500_000_000);
  const info = await transfer.paymentInfo(alice);
  const seen = take((got) => api.query.system.account(stranger.address, got), 2);
  const moved = await follow(api, transfer, alice);
  say("transfer", {
    ...moved,
    records: undefined,
    estimate: info.partialFee.toString(),
    balances: (await seen).map((account) => account.data.free.toString()),
  });

  const header = await api.rpc.chain.getHeader(moved.block);
  const before = await (await api.at(header.parentHash)).query.system.account(stranger.address);
  const after = await (await api.at(moved.block)).query.system.account(stranger.address);
  const body = await api.rpc.chain.getBlock(moved.block);
  say("history", {
    before: before.data.free.toString(),
    after: after.data.free.toString(),
    method: body.block.extrinsics[moved.index].method.toHuman().method,
  });

  const weights = api.tx.subtensorModule.setWeights(netuid, [0, 1], [32_768, 65_535], 0);
  const set = await follow(api, weights, owner);
  const row = await api.query.subtensorModule.weights(netuid, 0);
  say("weights", { ...set, records: undefined, row: row.map(([uid, value]) => [uid.toNumber(), value.toNumber()]) });

  const refused = await follow(api, api.tx.subtensorModule.startCall(netuid), alice);
  const docs = api.errors.subtensorModule[refused.error.split(".")[1]]?.meta.docs.join(" ");
  say("failing call", { error: refused.error, events: refused.events, docs });

  const set_tempo = api.tx.adminUtils.sudoSetTempo(netuid, 77);
  const stranger_to_sudo = await follow(api, api.tx.sudo.sudo(set_tempo), bob);
  const sudone = await follow(api, api.tx.sudo.sudo(set_tempo), alice);
  const { event } = sudone.records.find((record) => api.events.sudo.Sudid.is(record.event));
  say("sudo", {
    refused: stranger_to_sudo.error,
    error: sudone.error,
    result: event.data.sudoResult.isOk,
    tempo: (await api.query.subtensorModule.tempo(netuid)).toNumber(),
  });

  const stale = await api.tx.system.remark("0x00").signAndSend(alice, { nonce: 0 }).catch((error) => String(error));
  say("bad nonce", { error: String(stale) });

  const dry = api.tx.balances.transferKeepAlive(stranger.address, 1_000_000_000);
  const dry_too_much = api.tx.balances.transferKeepAlive(stranger.address, 10n ** 18n);
  const would = await dry.dryRun(alice);
  const would_not = await dry_too_much.dryRun(alice);
  say("dry run", {
    ok: would.isOk && would.asOk.isOk,
    failure: would_not.isOk && would_not.asOk.isErr ? would_not.asOk.asErr.type : would_not.toString(),
    balance: (await api.query.system.account(stranger.address)).data.free.toString(),
  });

  const batch = api.tx.utility.batchAll([
    api.tx.balances.transferKeepAlive(stranger.address, 1_000),
    api.tx.balances.transferKeepAlive(stranger.address, 2_000),
  ]);
  const batched = await follow(api, batch, alice, { tip: 7 });
  const half = api.tx.utility.batch([
    api.tx.balances.transferKeepAlive(stranger.address, 4_000),
    api.tx.balances.transferKeepAlive(stranger.address, 10n ** 18n),
  ]);
  const interrupted = await follow(api, half, alice);
  say("batch", {
    error: batched.error,
    events: batched.events,
    interrupted: interrupted.events,
    balance: (await api.query.system.account(stranger.address)).data.free.toString(),
  });

  // Several at once, each with the nonce after the one before.
  const first = (await api.rpc.system.accountNextIndex(bob.address)).toNumber();
  const at_once = await Promise.all(
    [1, 2, 3].map((amount, place) => {
      const nonce = first + place;
      return follow(api, api.tx.balances.transferKeepAlive(stranger.address, amount), bob, { nonce });
    }),
  );
  const pending = await api.rpc.author.pendingExtrinsics();
  say("at once", { errors: at_once.map((result) => result.error), pending: pending.length });
}

async function main() {
  const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
  const keyring = new Keyring({ type: "sr25519", ss58Format: 42 });
  const keys = {
    alice: keyring.addFromUri("//Alice"),
    bob: keyring.addFromUri("//Bob"),
    owner: keyring.addFromUri("//Alice//owner"),
    stranger: keyring.addFromUri("//Stranger"),
  };
  await reads(api, keys);
  await subscriptions(api);
  await transactions(api, keys);
  await api.disconnect();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
