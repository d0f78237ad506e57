"""Asks an axon again and again with the dendrite of bittensor 10.5 and prints what that took and cost, one JSON object.

Arguments: port and hotkey of the axon, how many calls at one time, how many in all, and the bytes of their text.
"""

import asyncio
import importlib.metadata
import json
import os
import resource
import sys
import time
from typing import ClassVar, List, Optional, Tuple

os.environ.setdefault("READ_ONLY", "1")

from bittensor.utils import networking

# A dendrite looks its public address up as it is made, and fails without the internet.
networking.get_external_ip = lambda: "203.0.113.7"

from bittensor.core.chain_data import AxonInfo
from bittensor.core.dendrite import Dendrite
from bittensor.core.synapse import Synapse
from bittensor_wallet import Keypair

PORT, HOTKEY = int(sys.argv[1]), sys.argv[2]
CONCURRENCY, CALLS, BYTES = (int(text) for text in sys.argv[3:6])
sys.argv = sys.argv[:1]

TEXT = ("0123456789abcdef" * (BYTES // 16 + 1))[:BYTES]
REPLY = TEXT[::-1]


class Echo(Synapse):
    text: str
    n: int = 0
    tags: List[str] = []
    reply: Optional[str] = None
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("text", "n")


def cpu_seconds():
    """Of this process, and of children whose end it has seen."""
    of = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in of)


async def main():
    dendrite = Dendrite(Keypair.create_from_uri("//Alice"))
    axon = AxonInfo(version=10005000, ip="127.0.0.1", port=PORT, ip_type=4, hotkey=HOTKEY, coldkey="")

    async def ask(numbers):
        latencies = []
        for n in numbers:
            began = time.perf_counter()
            got = await dendrite.call(axon, Echo(text=TEXT, n=n), timeout=60.0, deserialize=False)
            latencies.append(time.perf_counter() - began)
            if got.dendrite.status_code != 200 or got.reply != REPLY:
                sys.exit(f"call {n}: {got.dendrite.status_code} {got.dendrite.status_message}")
        return latencies

    async def ask_from_all_sides(numbers):
        return sum(await asyncio.gather(*(ask(numbers) for _ in range(CONCURRENCY))), [])

    await ask_from_all_sides(range(1))
    cpu, began = cpu_seconds(), time.perf_counter()
    latencies = sorted(await ask_from_all_sides(range(1, -(-CALLS // CONCURRENCY) + 1)))
    seconds, cpu = time.perf_counter() - began, cpu_seconds() - cpu

    def at(percent):
        return latencies[min(len(latencies) * percent // 100, len(latencies) - 1)] * 1e3

    measured = {
        "requests": len(latencies),
        "seconds": seconds,
        "p50_ms": at(50),
        "p99_ms": at(99),
        "cpu_seconds": cpu,
        "peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "version": importlib.metadata.version("bittensor"),
    }
    print(json.dumps(measured), flush=True)
    await dendrite.aclose_session()


asyncio.run(main())
