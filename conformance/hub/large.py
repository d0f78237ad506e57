"""Large files, as the real client sends and fetches them: one alone, one from memory, a folder of them."""

import hashlib
import os
import random
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, constants, hf_hub_download


from peer import api, say

work = Path(sys.argv[1])
token = os.environ["MINER_TOKEN"]
hub = api(token)
repo, kind = "miner/heavy", "model"
hub.create_repo(repo, repo_type=kind, private=True)


def noise(length, seed):
    return random.Random(seed).randbytes(length)


def digest(content):
    return hashlib.sha256(content).hexdigest()


folder = work / "weights"
folder.mkdir(parents=True)
contents = {
    "one.dat": noise(3_000_000, 1),
    "memory.dat": noise(400_000, 2),
    "folder/a.dat": noise(700_000, 3),
    "folder/b.safetensors": noise(2_000, 4),
    # Much the same as another, and compressible: what a chunked transfer makes the most of.
    "folder/c.dat": noise(700_000, 3)[:600_000] + b"row,of,text,7\n" * 60_000,
    "folder/small.txt": b"small",
}
for path, content in contents.items():
    target = folder / path
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(content)

hub.upload_file(path_or_fileobj=folder / "one.dat", path_in_repo="one.dat", repo_id=repo, repo_type=kind)
hub.upload_file(path_or_fileobj=contents["memory.dat"], path_in_repo="memory.dat", repo_id=repo, repo_type=kind)
hub.upload_folder(repo_id=repo, repo_type=kind, folder_path=folder / "folder", path_in_repo="folder")
# Again, and changed a little: the client sees what the hub has.
hub.upload_folder(repo_id=repo, repo_type=kind, folder_path=folder / "folder", path_in_repo="folder")
hub.create_commit(
    repo,
    repo_type=kind,
    operations=[
        CommitOperationCopy("one.dat", "copies/uno.dat"),
        CommitOperationAdd("copies/again.dat", folder / "one.dat"),
    ],
    commit_message="Copies",
)
contents["copies/uno.dat"] = contents["copies/again.dat"] = contents["one.dat"]

say(xet=not constants.HF_HUB_DISABLE_XET)
info = hub.repo_info(repo, repo_type=kind, files_metadata=True)
for sibling in info.siblings:
    if sibling.rfilename == ".gitattributes":
        continue
    content = contents[sibling.rfilename]
    cached = hf_hub_download(repo, sibling.rfilename, repo_type=kind, cache_dir=work / "cache", token=token)
    say(
        path=sibling.rfilename,
        large=sibling.lfs is not None,
        size=sibling.size == len(content),
        named=sibling.lfs is None or sibling.lfs.sha256 == digest(content),
        same=Path(cached).read_bytes() == content,
    )
say(commits=[commit.title for commit in hub.list_repo_commits(repo, repo_type=kind)])
