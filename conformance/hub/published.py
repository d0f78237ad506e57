"""What the dataset library and the hub's client make of a dataset that was built and published by us.

    published.py FOLDER REPO
"""

import os
import sys
from pathlib import Path

from datasets import load_dataset
from huggingface_hub import DatasetCard

from peer import say

work, repo = Path(sys.argv[1]), sys.argv[2]
token = os.environ["MINER_TOKEN"]

loaded = load_dataset(repo, cache_dir=str(work / "cache"), token=token)
for name, split in loaded.items():
    streamed = load_dataset(repo, split=name, streaming=True, token=token)
    rows = split.to_list()
    say(split=name, rows=rows, streamed=list(streamed) == rows, columns=split.column_names)

card = DatasetCard.load(repo, token=token)
(config,) = card.data.configs
say(
    license=card.data.license,
    title=card.data.pretty_name,
    size=card.data.size_categories,
    tags=card.data.tags,
    config=config["config_name"],
    files={entry["split"]: entry["path"] for entry in config["data_files"]},
    heading=next(line for line in card.text.splitlines() if line),
)
