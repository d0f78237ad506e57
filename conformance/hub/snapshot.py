"""A whole repository at a branch and at a commit, into the cache and into a folder."""

import os
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfFileSystem, snapshot_download

from peer import api, say

work = Path(sys.argv[1])
token = os.environ["MINER_TOKEN"]
hub = api(token)
repo, kind = "miner/shelf", "dataset"
hub.create_repo(repo, repo_type=kind)


def files_in(folder):
    paths = (path for path in Path(folder).rglob("*") if path.is_file() and ".cache" not in path.parts)
    return {str(path.relative_to(folder)): path.read_text() for path in paths if path.name != ".gitattributes"}


# More than one page of a listing holds.
many = [CommitOperationAdd(f"many/{n % 7}/{n:04}.txt", str(n).encode()) for n in range(1100)]
hub.create_commit(repo, repo_type=kind, operations=many, commit_message="Many")
first = hub.create_commit(
    repo,
    repo_type=kind,
    operations=[CommitOperationAdd("a b/é #1.txt", b"odd name"), CommitOperationAdd("big.bin", b"as if large")],
    commit_message="Odd",
)
hub.upload_file(path_or_fileobj=b"newer", path_in_repo="big.bin", repo_id=repo, repo_type=kind)

pinned = files_in(snapshot_download(repo, repo_type=kind, revision=first.oid, local_dir=work / "pinned"))
say(
    listed=len(list(hub.list_repo_tree(repo, repo_type=kind, recursive=True))),
    pinned=len(pinned),
    odd=pinned["a b/é #1.txt"],
    old=pinned["big.bin"],
    many=all(pinned[f"many/{n % 7}/{n:04}.txt"] == str(n) for n in range(1100)),
)
some = snapshot_download(repo, repo_type=kind, cache_dir=work / "cache", allow_patterns=["*.bin"])
say(some=files_in(some))

files = HfFileSystem(endpoint=os.environ["HF_ENDPOINT"], token=token)
with files.open(f"datasets/{repo}/a b/é #1.txt", "rb") as file:
    file.seek(4)
    say(sought=file.read().decode())
say(globbed=sorted(files.glob(f"datasets/{repo}/*.bin")), found=files.exists(f"datasets/{repo}/nothing"))
