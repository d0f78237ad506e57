"""Prints what bittensor 10.5 makes of scores: one JSON object a case, as vectors/weights/sdk10.jsonl holds them.

Run without arguments. The cases are the same at every run.
"""

import json
import random

import bittensor
import numpy as np
from bittensor.utils.weight_utils import (
    convert_weights_and_uids_for_emit,
    normalize_max_weight,
    process_weights,
)

# Its warnings would come between the lines.
bittensor.logging.off()


def show(kind, **fields):
    print(json.dumps({kind: fields}))


def process(weights, quantile, minimum, limit, neurons=None, uids=None):
    neurons = len(weights) if neurons is None else neurons
    uids = list(range(len(weights))) if uids is None else uids
    kept, shares = process_weights(
        uids=np.array(uids, dtype=np.int64),
        weights=np.array(weights, dtype=np.float32),
        num_neurons=neurons,
        min_allowed_weights=minimum,
        max_weight_limit=limit,
        exclude_quantile=quantile,
    )
    emit_uids, values = convert_weights_and_uids_for_emit(kept, shares)
    show(
        "process",
        weights=weights,
        uids=uids,
        neurons=neurons,
        exclude_quantile=quantile,
        min_allowed=minimum,
        max_weight=limit,
        kept=kept.tolist(),
        shares=[float(share) for share in shares],
        emitted=[[uid, value] for uid, value in zip(emit_uids, values)],
    )


def limited(weights, limit):
    shares = normalize_max_weight(np.array(weights, dtype=np.float64), limit)
    show("limit", weights=weights, limit=limit, shares=[float(share) for share in shares])


def emitted(weights, uids):
    uids_out, values = convert_weights_and_uids_for_emit(
        np.array(uids, dtype=np.int64), np.array(weights, dtype=np.float64)
    )
    show("emit", weights=weights, uids=uids, emitted=[[uid, value] for uid, value in zip(uids_out, values)])


USUAL = [0, 0.1, 0.2, 0.05, 0.4, 0.25]
HALF = 32768

process(USUAL, 0, 1, 1.0)
process(USUAL, 0, 1, 0.3)
process(USUAL, HALF, 1, 1.0)
process(USUAL, 58982, 3, 1.0)
process(USUAL, 6554, 2, 0.25)
process(USUAL, 0, 6, 1.0)
process(USUAL, 0, 10, 1.0)
process([0.0] * 6, 0, 1, 1.0)
process([0, 0, 0, 1, 0, 0], 0, 3, 0.5)
process([0.9, 0.05, 0.03, 0.02], 0, 1, 0.3)
# Equal weights at the quantile itself.
process([0.2] * 5, HALF, 1, 1.0)
process([0.1, 0.1, 0.3, 0.3, 0.2], HALF, 2, 1.0)

limited([0.9, 0.05, 0.03, 0.02, 0], 0.4)
limited([0.9, 0.05, 0.03, 0.02], 0.25)
limited([0, 0, 0], 0.5)
limited([5, 4, 3, 2, 1, 1, 1], 0.2)

emitted([0.000001, 0.5, 1], [7, 8, 9])
emitted([0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3])
# Halves go to the even neighbour.
emitted([2.5, 4.5, 0.5, 1.5, 65535], [0, 1, 2, 3, 4])

random.seed(20261129)
for _ in range(60):
    count = random.randint(2, 64)
    weights = [round(random.random() ** 3, 6) if random.random() < 0.7 else 0.0 for _ in range(count)]
    process(
        weights,
        random.choice([0, 0, 6553, HALF, 65535]),
        random.randint(1, max(1, count // 2)),
        random.choice([1.0, 0.5, 0.2, 0.1, 0.05]),
    )
