"""Takes a subnet through its life with bittensor 10.5: creation, registration, stake, endpoints, commitments, weights.

Argument: the chain's URL. Alice owns the subnet and is sudo, Bob is a miner; both have money. Prints one JSON object a
step: whether the SDK calls it a success, its message, and what the step is about. Amounts are in rao.
"""

import asyncio
import json
import sys

import bittensor as bt
from bittensor.core.extrinsics.sudo import sudo_call_extrinsic
from bittensor_wallet import Keypair

URL = sys.argv[1]


class Wallet:
    """The least that the SDK takes for a wallet."""

    hotkey_str = "default"

    def __init__(self, name):
        self.name = name
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(f"//{name}")
        self.hotkey = self.hotkeypub = Keypair.create_from_uri(f"//{name}//hotkey")

    def unlock_coldkey(self):
        return self.coldkey

    def unlock_hotkey(self):
        return self.hotkey


alice, bob, carol = Wallet("Alice"), Wallet("Bob"), Wallet("Carol")
tao = bt.Balance.from_tao


def say(step, **facts):
    # In one write and on a line of its own: the SDK logs from another thread to the same place.
    sys.stdout.write("\n" + json.dumps({"step": step, **facts}) + "\n")


def told(step, result, **facts):
    fee = result.extrinsic_fee.rao if result.extrinsic_fee is not None else None
    say(step, success=result.success, message=result.message, fee=fee, **facts)


def root(chain, function, **parameters):
    """A call of AdminUtils with root's rights."""
    return sudo_call_extrinsic(
        subtensor=chain,
        wallet=alice,
        call_module="AdminUtils",
        call_function=function,
        call_params=parameters,
        wait_for_inclusion=True,
        wait_for_finalization=True,
    )


def found(chain):
    """Creates the subnet, opens it, and gives it hyperparameters that a short test can live with."""
    told("register_subnet", chain.register_subnet(wallet=alice))
    netuid = max(chain.get_all_subnets_netuid())
    told("freeze window", root(chain, "sudo_set_admin_freeze_window", window=0))
    told("start_call", chain.start_call(wallet=alice, netuid=netuid))
    for function, parameters in (
        ("sudo_set_commit_reveal_weights_enabled", {"enabled": False}),
        ("sudo_set_weights_set_rate_limit", {"weights_set_rate_limit": 0}),
        ("sudo_set_serving_rate_limit", {"serving_rate_limit": 0}),
        ("sudo_set_tempo", {"tempo": 20}),
        ("sudo_set_immunity_period", {"immunity_period": 100}),
        ("sudo_set_min_burn", {"min_burn": 1_000_000}),
    ):
        told(function, root(chain, function, netuid=netuid, **parameters))
    say("netuid", netuid=netuid, active=chain.is_subnet_active(netuid))
    return netuid


def join(chain, netuid):
    told(
        "transfer",
        chain.transfer(wallet=alice, destination_ss58=carol.coldkey.ss58_address, amount=tao(1_000)),
        balance=chain.get_balance(carol.coldkey.ss58_address).rao,
    )
    told("burned_register", chain.burned_register(wallet=bob, netuid=netuid))
    told("register", chain.register(wallet=carol, netuid=netuid))
    told("root_register", chain.root_register(wallet=bob))
    again = chain.burned_register(wallet=bob, netuid=netuid)
    say("register again", success=again.success, message=again.message)
    uids = {name: chain.get_uid_for_hotkey_on_subnet(one.hotkey.ss58_address, netuid) for name, one in WALLETS.items()}
    say("uids", **uids)


WALLETS = {"alice": alice, "bob": bob, "carol": carol}


def stake(chain, netuid):
    hotkey = alice.hotkey.ss58_address
    own = {"wallet": alice, "netuid": netuid, "hotkey_ss58": hotkey}
    told("add_stake", chain.add_stake(**own, amount=tao(100)))
    told("add_stake safe", chain.add_stake(**own, amount=tao(10), safe_staking=True, rate_tolerance=0.5))
    too_tight = chain.add_stake(**own, amount=tao(10_000), safe_staking=True, rate_tolerance=0.0001)
    say("add_stake too tight", success=too_tight.success, message=too_tight.message)
    staked = chain.get_stake(alice.coldkey.ss58_address, hotkey, netuid)
    say("stake", rao=staked.rao)
    told("unstake", chain.unstake(**own, amount=bt.Balance.from_rao(5_000_000_000).set_unit(netuid)))
    told(
        "unstake safe",
        chain.unstake(
            **own,
            amount=bt.Balance.from_rao(1_000_000_000).set_unit(netuid),
            safe_unstaking=True,
            rate_tolerance=0.5,
        ),
    )
    say("stake after", rao=chain.get_stake(alice.coldkey.ss58_address, hotkey, netuid).rao)
    told(
        "add_stake_multiple",
        chain.add_stake_multiple(
            wallet=alice, netuids=[netuid], hotkey_ss58s=[bob.hotkey.ss58_address], amounts=[tao(7)]
        ),
    )


def serve(chain, netuid):
    axon = bt.Axon(wallet=bob, ip="127.0.0.1", port=8091, external_ip="10.1.2.3", external_port=8091)
    told("serve_axon", chain.serve_axon(netuid=netuid, axon=axon))
    neuron = chain.get_neuron_for_pubkey_and_subnet(bob.hotkey.ss58_address, netuid)
    say("axon", ip=neuron.axon_info.ip, port=neuron.axon_info.port, uid=neuron.uid)
    told("serve_axon again", chain.serve_axon(netuid=netuid, axon=axon))
    told("set_commitment", chain.set_commitment(wallet=bob, netuid=netuid, data="hello from ten"))
    uid = chain.get_uid_for_hotkey_on_subnet(bob.hotkey.ss58_address, netuid)
    say(
        "commitments",
        one=chain.get_commitment(netuid=netuid, uid=uid),
        all=chain.get_all_commitments(netuid=netuid),
    )


def weigh(chain, netuid):
    # The SDK calls weights set at block 0 too recent as well: it wants more than the limit of 0 blocks since then.
    chain.wait_for_block(chain.get_current_block() + 2)
    told("set_weights", chain.set_weights(wallet=alice, netuid=netuid, uids=[1, 2], weights=[0.25, 0.75]))
    say("weights", rows=chain.weights(netuid))
    missing = chain.set_weights(wallet=Wallet("Nobody"), netuid=netuid, uids=[1], weights=[1.0])
    say("set_weights unregistered", success=missing.success, message=missing.message)


def hide(chain, netuid):
    """Weights that are committed first and shown later, and weights encrypted to a round of the public beacon."""
    told("hide", root(chain, "sudo_set_commit_reveal_weights_enabled", netuid=netuid, enabled=True))
    hidden = {"wallet": alice, "netuid": netuid, "uids": [1, 2], "weights": [13107, 65535], "salt": [7, 11, 13]}
    # Early in an epoch, so that the next call comes in the same one.
    chain.wait_for_block(chain.get_next_epoch_start_block(netuid) + 1)
    told("commit_weights", chain.commit_weights(**hidden, wait_for_inclusion=True, wait_for_finalization=True))
    early = chain.reveal_weights(**hidden, max_attempts=1)
    say("reveal_weights early", success=early.success, message=early.message)
    chain.wait_for_block(chain.get_next_epoch_start_block(netuid) + 1)
    told("reveal_weights", chain.reveal_weights(**hidden, max_attempts=1))
    say("revealed", rows=chain.weights(netuid))
    told("set_weights hidden", chain.set_weights(wallet=alice, netuid=netuid, uids=[1], weights=[1.0]))
    commits = chain.get_timelocked_weight_commits(netuid)
    say("timelocked", hotkeys=[commit[0] for commit in commits], rounds=[commit[3] for commit in commits])
    told("show", root(chain, "sudo_set_commit_reveal_weights_enabled", netuid=netuid, enabled=False))


def shield(chain, netuid):
    """Stake through the MEV shield: the chain gets it encrypted, and runs it once it is in a block."""
    hotkey = alice.hotkey.ss58_address
    before = chain.get_stake(alice.coldkey.ss58_address, hotkey, netuid).rao
    told(
        "add_stake shielded",
        chain.add_stake(wallet=alice, netuid=netuid, hotkey_ss58=hotkey, amount=tao(3), mev_protection=True),
    )
    say("shielded", added=chain.get_stake(alice.coldkey.ss58_address, hotkey, netuid).rao - before)


async def asynchronously(netuid):
    async with bt.AsyncSubtensor(network=URL) as chain:
        told(
            "transfer async",
            await chain.transfer(wallet=alice, destination_ss58=carol.coldkey.ss58_address, amount=tao(1)),
        )
        told(
            "set_weights async",
            await chain.set_weights(wallet=alice, netuid=netuid, uids=[1, 2], weights=[0.5, 0.5]),
        )
        say("weights async", rows=await chain.weights(netuid))


def describe(chain, netuid):
    told(
        "set_subnet_identity",
        chain.set_subnet_identity(
            wallet=alice,
            netuid=netuid,
            subnet_identity=bt.SubnetIdentity(
                subnet_name="ten",
                github_repo="https://example.org/ten",
                subnet_contact="ten@example.org",
                subnet_url="https://example.org",
                logo_url="https://example.org/logo.png",
                discord="ten",
                description="a subnet of the old client",
                additional="",
            ),
        ),
    )
    told("set_delegate_take", chain.set_delegate_take(wallet=bob, hotkey_ss58=bob.hotkey.ss58_address, take=0.1))
    say("take", share=chain.get_delegate_take(bob.hotkey.ss58_address))


with bt.Subtensor(network=URL) as chain:
    netuid = found(chain)
    join(chain, netuid)
    stake(chain, netuid)
    shield(chain, netuid)
    serve(chain, netuid)
    weigh(chain, netuid)
    hide(chain, netuid)
    asyncio.run(asynchronously(netuid))
    describe(chain, netuid)
    last = chain.get_current_block() + 2
    say("wait_for_block", reached=chain.wait_for_block(last), block=chain.get_current_block() >= last)
    say(
        "done",
        netuid=netuid,
        coldkey=alice.coldkey.ss58_address,
        hotkey=bob.hotkey.ss58_address,
        block=chain.get_current_block(),
    )
