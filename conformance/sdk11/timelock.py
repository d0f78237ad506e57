"""Timelock encryption as the SDK's core does it, with quicknet's round 1000, whose signature is known.

Arguments: the signature in hex, a hotkey's public key in hex, and a ciphertext of ours in hex. Prints one JSON object a
line: what the core encrypted, and what it opens.
"""

import json
import sys
import time

import bittensor_core as core

SIGNATURE, HOTKEY, OURS = sys.argv[1], bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
ROUND = 1000
GENESIS, PERIOD = 1_692_803_367, 3


def say(step, **facts):
    print(json.dumps({"step": step, **facts}))


def compact(length):
    """A SCALE length; the texts here are short."""
    assert length < 2**14
    return bytes([length << 2]) if length < 64 else (length << 2 | 1).to_bytes(2, "little")


wrapped, _ = core.encrypt_at_round(b"assay", ROUND)
say("text", wrapped=wrapped.hex())

# The commit's round follows from the time: with the right (negative) block time it is the known one. Half a period of
# slack on either side covers the time this takes.
blocks = 363
block_time = (GENESIS + ROUND * PERIOD + PERIOD / 2 - time.time()) / blocks
commit, commit_round = core.get_encrypted_commit_v2(
    uids=[0, 1],
    weights=[10, 20],
    version_key=7,
    last_epoch_block=0,
    pending_epoch_at=0,
    subnet_epoch_index=0,
    tempo=360,
    blocks_since_last_step=0,
    current_block=0,
    subnet_reveal_period_epochs=1,
    block_time=block_time,
    hotkey=HOTKEY,
)
say("commit", ciphertext=commit.hex(), round=commit_round)

envelope = compact(len(OURS)) + OURS + ROUND.to_bytes(8, "little")
say("opened", text=core.decrypt_with_signature(envelope, SIGNATURE).hex())
