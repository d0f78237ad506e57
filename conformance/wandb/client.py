"""Brings a run to a server as a validator of the seed does: one line of JSON with the run's name.

    client.py FOLDER NUMBER_OF_STEPS

The server and the key are those of WANDB_BASE_URL and WANDB_API_KEY.
"""

import json
import sys

import wandb

folder, steps = sys.argv[1], int(sys.argv[2])
run = wandb.init(
    project="openvalidators",
    entity="opentensor-dev",
    tags=["1.2.0", "netuid_1"],
    config={"netuid": 1, "neuron": {"sample_size": 10}},
    dir=folder,
)
for step in range(steps):
    run.log({"step": step, "block": 4_100_000 + step, "rewards": [0.25, 0.5, None], "best": "Two."})
name = run.id
run.finish()
print(json.dumps({"run": name}))
