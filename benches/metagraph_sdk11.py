"""The peer's side of the metagraph benchmark: bittensor 11 reads a subnet several times over one connection.

Arguments: the node's URL and the subnet. Prints the best time in milliseconds as one JSON line.
"""

import asyncio
import json
import sys
import time

import bittensor as bt

READS = 10


async def main():
    url, netuid = sys.argv[1], int(sys.argv[2])
    best, neurons = float("inf"), 0
    async with bt.Subtensor(url) as client:
        for _ in range(READS):
            began = time.perf_counter()
            metagraph = await client.subnets.metagraph(netuid)
            best = min(best, time.perf_counter() - began)
            neurons = len(metagraph.hotkeys)
    print(json.dumps({"best_ms": best * 1e3, "neurons": neurons, "version": bt.__version__}))


asyncio.run(main())
