"""A prompting miner on bittensor 10.5, as the subnet's own miners were written: registers nothing, serves its axon on chain,
and answers by looking the words of a question up in its context.

Arguments: the chain's address, the subnet, the derivation paths of its coldkey and its hotkey, address and port of its axon.
Says its hotkey in one line once it serves, and ends when its standard input does.
"""

import json
import os
import re
import socket
import sys
import time
from typing import ClassVar, List, Tuple

from bittensor import Axon, Subtensor, Synapse
from bittensor_wallet import Keypair

CHAIN, NETUID, COLDKEY, HOTKEY, IP, PORT = sys.argv[1:7]
sys.argv = sys.argv[:1]


class Signer:
    """The least that the axon takes for a wallet."""

    def __init__(self):
        self.name, self.hotkey_str = "miner", "default"
        self.coldkey = self.coldkeypub = Keypair.create_from_uri(COLDKEY)
        self.hotkey = self.hotkeypub = Keypair.create_from_uri(HOTKEY)

    def unlock_hotkey(self):
        return self.hotkey

    def unlock_coldkey(self):
        return self.coldkey


class Prompting(Synapse):
    roles: List[str]
    messages: List[str]
    completion: str = ""
    required_hash_fields: ClassVar[Tuple[str, ...]] = ("messages",)


def words(text):
    return set(re.findall(r"[a-z]{4,}", text.lower()))


def complete(message):
    """Sentences of the context: the first two for a summary, one for a question, the likest one for an answer."""
    context = message.split("\n\n")[0]
    sentences = [found.strip() + "." for found in context.split(".") if found.strip()]
    if "ummar" in message:
        return " ".join(sentences[:2])
    if "Question:" not in message:
        return f"What else is there to know of this: {sentences[0]}"
    asked = words(message.rsplit("Question:", 1)[-1])
    likest = max(sentences, key=lambda sentence: len(words(sentence) & asked), default="")
    return f"The text tells it where it says that {likest}"


async def forward(synapse: Prompting) -> Prompting:
    synapse.completion = complete(synapse.messages[-1])
    return synapse


async def blacklist(synapse: Prompting) -> Tuple[bool, str]:
    return synapse.dendrite.hotkey is None, "nobody"


async def priority(synapse: Prompting) -> float:
    return 0.0


def is_listening(port):
    with socket.socket() as probe:
        return probe.connect_ex((IP, port)) == 0


signer, port = Signer(), int(PORT)
axon = Axon(wallet=signer, port=port, ip=IP, external_ip=IP, external_port=port)
axon.attach(forward, blacklist, priority).start()
until = time.monotonic() + 30
while not is_listening(port):
    if time.monotonic() > until:
        sys.exit(f"the axon does not listen on {port}")
    time.sleep(0.02)
subtensor = Subtensor(network=CHAIN)
served = subtensor.serve_axon(netuid=int(NETUID), axon=axon, wait_for_inclusion=True, wait_for_finalization=False)
if not getattr(served, "success", served):
    sys.exit(f"the axon is not served: {served}")
print(json.dumps({"hotkey": signer.hotkey.ss58_address}), flush=True)
sys.stdin.read()
# The axon's thread does not end by itself.
os._exit(0)
