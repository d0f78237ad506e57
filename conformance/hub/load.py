"""What the dataset library loads from the hub, and pushes to it."""

import os
import sys
from pathlib import Path

from datasets import Dataset, load_dataset

from peer import api, say

work = Path(sys.argv[1])
token = os.environ["MINER_TOKEN"]
hub = api(token)
repo = "miner/ore"
hub.create_repo(repo, repo_type="dataset")
rows = [
    '{"system": "Be brief.", "conversations": [{"role": "user", "content": "Two and two?"}, {"role": "assistant", "content": "Four."}]}',
    '{"system": null, "conversations": [{"role": "user", "content": "Größe?"}, {"role": "assistant", "content": "Groß."}]}',
]
first = hub.upload_file(
    path_or_fileobj=("\n".join(rows) + "\n").encode(), path_in_repo="data.jsonl", repo_id=repo, repo_type="dataset"
)
hub.upload_file(path_or_fileobj=(rows[0] + "\n").encode(), path_in_repo="data.jsonl", repo_id=repo, repo_type="dataset")

options = {"split": "train", "cache_dir": str(work / "cache"), "token": token}
newest = load_dataset(repo, **options)
pinned = load_dataset(repo, revision=first.oid, **options)
say(newest=newest.num_rows, pinned=pinned.num_rows, columns=sorted(pinned.column_names), second=pinned[1]["conversations"][1]["content"])
named = load_dataset(repo, data_files="data.jsonl", streaming=True, **{**options, "split": "train"})
say(streamed=[row["system"] for row in named])

Dataset.from_dict({"n": list(range(1000))}).push_to_hub("miner/pushed", token=token, private=True)
back = load_dataset("miner/pushed", **options)
say(pushed=back.num_rows, total=sum(back["n"]), files=sorted(hub.list_repo_files("miner/pushed", repo_type="dataset")))
