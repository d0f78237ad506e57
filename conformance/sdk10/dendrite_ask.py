"""Asks an axon with the dendrite of bittensor 10.5 and prints what it made of each answer, one JSON object a line.

Arguments: address, port and hotkey of the axon, and a hotkey that is not its own.
"""

import asyncio
import codecs
import json
import os
import sys
from typing import ClassVar, List, Optional, Tuple

os.environ.setdefault("READ_ONLY", "1")

from bittensor.utils import networking

# A dendrite looks its public address up as it is made, and fails without the internet.
networking.get_external_ip = lambda: "203.0.113.7"

from bittensor.core.chain_data import AxonInfo
from bittensor.core.dendrite import Dendrite
from bittensor.core.stream import StreamingSynapse
from bittensor.core.synapse import Synapse
from bittensor_wallet import Keypair

IP, PORT, HOTKEY, OTHER = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
sys.argv = sys.argv[:1]


class Echo(Synapse):
    text: str
    n: int = 0
    tags: List[str] = []
    reply: Optional[str] = None
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("text", "n")


class EchoStream(StreamingSynapse):
    prompts: List[str]
    completion: str = ""
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("prompts",)

    async def process_streaming_response(self, response):
        decoder = codecs.getincrementaldecoder("utf-8")()
        async for part in response.content.iter_any():
            text = decoder.decode(part)
            self.completion += text
            yield text

    def extract_response_json(self, response):
        head = {name.decode().lower(): value.decode() for name, value in response.raw_headers}

        def terminal(prefix):
            fields = {name[len(prefix) :]: value for name, value in head.items() if name.startswith(prefix)}
            fields.pop("response_signature", None)
            return fields

        return {
            "name": head.get("name", ""),
            "timeout": float(head.get("timeout", 0)),
            "dendrite": terminal("bt_header_dendrite_"),
            "axon": terminal("bt_header_axon_"),
            "prompts": self.prompts,
            "completion": self.completion,
        }


class Nowhere(Synapse):
    pass


def axon(hotkey):
    return AxonInfo(version=10005000, ip=IP, port=PORT, ip_type=4, hotkey=hotkey, coldkey="")


async def main():
    alice, eve = (Dendrite(Keypair.create_from_uri(uri)) for uri in ("//Alice", "//Eve"))

    async def ask(step, dendrite, synapse, hotkey=HOTKEY, timeout=12.0):
        got = await dendrite.call(axon(hotkey), synapse, timeout=timeout, deserialize=False)
        said = {"status": got.dendrite.status_code, "message": got.dendrite.status_message}
        print(json.dumps({"step": step, **said, "reply": getattr(got, "reply", None)}) + "\n", end="")

    async def ask_stream(step, prompts):
        got = None
        async for part in alice.call_stream(axon(HOTKEY), EchoStream(prompts=prompts), deserialize=False):
            got = part
        said = {"status": got.dendrite.status_code, "message": got.dendrite.status_message}
        print(json.dumps({"step": step, **said, "reply": got.completion}) + "\n", end="")

    await ask_stream("stream", ["one ", "two", " ß"])
    await ask_stream("broken stream", ["one ", "fail", "two"])
    await ask("plain", alice, Echo(text="hello", n=3, tags=["a"]))
    await ask("unicode", alice, Echo(text="ß→'\"\n\u00a0𝄞", n=-7))
    await ask("long", alice, Echo(text="x" * 60_000))
    await ask("blacklisted", eve, Echo(text="hello"))
    await ask("other axon", alice, Echo(text="hello"), hotkey=OTHER)
    await ask("unknown", alice, Nowhere())
    await ask("slow", alice, Echo(text="sleep"), timeout=1.0)
    many = [alice.call(axon(HOTKEY), Echo(text=str(n), n=n), deserialize=False) for n in range(100)]
    answers = await asyncio.gather(*many)
    right = sum(answer.reply == str(n)[::-1] for n, answer in enumerate(answers))
    print(json.dumps({"step": "many", "right": right}))
    for dendrite in (alice, eve):
        await dendrite.aclose_session()


asyncio.run(main())
