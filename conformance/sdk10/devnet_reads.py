"""Reads everything of a subnet with bittensor 10.5 at one block, first one after the other, then all at once with the
asynchronous client, and prints one JSON object a read.

Arguments: the chain's URL, the subnet, the owner's coldkey, and a hotkey that is registered, has stake, a commitment
and an endpoint. Amounts are in rao. Each object has the read's name, its value, and whether the asynchronous client saw
the same.
"""

import asyncio
import dataclasses
import datetime
import enum
import json
import math
import sys

import bittensor as bt
import numpy

URL, NETUID, COLDKEY, HOTKEY = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
STRANGER = "5DAAnrj7VHTznn2AWBemMuyBwZWs6FNFjdyVXUeYum3PTXFy"

# Name of the method, its arguments.
READS = [
    ("all_subnets", {}),
    ("blocks_since_last_step", {"netuid": NETUID}),
    ("blocks_since_last_update", {"netuid": NETUID, "uid": 0}),
    ("blocks_until_next_epoch", {"netuid": NETUID}),
    ("bonds", {"netuid": NETUID}),
    ("commit_reveal_enabled", {"netuid": NETUID}),
    ("difficulty", {"netuid": NETUID}),
    ("does_hotkey_exist", {"hotkey_ss58": HOTKEY}),
    ("get_admin_freeze_window", {}),
    ("get_all_commitments", {"netuid": NETUID}),
    ("get_all_metagraphs_info", {}),
    ("get_all_revealed_commitments", {"netuid": NETUID}),
    ("get_all_subnets_info", {}),
    ("get_all_subnets_netuid", {}),
    ("get_balance", {"address": COLDKEY}),
    ("get_children", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_children_pending", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_commitment", {"netuid": NETUID, "uid": 1}),
    ("get_commitment_metadata", {"netuid": NETUID, "hotkey_ss58": HOTKEY}),
    ("get_delegate_by_hotkey", {"hotkey_ss58": HOTKEY}),
    ("get_delegate_identities", {}),
    ("get_delegate_take", {"hotkey_ss58": HOTKEY}),
    ("get_delegated", {"coldkey_ss58": COLDKEY}),
    ("get_delegates", {}),
    ("get_epoch_schedule_state", {"netuid": NETUID}),
    ("get_existential_deposit", {}),
    ("get_hotkey_owner", {"hotkey_ss58": HOTKEY}),
    ("get_last_bonds_reset", {"netuid": NETUID, "hotkey_ss58": HOTKEY}),
    ("get_mechanism_count", {"netuid": NETUID}),
    ("get_mechanism_emission_split", {"netuid": NETUID}),
    ("get_metagraph_info", {"netuid": NETUID}),
    ("get_minimum_required_stake", {}),
    ("get_netuids_for_hotkey", {"hotkey_ss58": HOTKEY}),
    ("get_neuron_certificate", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_neuron_for_pubkey_and_subnet", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_next_epoch_start_block", {"netuid": NETUID}),
    ("get_owned_hotkeys", {"coldkey_ss58": COLDKEY}),
    ("get_owner_hyperparam_rate_limit", {}),
    ("get_parents", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_revealed_commitment", {"netuid": NETUID, "uid": 1}),
    ("get_root_claim_type", {"coldkey_ss58": COLDKEY}),
    ("get_stake", {"coldkey_ss58": COLDKEY, "hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("get_stake_for_coldkey_and_hotkey", {"coldkey_ss58": COLDKEY, "hotkey_ss58": HOTKEY}),
    ("get_stake_info_for_coldkey", {"coldkey_ss58": COLDKEY}),
    ("get_stake_weight", {"netuid": NETUID}),
    ("get_staking_hotkeys", {"coldkey_ss58": COLDKEY}),
    ("get_start_call_delay", {}),
    ("get_subnet_burn_cost", {}),
    ("get_subnet_hyperparameters", {"netuid": NETUID}),
    ("get_subnet_info", {"netuid": NETUID}),
    ("get_subnet_owner_hotkey", {"netuid": NETUID}),
    ("get_subnet_price", {"netuid": NETUID}),
    ("get_subnet_prices", {}),
    ("get_subnet_reveal_period_epochs", {"netuid": NETUID}),
    ("get_subnet_validator_permits", {"netuid": NETUID}),
    ("get_timelocked_weight_commits", {"netuid": NETUID}),
    ("get_timestamp", {}),
    ("get_total_subnets", {}),
    ("get_uid_for_hotkey_on_subnet", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("immunity_period", {"netuid": NETUID}),
    ("is_hotkey_delegate", {"hotkey_ss58": HOTKEY}),
    ("is_hotkey_registered", {"hotkey_ss58": HOTKEY, "netuid": NETUID}),
    ("is_hotkey_registered_any", {"hotkey_ss58": STRANGER}),
    ("is_subnet_active", {"netuid": NETUID}),
    ("last_drand_round", {}),
    ("max_weight_limit", {"netuid": NETUID}),
    ("min_allowed_weights", {"netuid": NETUID}),
    ("neuron_for_uid", {"uid": 1, "netuid": NETUID}),
    ("neurons", {"netuid": NETUID}),
    ("neurons_lite", {"netuid": NETUID}),
    ("query_identity", {"coldkey_ss58": COLDKEY}),
    ("recycle", {"netuid": NETUID}),
    ("subnet", {"netuid": NETUID}),
    ("subnet_exists", {"netuid": NETUID}),
    ("subnetwork_n", {"netuid": NETUID}),
    ("tempo", {"netuid": NETUID}),
    ("tx_rate_limit", {}),
    ("weights", {"netuid": NETUID}),
    ("weights_rate_limit", {"netuid": NETUID}),
]

# Reads of the present: they take no block.
WITHOUT_BLOCK = {"get_minimum_required_stake", "last_drand_round"}

METAGRAPH = (
    "n block stake alpha_stake tao_stake consensus validator_trust incentive emission dividends active "
    "last_update validator_permit uids hotkeys coldkeys bonds weights"
).split()


def plain(value):
    """The value as JSON has it."""
    if isinstance(value, bt.Balance):
        return value.rao
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "value_object"):
        # Some of its methods hand out what the codec gives.
        return plain(value.value)
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(plain(key)): plain(found) for key, found in value.items()}
    if isinstance(value, numpy.ndarray):
        return plain(value.tolist())
    if isinstance(value, (list, tuple, set)):
        return [plain(found) for found in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, numpy.generic):
        return value.item()
    if hasattr(value, "__dict__") and not isinstance(value, (str, int, bool)):
        return {name: plain(found) for name, found in vars(value).items() if not name.startswith("_")}
    return value


def metagraph(found):
    return {name: plain(getattr(found, name)) for name in METAGRAPH} | {
        "axons": [{"ip": axon.ip, "port": axon.port, "hotkey": axon.hotkey} for axon in found.axons]
    }


def arguments(name, given, block):
    return given if name in WITHOUT_BLOCK else {**given, "block": block}


async def all_at_once(block):
    async with bt.AsyncSubtensor(network=URL) as chain:
        values = await asyncio.gather(
            *(getattr(chain, name)(**arguments(name, given, block)) for name, given in READS)
        )
        found = {name: plain(value) for (name, _), value in zip(READS, values)}
        for lite in (True, False):
            found[f"metagraph lite={lite}"] = metagraph(await chain.metagraph(NETUID, lite=lite, block=block))
        return found


def one_by_one(chain, block):
    found = {name: plain(getattr(chain, name)(**arguments(name, given, block))) for name, given in READS}
    for lite in (True, False):
        found[f"metagraph lite={lite}"] = metagraph(chain.metagraph(NETUID, lite=lite, block=block))
    return found


def say(step, value, same, **facts):
    # In one write and on a line of its own: the SDK logs from another thread to the same place.
    sys.stdout.write("\n" + json.dumps({"step": step, "value": value, "same": same, **facts}) + "\n")


with bt.Subtensor(network=URL) as chain:
    block = chain.get_current_block()
    say("block", block, True, hash=chain.get_block_hash(block))
    slow = one_by_one(chain, block)
    quick = asyncio.run(all_at_once(block))
    for name, value in slow.items():
        say(name, value, value == quick[name])
