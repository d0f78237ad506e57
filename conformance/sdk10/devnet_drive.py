"""Drives a devnet with bittensor 10.5 and prints what it sees, one JSON object a line.

Arguments: the chain's URL, the netuid whose metagraph to read, a recipient's address and an amount in TAO. Alice pays
and waits for finalization.
"""

import json
import sys

import bittensor as bt
from bittensor_wallet import Keypair

URL, NETUID, RECIPIENT, AMOUNT = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])


class Alice:
    """The least that the SDK takes for a wallet."""

    name, hotkey_str = "alice", "default"
    coldkey = coldkeypub = hotkey = hotkeypub = Keypair.create_from_uri("//Alice")

    def unlock_coldkey(self):
        return self.coldkey


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


with bt.Subtensor(network=URL) as chain:
    say("connect", block=chain.get_current_block(), fast=chain.is_fast_blocks())
    say("balance", rao=chain.get_balance(RECIPIENT).rao)
    metagraph = chain.metagraph(NETUID)
    say("metagraph", n=int(metagraph.n), hotkeys=list(metagraph.hotkeys), block=int(metagraph.block))
    result = chain.transfer(
        wallet=Alice(),
        destination_ss58=RECIPIENT,
        amount=bt.Balance.from_tao(AMOUNT),
        wait_for_finalization=True,
    )
    say("transfer", success=result.success, message=result.message)
    say("balance after", rao=chain.get_balance(RECIPIENT).rao)
    chain.wait_for_block(chain.get_current_block() + 2)
    say("waited", block=chain.get_current_block())
