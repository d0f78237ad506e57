"""Moves stake, sets child keys and swaps keys with bittensor 10.5 on a devnet; prints what became of each, one JSON
object a line.

Argument: the chain's URL. Alice is root and creates a subnet; Bob registers on it.
"""

import json
import sys

import bittensor as bt
from bittensor_wallet import Keypair


class Signer:
    """The least that the SDK takes for a wallet."""

    def __init__(self, name):
        self.name, self.hotkey_str = name, "default"
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(f"//{name}")
        self.hotkey = self.hotkeypub = Keypair.create_from_uri(f"//{name}//hotkey")

    def unlock_coldkey(self):
        return self.coldkey

    def unlock_hotkey(self):
        return self.hotkey


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


ALICE, BOB, EVE = Signer("Alice"), Signer("Bob"), Signer("Eve")
NETUID = 2
ALPHA = lambda amount: bt.Balance.from_tao(amount, netuid=NETUID)

with bt.Subtensor(network=sys.argv[1]) as chain:

    def done(step, response, **facts):
        say(step, success=response.success, message=str(response.message), **facts)

    def sudo(function, **arguments):
        call = chain.compose_call("AdminUtils", function, arguments)
        return chain.sign_and_send_extrinsic(chain.compose_call("Sudo", "sudo", {"call": call}), ALICE)

    def staked(who, on, netuid=NETUID):
        return chain.get_stake(who.coldkey.ss58_address, on.hotkey.ss58_address, netuid).rao

    def stakes():
        return {
            "alice": staked(ALICE, ALICE),
            "alice_on_bob": staked(ALICE, BOB),
            "bob_on_alice": staked(BOB, ALICE),
            "alice_on_root": staked(ALICE, ALICE, 0),
        }

    done("create", chain.register_subnet(ALICE))
    done("start", chain.start_call(ALICE, NETUID, wait_for_finalization=True))
    done("open root", sudo("sudo_set_subtoken_enabled", netuid=0, subtoken_enabled=True))
    done("register", chain.burned_register(BOB, NETUID))
    done("stake", chain.add_stake(ALICE, NETUID, ALICE.hotkey.ss58_address, bt.Balance.from_tao(100)))
    say("staked", **stakes())

    keys = (NETUID, ALICE.hotkey.ss58_address, NETUID, BOB.hotkey.ss58_address)
    done("move", chain.move_stake(ALICE, *keys, amount=ALPHA(10)))
    gift = (BOB.coldkey.ss58_address, ALICE.hotkey.ss58_address, NETUID, NETUID, ALPHA(7))
    done("transfer", chain.transfer_stake(ALICE, *gift))
    done("swap", chain.swap_stake(ALICE, ALICE.hotkey.ss58_address, NETUID, 0, ALPHA(5)))
    say("moved", **stakes())
    done("burn", chain.add_stake_burn(ALICE, NETUID, ALICE.hotkey.ss58_address, bt.Balance.from_tao(1)))
    say("fee", rao=chain.get_stake_movement_fee(NETUID, 0, ALPHA(5)).rao)

    done("auto stake", chain.set_auto_stake(BOB, NETUID, ALICE.hotkey.ss58_address))
    chosen = chain.get_auto_stakes(BOB.coldkey.ss58_address)
    say("auto stakes", chosen={str(netuid): hotkey for netuid, hotkey in chosen.items()})
    done("claim type", chain.set_root_claim_type(BOB, "Keep"))
    say("claim type read", kind=str(chain.get_root_claim_type(BOB.coldkey.ss58_address)))

    children = [(0.5, BOB.hotkey.ss58_address)]
    done("children", chain.set_children(ALICE, NETUID, ALICE.hotkey.ss58_address, children))
    waiting, block = chain.get_children_pending(ALICE.hotkey.ss58_address, NETUID)
    say("waiting", children=waiting, block=block)
    done("unstake all", chain.unstake_all(BOB, NETUID, ALICE.hotkey.ss58_address, rate_tolerance=None))
    say("left", **stakes())

    new = Keypair.create_from_uri("//Bob//other")
    swap = chain.compose_call(
        "SubtensorModule",
        "swap_hotkey_v2",
        {"hotkey": BOB.hotkey.ss58_address, "new_hotkey": new.ss58_address, "netuid": NETUID, "keep_stake": False},
    )
    done("swap hotkey", chain.sign_and_send_extrinsic(swap, BOB))
    say("seat", uid=chain.get_uid_for_hotkey_on_subnet(new.ss58_address, NETUID))

    done("early", chain.swap_coldkey_announced(BOB, EVE.coldkey.ss58_address))
    done("delay", sudo("sudo_set_coldkey_swap_announcement_delay", duration=0))
    done("announce", chain.announce_coldkey_swap(BOB, EVE.coldkey.ss58_address))
    announced = chain.get_coldkey_swap_announcement(BOB.coldkey.ss58_address)
    say("announced", hash=announced.new_coldkey_hash)
    done("blocked", chain.transfer(BOB, EVE.coldkey.ss58_address, bt.Balance.from_tao(1)))
    done("swap coldkey", chain.swap_coldkey_announced(BOB, EVE.coldkey.ss58_address))
    say("owner", coldkey=chain.get_hotkey_owner(new.ss58_address), eve=EVE.coldkey.ss58_address)
