"""Two commits, to be compared with the same two by another client."""

import os

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete

from peer import api, say

hub = api(os.environ["MINER_TOKEN"])
repo, kind = "miner/theirs", "dataset"
hub.create_repo(repo, repo_type=kind)
large = bytes(n * 7 % 251 for n in range(50_000))
first = hub.create_commit(
    repo,
    repo_type=kind,
    operations=[
        CommitOperationAdd("data.jsonl", b'{"a": 1}\n'),
        CommitOperationAdd("deep/er/large.dat", large),
        CommitOperationAdd("deep/er/copy of large.dat", large),
        CommitOperationAdd("empty", b""),
        CommitOperationAdd("w.safetensors", b"small, and large by its name"),
    ],
    commit_message="First",
)
second = hub.create_commit(
    repo,
    repo_type=kind,
    operations=[
        CommitOperationDelete("empty"),
        CommitOperationCopy("deep/er/large.dat", "moved.dat"),
        CommitOperationCopy("data.jsonl", "moved.jsonl"),
    ],
    commit_message="Second",
)
say(first=first.oid, second=second.oid)
