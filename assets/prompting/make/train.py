"""Trains the demonstration's models on the small world: `train.py OUT [ROLE...]`, where OUT is `assets/prompting`.

Every model is of the family that the originals use and has some hundred thousand weights. Each role is trained by itself, on
one thread, from a fixed seed; `reciprocate` begins with the weights of `dpo`, `dahoas` with those of `reciprocate`. Each
prints what it can do, on exchanges that it was not trained with.
"""

import sys
import time

import torch

import encoders
import judges
import language
from learning import OUT

ROLES = dict(
    miner=language.miner,
    dpo=language.dpo,
    reciprocate=judges.reciprocate,
    dahoas=judges.dahoas,
    rlhf=judges.rlhf,
    bert=encoders.bert,
    mpnet=encoders.mpnet,
    nsfw=encoders.nsfw,
    gating=language.gating,
)

if __name__ == "__main__":
    torch.set_num_threads(1)  # The same numbers wherever it runs, and two roles can be trained side by side.
    OUT.mkdir(parents=True, exist_ok=True)
    for role in sys.argv[2:] or ROLES:
        began = time.time()
        ROLES[role]()
        print(f"{role} took {time.time() - began:.0f} s", flush=True)
