"""An axon of bittensor 10.5 for a test to ask: /Echo, /Black, /Slow and, in pieces, /Tokens.

Says its port and hotkey in one line once it listens, and ends when its standard input does.
"""

import asyncio
import json
import os
import random
import socket
import sys
import time
from typing import ClassVar, Optional, Tuple

from bittensor import Axon, StreamingSynapse, Synapse
from bittensor_wallet import Keypair


class Signer:
    """The least that the axon takes for a wallet."""

    def __init__(self, uri):
        self.name, self.hotkey_str = "served", "default"
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(uri)
        self.hotkey = self.hotkeypub = Keypair.create_from_uri(f"{uri}//hotkey")


class Echo(Synapse):
    text: str
    n: int = 0
    tags: list[str] = []
    reply: Optional[str] = None
    required_hash_fields: ClassVar[tuple[str, ...]] = ("text", "n")


class Black(Echo):
    pass


class Slow(Synapse):
    seconds: float = 0.0


class Tokens(StreamingSynapse):
    prompts: list[str]
    required_hash_fields: ClassVar[tuple[str, ...]] = ("prompts",)

    async def process_streaming_response(self, response):
        yield b""

    def extract_response_json(self, response):
        return {}


async def echo(synapse: Echo) -> Echo:
    synapse.reply = "".join(reversed(synapse.text))
    return synapse


async def black(synapse: Black) -> Black:
    return synapse


# The axon compares signatures by equality: the older spelling of the type is the one that it wants.
async def refuse(synapse: Black) -> Tuple[bool, str]:
    return True, "not today"


async def slow(synapse: Slow) -> Slow:
    await asyncio.sleep(synapse.seconds)
    return synapse


async def tokens(synapse: Tokens):
    async def write(send):
        for prompt in synapse.prompts:
            await send({"type": "http.response.body", "body": prompt.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return synapse.create_streaming_response(write)


def free_port():
    """One that nobody listens on. The axon binds it a moment later, and silently listens nowhere if it cannot: so it is
    none of those that a connection may take for itself meanwhile, of which other tests open thousands."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    sys.exit("a hundred ports are taken")


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


signer, port = Signer("//Served"), free_port()
axon = Axon(wallet=signer, port=port, ip="127.0.0.1", external_ip="127.0.0.1", external_port=port)
axon.attach(echo).attach(black, blacklist_fn=refuse).attach(slow).attach(tokens).start()
until = time.monotonic() + 30
while not is_listening(port):
    if time.monotonic() > until:
        sys.exit(f"the axon does not listen on {port}")
    time.sleep(0.02)
print(json.dumps({"port": port, "hotkey": signer.hotkey.ss58_address}), flush=True)
sys.stdin.read()
# The axon's thread does not end by itself.
os._exit(0)
