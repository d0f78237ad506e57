"""Sends a shielded transfer with bittensor 10.5 and prints what came of it, one JSON object a line.

Arguments: the chain's URL, a recipient's address and an amount in TAO. Alice pays.
"""

import json
import sys

import bittensor as bt
from bittensor_wallet import Keypair

URL, RECIPIENT, AMOUNT = sys.argv[1], sys.argv[2], float(sys.argv[3])


class Alice:
    """The least that the SDK takes for a wallet."""

    name, hotkey_str = "alice", "default"
    coldkey = coldkeypub = hotkey = hotkeypub = Keypair.create_from_uri("//Alice")

    def unlock_coldkey(self):
        return self.coldkey


with bt.Subtensor(network=URL) as chain:
    before = chain.get_balance(RECIPIENT).rao
    result = chain.transfer(
        wallet=Alice(),
        destination_ss58=RECIPIENT,
        amount=bt.Balance.from_tao(AMOUNT),
        mev_protection=True,
    )
    print(
        json.dumps(
            {
                "step": "shielded transfer",
                "success": result.success,
                "message": result.message,
                "before": before,
                "after": chain.get_balance(RECIPIENT).rao,
            }
        )
    )
