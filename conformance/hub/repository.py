"""The life of a repository, as the real client lives it: make, commit, list, read, delete."""

import os
import sys
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, hf_hub_download

from peer import api, error_of, say

work = Path(sys.argv[1])
token = os.environ["MINER_TOKEN"]
hub = api(token)
repo, kind = "miner/ore", "dataset"

say(whoami=hub.whoami()["name"])
url = hub.create_repo(repo, repo_type=kind)
say(url=str(url), id=url.repo_id, kind=url.repo_type)
say(again=error_of(hub.create_repo, repo, repo_type=kind))
say(kept=hub.create_repo(repo, repo_type=kind, exist_ok=True).repo_id)
say(foreign=error_of(hub.create_repo, "somebody/ore", repo_type=kind))

first = hub.upload_file(
    path_or_fileobj=b'{"a": 1}\n', path_in_repo="data.jsonl", repo_id=repo, repo_type=kind, commit_message="First"
)
say(first=first.oid, first_url=str(first.commit_url))

folder = work / "folder"
(folder / "deep" / "er").mkdir(parents=True)
(folder / "README.md").write_text("---\nlicense: mit\n---\n# Ore\n")
(folder / "deep" / "one.txt").write_text("one")
(folder / "deep" / "er" / "two.txt").write_text("two")
(folder / "trash.log").write_text("no")
(folder / ".gitignore").write_text("*.log\n")
second = hub.upload_folder(repo_id=repo, repo_type=kind, folder_path=folder, commit_message="Second")
say(second=second.oid, files=sorted(hub.list_repo_files(repo, repo_type=kind)))

third = hub.create_commit(
    repo,
    repo_type=kind,
    operations=[
        CommitOperationAdd("data.jsonl", b'{"a": 2}\n'),
        CommitOperationDelete("deep/er/"),
        CommitOperationCopy("deep/one.txt", "copies/uno.txt"),
    ],
    commit_message="Third",
    commit_description="With three changes",
)
say(third=third.oid, files=sorted(hub.list_repo_files(repo, repo_type=kind)))
say(unchanged=hub.upload_file(path_or_fileobj=b'{"a": 2}\n', path_in_repo="data.jsonl", repo_id=repo, repo_type=kind).oid)

say(
    commits=[
        {"title": commit.title, "message": commit.message, "authors": commit.authors}
        for commit in hub.list_repo_commits(repo, repo_type=kind)
    ]
)
info = hub.repo_info(repo, repo_type=kind, files_metadata=True)
say(
    sha=info.sha,
    private=info.private,
    siblings={sibling.rfilename: sibling.size for sibling in info.siblings},
    dated=info.last_modified is not None and info.created_at is not None,
)
say(at_first=hub.repo_info(repo, repo_type=kind, revision=first.oid).sha)
say(at_prefix=hub.repo_info(repo, repo_type=kind, revision=first.oid[:7]).sha)

cache = work / "cache"


def read(path, revision=None):
    return Path(
        hf_hub_download(repo, path, repo_type=kind, revision=revision, cache_dir=cache, token=token)
    ).read_text()


say(head=read("data.jsonl"), pinned=read("data.jsonl", first.oid), copied=read("copies/uno.txt"))
say(missing_file=error_of(read, "nothing.txt"), missing_revision=error_of(read, "data.jsonl", "nowhere"))

hub.create_branch(repo, repo_type=kind, branch="draft/new", revision=first.oid)
say(branch_again=error_of(hub.create_branch, repo, repo_type=kind, branch="draft/new"))
on_branch = hub.upload_file(
    path_or_fileobj=b"branch", path_in_repo="b.txt", repo_id=repo, repo_type=kind, revision="draft/new"
)
hub.create_tag(repo, repo_type=kind, tag="v1", revision=first.oid, tag_message="The first")
refs = hub.list_repo_refs(repo, repo_type=kind)
say(
    branches={ref.name: ref.target_commit for ref in refs.branches},
    tags={ref.name: ref.target_commit for ref in refs.tags},
    on_branch=on_branch.oid,
    branch_files=sorted(hub.list_repo_files(repo, repo_type=kind, revision="draft/new")),
    tagged=read("data.jsonl", "v1"),
)
hub.delete_branch(repo, repo_type=kind, branch="draft/new")
hub.delete_tag(repo, repo_type=kind, tag="v1")
say(main_kept=error_of(hub.delete_branch, repo, repo_type=kind, branch="main"))

tree = hub.list_repo_tree(repo, repo_type=kind, recursive=True, expand=True)
say(tree={entry.path: entry.last_commit.title for entry in tree})
say(paths=sorted(entry.path for entry in hub.get_paths_info(repo, ["deep", "data.jsonl", "none"], repo_type=kind)))

stale = error_of(
    hub.upload_file,
    path_or_fileobj=b"late",
    path_in_repo="late.txt",
    repo_id=repo,
    repo_type=kind,
    parent_commit=first.oid,
)
say(stale_parent=stale)
hub.delete_file("README.md", repo, repo_type=kind)
hub.delete_folder("deep", repo, repo_type=kind)
say(files=sorted(hub.list_repo_files(repo, repo_type=kind)))
say(delete_missing=error_of(hub.delete_file, "README.md", repo, repo_type=kind))

say(listed=[found.id for found in hub.list_datasets(author="miner")])
hub.delete_repo(repo, repo_type=kind)
say(after_delete=error_of(hub.repo_info, repo, repo_type=kind))
