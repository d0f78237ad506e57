"""Asks a prompting miner with the dendrite of bittensor 10.5; one JSON object a line.

Arguments: address, port and hotkey of the axon, the prompt, and what is wanted: "words", whole and streamed, or "inference",
the model's tokens with their log-probabilities.
"""

import asyncio
import codecs
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
from bittensor.core.stream import StreamingSynapse
from bittensor.core.synapse import Synapse
from bittensor_wallet import Keypair

IP, PORT, HOTKEY, PROMPT, WANTED = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5]
sys.argv = sys.argv[:1]


class Prompting(Synapse):
    roles: List[str]
    messages: List[str]
    completion: str = ""
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("messages",)


class StreamPrompting(StreamingSynapse):
    roles: List[str]
    messages: List[str]
    completion: str = ""
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("messages",)

    async def process_streaming_response(self, response):
        decoder = codecs.getincrementaldecoder("utf-8")()
        async for part in response.content.iter_any():
            text = decoder.decode(part)
            self.completion += text
            yield text

    def extract_response_json(self, response):
        return {"roles": self.roles, "messages": self.messages, "completion": self.completion}


class Inference(Synapse):
    roles: List[str]
    messages: List[str]
    max_tokens: int
    top: int
    completion: str = ""
    tokens: List[str] = []
    top_logprobs: List[Dict[str, float]] = []
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("messages",)


async def words(dendrite, axon, asked):
    got = await dendrite.call(axon, Prompting(**asked), timeout=12.0, deserialize=False)
    told = {"step": "whole", "status": got.dendrite.status_code, "completion": got.completion}
    print(json.dumps(told), flush=True)

    uneven = Prompting(roles=["user", "user"], messages=[PROMPT])
    got = await dendrite.call(axon, uneven, timeout=12.0, deserialize=False)
    told = {"step": "uneven", "status": got.axon.status_code, "message": got.axon.status_message}
    print(json.dumps(told), flush=True)

    stream = dendrite.call_stream(axon, StreamPrompting(**asked), timeout=12.0, deserialize=False)
    pieces = 0
    async for piece in stream:
        if isinstance(piece, str):
            pieces += 1
        else:
            told = {"step": "streamed", "pieces": pieces, "completion": piece.completion}
            print(json.dumps(told), flush=True)


async def inference(dendrite, axon, asked):
    for step, top in [("answer", 5), ("much", 500)]:
        synapse = Inference(max_tokens=40, top=top, **asked)
        got = await dendrite.call(axon, synapse, timeout=60.0, deserialize=False)
        told = {
            "step": step,
            "status": got.axon.status_code,
            "completion": got.completion,
            "tokens": got.tokens,
            "top_logprobs": got.top_logprobs,
        }
        print(json.dumps(told), flush=True)


async def main():
    dendrite = Dendrite(Keypair.create_from_uri("//Alice"))
    axon = AxonInfo(version=10005000, ip=IP, port=PORT, ip_type=4, hotkey=HOTKEY, coldkey="")
    ask = {"words": words, "inference": inference}[WANTED]
    await ask(dendrite, axon, {"roles": ["user"], "messages": [PROMPT]})
    await dendrite.aclose_session()


asyncio.run(main())
