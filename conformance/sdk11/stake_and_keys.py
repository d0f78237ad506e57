"""Moves stake, sets child keys and swaps keys with bittensor 11.3 on a devnet; prints what became of each, one JSON
object a line.

Argument: the chain's URL. Alice is root and creates a subnet; Bob registers on it.
"""

import asyncio
import json
import sys

import bittensor as bt
from bittensor import intents
from bittensor.sp_core import Keypair


class Signer:
    """The least that the SDK takes for a wallet."""

    def __init__(self, name):
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(f"//{name}")
        self.hotkey = Keypair.create_from_uri(f"//{name}//hotkey")


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


ALICE, BOB, EVE = Signer("Alice"), Signer("Bob"), Signer("Eve")
ON_ALICE, ON_BOB = ALICE.hotkey.ss58_address, BOB.hotkey.ss58_address
NETUID = 2


async def main():
    async with bt.Subtensor(sys.argv[1]) as client:

        async def do(step, intent, who):
            result = await client.execute(intent, who)
            say(step, success=result.success, error=str(result.error), name=getattr(result.error, "name", None))

        await do("create", intents.RegisterSubnet(hotkey_ss58=ON_ALICE), ALICE)
        await do("start", intents.StartCall(netuid=NETUID), ALICE)
        await do("stake", intents.AddStake(hotkey_ss58=ON_ALICE, netuid=NETUID, amount_tao=20), ALICE)
        await do("associate", intents.AssociateHotkey(hotkey_ss58=ON_BOB), BOB)

        move = {"origin_netuid": NETUID, "dest_netuid": NETUID}
        move["amount_alpha"] = 5
        await do("move", intents.MoveStake(origin_hotkey_ss58=ON_ALICE, dest_hotkey_ss58=ON_BOB, **move), ALICE)
        gift = {"dest_coldkey_ss58": BOB.coldkey.ss58_address, "hotkey_ss58": ON_ALICE, **move}
        await do("transfer", intents.TransferStake(**gift), ALICE)
        await do("give away", intents.TransferStake(dest_hotkey_ss58=ON_BOB, **gift), ALICE)
        await do("unstake all", intents.UnstakeAll(hotkey_ss58=ON_BOB), ALICE)

        children = [[0.5, ON_BOB]]
        await do("children", intents.SetChildren(netuid=NETUID, children=children, hotkey_ss58=ON_ALICE), ALICE)
        await do("take", intents.SetChildkeyTake(netuid=NETUID, take=0.1, hotkey_ss58=ON_ALICE), ALICE)
        await do("symbol", intents.UpdateSymbol(netuid=NETUID, symbol="\u03c9"), ALICE)

        new = Keypair.create_from_uri("//Alice//other").ss58_address
        await do("swap hotkey", intents.SwapHotkey(new_hotkey_ss58=new, hotkey_ss58=ON_ALICE), ALICE)
        await do("announce", intents.AnnounceColdkeySwap(new_coldkey_ss58=EVE.coldkey.ss58_address), BOB)
        blocked = bt.Transfer(dest_ss58=EVE.coldkey.ss58_address, amount_tao=1)
        await do("blocked", blocked, BOB)
        await do("early", intents.SwapColdkeyAnnounced(new_coldkey_ss58=EVE.coldkey.ss58_address), BOB)


asyncio.run(main())
