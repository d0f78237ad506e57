"""Lives the life of a subnet with bittensor 11.3 and prints what it did and saw, one JSON object a line.

Argument: the chain's URL. Alice, who is also the chain's sudo, creates a subnet and owns it; Bob registers a miner
shielded, Charlie one by proof of work, Dave one in the open. Then come weights, serving, commitments, stake, identities,
hyperparameters, proxies, a multisig, and what must fail. A step that raises says so instead of ending the script.
"""

import asyncio
import json
import sys

import bittensor as bt
from bittensor import calls
from keys import Wallet

URL = sys.argv[1]

ALICE, BOB, CHARLIE, DAVE, EVE = (
    Wallet(f"//{name}", f"//{name}//hot") for name in ("Alice", "Bob", "Charlie", "Dave", "Eve")
)


def plain(value):
    """What the SDK returns, as JSON: amounts as rao, records as objects."""
    if isinstance(value, bt.Balance):
        return value.rao
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__ if name != "raw"}
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


async def step(name, awaitable):
    """Awaits one step and prints its result, or what it raised."""
    try:
        result = await awaitable
    except Exception as error:
        print(json.dumps({"step": name, "raised": type(error).__name__, "text": str(error)}))
        return None
    if isinstance(result, bt.ExtrinsicResult):
        error = result.error
        told = {
            "success": result.success,
            "message": result.message,
            "extrinsic": result.extrinsic_id,
            "fee": result.fee.rao if result.fee is not None else None,
            "data": plain(result.data),
            "error": None if error is None else {"code": str(error.code), "text": str(error)},
        }
        print(json.dumps({"step": name, **told}))
    else:
        print(json.dumps({"step": name, "value": plain(result)}))
    return result


async def admin(client, setter, **arguments):
    """Sends a call of root through sudo."""
    inner = await client.compose(getattr(calls.AdminUtils, setter)(**arguments))
    return await client.submit_call(calls.Sudo.sudo(call=inner), ALICE)


async def main():
    async with bt.Subtensor(URL) as client:
        await lives(client)


async def lives(client):
    # One key in the metadata's constants, one block a quarter second.
    await step("freeze", admin(client, "sudo_set_admin_freeze_window", window=0))
    await step("cost", client.read("subnet_registration_cost"))
    created = await step("create", client.execute(bt.RegisterSubnet(), ALICE))
    netuid = created.data["netuid"]
    await step("start", client.execute(bt.StartCall(netuid=netuid), ALICE))

    await step("register shielded", shielded(client, bt.BurnedRegister(netuid=netuid), BOB))
    charlie = CHARLIE.hotkey.ss58_address, CHARLIE.coldkey.ss58_address
    proof = await client.mine_pow_registration(netuid, *charlie, workers=1, max_seconds=60, backend="cpu")
    await step("register by work", client.execute(proof, CHARLIE))
    clear = calls.SubtensorModule.burned_register(netuid=netuid, hotkey=DAVE.hotkey.ss58_address)
    await step("register in clear", client.submit_call(clear, DAVE))
    await step("uid", client.read("uid", netuid=netuid, hotkey_ss58=BOB.hotkey.ss58_address))

    for name, value in {
        "sudo_set_commit_reveal_weights_enabled": {"enabled": False},
        "sudo_set_weights_set_rate_limit": {"weights_set_rate_limit": 0},
        "sudo_set_owner_hparam_rate_limit": {},
    }.items():
        arguments = {"netuid": netuid, **value} if value else {"epochs": 0}
        await step(name, admin(client, name, **arguments))
    await step("tempo", admin(client, "sudo_set_tempo", netuid=netuid, tempo=10))
    await step("sudo that fails", admin(client, "sudo_set_tempo", netuid=77, tempo=10))
    hyperparameter = bt.SetHyperparameter(netuid=netuid, name="immunity_period", value=77)
    await step("hyperparameter", client.execute(hyperparameter, ALICE))
    await step("hyperparameters", client.read("subnet_hyperparameters", netuid=netuid))

    stake = {"hotkey_ss58": ALICE.hotkey.ss58_address, "netuid": netuid}
    await step("stake shielded", shielded(client, bt.AddStake(**stake, amount_tao=10), ALICE))
    await step("stake in clear", client.execute(bt.AddStake(**stake, amount_tao=5), ALICE))
    await step("unstake", shielded(client, bt.RemoveStake(**stake, amount_alpha=3), ALICE))
    here = await client.at()
    await step("positions", here.staking.positions(ALICE.coldkey.ss58_address))
    await step("stake", here.read("stake", coldkey_ss58=ALICE.coldkey.ss58_address, **stake))

    await step("weights", client.execute(bt.SetWeights(netuid=netuid, uids=[0, 1], weights=[0.3, 0.7]), ALICE))
    await step("weights elsewhere", client.execute(bt.SetWeights(netuid=7, uids=[0], weights=[1.0]), ALICE))
    await step("weight rows", client.read("weights", netuid=netuid))
    await step("serve", client.execute(bt.ServeAxon(netuid=netuid, ip="203.0.113.7", port=8091), BOB))
    await step("serve unregistered", client.execute(bt.ServeAxon(netuid=netuid, ip="203.0.113.7", port=1), EVE))
    hello = calls.Commitments.set_commitment(netuid=netuid, info={"fields": [{"Raw5": b"hello"}]})
    await step("commit", client.submit_call(hello, BOB, signer="hotkey"))
    await step("commitments", client.subnets.commitments(netuid))

    await step("identity", client.execute(bt.SetIdentity(name="Ada", url="https://ada.example"), ALICE))
    await step("identity read", client.read("identity", coldkey_ss58=ALICE.coldkey.ss58_address))
    named = bt.SetSubnetIdentity(netuid=netuid, subnet_name="ore", description="assayed")
    await step("subnet identity", client.execute(named, ALICE))
    await step("subnet identity read", client.read("subnet_identity", netuid=netuid))
    await step("take", client.execute(bt.SetTake(take=0.1, hotkey_ss58=ALICE.hotkey.ss58_address), ALICE))
    await step("take read", client.read("delegate_take", hotkey_ss58=ALICE.hotkey.ss58_address))

    await keys(client, netuid)
    await proxies(client, netuid)
    await shared(client)

    await step("too much", client.execute(bt.Transfer(dest_ss58=BOB.coldkey.ss58_address, amount_tao=10**7), DAVE))
    stale = await client.compose(calls.Balances.transfer_keep_alive(dest=BOB.coldkey.ss58_address, value=1))
    await step("stale nonce", client._substrate.submit(stale, ALICE.coldkey, nonce=0))
    not_waited = bt.Transfer(dest_ss58=EVE.coldkey.ss58_address, amount_tao=1)
    await step("included only", client.execute(not_waited, ALICE, wait_for_finalization=False))
    await step(
        "not waited for",
        client.execute(not_waited, ALICE, wait_for_inclusion=False, wait_for_finalization=False),
    )

    await commits(client, netuid)
    await step("epoch status", client.read("epoch_status", netuid=netuid))
    head = await client.block()
    await step("waited for a block", client.wait_for_block(head + 2, timeout=30))
    await step("waited for an epoch", client.wait_for_epoch(netuid, timeout=60))
    metagraph = await step("metagraph", client.subnets.metagraph(netuid))
    print(json.dumps({"step": "at", "netuid": netuid, "block": metagraph.block}))
    await step("balance", client.balances.get(ALICE.coldkey.ss58_address, block=metagraph.block))
    await every_read(client, netuid)


async def shielded(client, intent, wallet, **options):
    """Submits shielded. The SDK counts one nonce for what takes two, and its next transaction would be refused once."""
    result = await client.submit_shielded(intent, wallet, **options)
    client._substrate.raw.clear_nonce_cache_for_account(wallet.coldkey.ss58_address)
    return result


async def keys(client, netuid):
    """Moves stake between hotkeys, names children, changes a miner's hotkey, and signs several calls at once."""
    alice, dave = ALICE.hotkey.ss58_address, DAVE.hotkey.ss58_address
    origin = {"origin_hotkey_ss58": alice, "origin_netuid": netuid}
    move = bt.MoveStake(**origin, dest_hotkey_ss58=dave, dest_netuid=netuid, amount_alpha=2)
    await step("move", shielded(client, move, ALICE))
    given = {"hotkey_ss58": alice, "origin_netuid": netuid, "dest_netuid": netuid, "amount_alpha": 1}
    give = bt.TransferStake(dest_coldkey_ss58=BOB.coldkey.ss58_address, **given)
    await step("give", shielded(client, give, ALICE))
    await step("given", client.read("stake", coldkey_ss58=BOB.coldkey.ss58_address, hotkey_ss58=alice, netuid=netuid))
    children = [[0.5, dave]]
    await step("children", client.execute(bt.SetChildren(netuid=netuid, children=children, hotkey_ss58=alice), ALICE))
    await step("children read", client.read("pending_children", netuid=netuid, hotkey_ss58=alice))
    await step("child take", client.execute(bt.SetChildkeyTake(netuid=netuid, take=0.05, hotkey_ss58=dave), DAVE))
    await step("auto stake", client.execute(bt.SetAutoStake(netuid=netuid, hotkey_ss58=dave), DAVE))
    await step("auto stake read", client.read("auto_stake_all", coldkey_ss58=DAVE.coldkey.ss58_address))
    await step("root", client.execute(bt.RootRegister(), ALICE))
    fresh = Wallet("//Charlie", "//Charlie//fresh").hotkey.ss58_address
    old = CHARLIE.hotkey.ss58_address
    await step("swap", client.execute(bt.SwapHotkey(new_hotkey_ss58=fresh, hotkey_ss58=old), CHARLIE))
    await step("swapped", client.read("uid", netuid=netuid, hotkey_ss58=fresh))
    several = [bt.Transfer(dest_ss58=EVE.coldkey.ss58_address, amount_tao=1), bt.AssociateHotkey(hotkey_ss58=fresh)]
    await step("batch", client.execute(bt.Batch(intents=several), CHARLIE))


async def proxies(client, netuid):
    """Eve may stake for Dave, and nothing else."""
    dave, eve = DAVE.coldkey.ss58_address, EVE.coldkey.ss58_address
    await step("proxy", client.execute(bt.AddProxy(delegate_ss58=eve, proxy_type="Staking"), DAVE))
    await step("proxies", client.read("proxies", coldkey_ss58=dave))
    stake = bt.AddStake(hotkey_ss58=DAVE.hotkey.ss58_address, netuid=netuid, amount_tao=5)
    await step("proxied stake", client.execute(stake, EVE, proxy_for=dave))
    await step("proxied shielded", shielded(client, stake, EVE, proxy_for=dave))
    transfer = bt.Transfer(dest_ss58=eve, amount_tao=1)
    await step("proxied transfer", client.execute(transfer, EVE, proxy_for=dave))
    await step("pure proxy", client.execute(bt.CreatePureProxy(proxy_type="Any"), DAVE))
    await step("proxy removed", client.execute(bt.RemoveProxy(delegate_ss58=eve, proxy_type="Staking"), DAVE))
    await step("removed proxy", client.execute(stake, EVE, proxy_for=dave))


async def commits(client, netuid):
    """The same weights where the subnet demands commits: the SDK encrypts them to the public beacon."""
    demanded = bt.SetHyperparameter(netuid=netuid, name="commit_reveal_weights_enabled", value=1)
    await step("demand commits", client.execute(demanded, ALICE))
    await step("commit weights", client.execute(bt.SetWeights(netuid=netuid, uids=[0, 1], weights=[0.5, 0.5]), ALICE))
    await step("open commits", client.read("timelocked_weight_commits", netuid=netuid))
    await step("weight rows later", client.read("weights", netuid=netuid))


async def shared(client):
    """Alice and Bob spend from an account of theirs and Charlie's."""
    members = [wallet.coldkey.ss58_address for wallet in (ALICE, BOB, CHARLIE)]
    account = await client.multisig(members, 2)
    await step("funded", client.execute(bt.Transfer(dest_ss58=account.address, amount_tao=10), ALICE))
    spend = calls.Balances.transfer_keep_alive(dest=EVE.coldkey.ss58_address, value=3 * 10**9)
    await step("first approval", account.approve(spend, ALICE))
    await step("half way", client.balances.get(account.address))
    await step("second approval", account.approve(spend, BOB))
    await step("spent", client.balances.get(account.address))


async def every_read(client, netuid):
    """All the SDK can read, with arguments that exist; the names of those that fail."""
    known = {
        "netuid": netuid,
        "netuids": [0, netuid],
        "uid": 0,
        "mechid": 0,
        "block": await client.block(),
        "amount_tao": 1.0,
        "amount_alpha": 1.0,
        "lease_id": 0,
        "crowdloan_id": 0,
        "call_hash": "0x" + "11" * 32,
        "account_ss58": BOB.coldkey.ss58_address,
        "lite": True,
        "coldkey_ss58": ALICE.coldkey.ss58_address,
        "coldkey_ss58s": [ALICE.coldkey.ss58_address],
        "hotkey_ss58": ALICE.hotkey.ss58_address,
        "hotkey_ss58s": [ALICE.hotkey.ss58_address],
    }
    failed, done = {}, []
    for entry in client.reads():
        arguments = {name: known[name] for name in entry["params"]}
        try:
            await client.read(entry["name"], **arguments)
            done.append(entry["name"])
        except Exception as error:
            failed[entry["name"]] = f"{type(error).__name__}: {error}"
    print(json.dumps({"step": "every read", "done": done, "failed": failed}))


asyncio.run(main())
