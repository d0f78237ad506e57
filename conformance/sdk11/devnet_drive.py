"""Drives a devnet with bittensor 11.3 and prints what it sees, one JSON object a line.

Arguments: the chain's URL, the netuid whose metagraph to read, a recipient's address and an amount in TAO. Alice pays
and waits for finalization; the recipient's balance is read before and after, and at the block before.
"""

import asyncio
import json
import sys

import bittensor as bt
from bittensor.sp_core import Keypair

URL, NETUID, RECIPIENT, AMOUNT = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])


class Alice:
    """The least that the SDK takes for a wallet: a coldkey, its public half and a hotkey."""

    coldkey = coldkeypub = hotkey = Keypair.create_from_uri("//Alice")


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


async def main():
    async with bt.Subtensor(URL) as client:
        say("connect", block=await client.block(), block_time=await client.block_time())
        before = await client.balances.get(RECIPIENT)
        say("balance", rao=before.rao)

        metagraph = await client.subnets.metagraph(NETUID)
        say(
            "metagraph",
            netuid=metagraph.netuid,
            block=metagraph.block,
            tempo=metagraph.tempo,
            hotkeys=metagraph.hotkeys,
            coldkeys=metagraph.coldkeys,
            uids=[neuron.uid for neuron in metagraph.neurons],
        )
        say("no metagraph", found=await client.subnets.metagraph(4095) is not None)

        result = await client.execute(bt.Transfer(dest_ss58=RECIPIENT, amount_tao=AMOUNT), Alice())
        say(
            "transfer",
            success=result.success,
            message=result.message,
            block_hash=result.block_hash,
            extrinsic=result.extrinsic_id,
            fee=result.fee.rao,
        )
        included = int(result.extrinsic_id.split("-")[0])
        after = await client.balances.get(RECIPIENT)
        say(
            "balances",
            after=after.rao,
            before=(await client.balances.get(RECIPIENT, block=included - 1)).rao,
        )

        too_much = await client.execute(bt.Transfer(dest_ss58=RECIPIENT, amount_tao=50_000_000), Alice())
        say("too much", success=too_much.success, error=str(too_much.error))

        heads = []
        async for header in client.blocks():
            heads.append(header.number)
            if len(heads) == 3:
                break
        say("heads", numbers=heads)


asyncio.run(main())
