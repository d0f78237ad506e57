"""Asks a prompting miner, with the dendrite of bittensor 10.5, to run its model and tell log-probabilities; one JSON object a
line.

Arguments: address, port and hotkey of the axon, and the prompt.
"""

import asyncio
import json
import os
import sys
from typing import ClassVar, Dict, List, Tuple

os.environ.setdefault("READ_ONLY", "1")

from bittensor.utils import networking

# A dendrite looks its public address up as it is made, and fails without the internet.
networking.get_external_ip = lambda: "203.0.113.7"

from bittensor.core.chain_data import AxonInfo
from bittensor.core.dendrite import Dendrite
from bittensor.core.synapse import Synapse
from bittensor_wallet import Keypair

IP, PORT, HOTKEY, PROMPT = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.argv = sys.argv[:1]


class Inference(Synapse):
    roles: List[str]
    messages: List[str]
    max_tokens: int
    top: int
    completion: str = ""
    tokens: List[str] = []
    top_logprobs: List[Dict[str, float]] = []
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("messages",)


async def main():
    dendrite = Dendrite(Keypair.create_from_uri("//Alice"))
    axon = AxonInfo(version=10005000, ip=IP, port=PORT, ip_type=4, hotkey=HOTKEY, coldkey="")
    asked = {"roles": ["user"], "messages": [PROMPT], "max_tokens": 40}

    got = await dendrite.call(axon, Inference(top=5, **asked), timeout=60.0, deserialize=False)
    told = {
        "step": "answer",
        "status": got.dendrite.status_code,
        "completion": got.completion,
        "tokens": got.tokens,
        "top_logprobs": got.top_logprobs,
    }
    print(json.dumps(told), flush=True)

    got = await dendrite.call(axon, Inference(top=500, **asked), timeout=60.0, deserialize=False)
    print(json.dumps({"step": "much", "status": got.axon.status_code}), flush=True)
    await dendrite.aclose_session()


asyncio.run(main())
