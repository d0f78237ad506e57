"""A private repository with its owner's token, with somebody else's, and with none."""

import os
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download, snapshot_download

from peer import api, error_of, say

work = Path(sys.argv[1])
mine, others = os.environ["MINER_TOKEN"], os.environ["STRANGER_TOKEN"]
repo, kind = "miner/secret", "dataset"
owner = api(mine)
owner.create_repo(repo, repo_type=kind, private=True)
owner.upload_file(path_or_fileobj=b"hidden", path_in_repo="f.txt", repo_id=repo, repo_type=kind)

for name, token in [("owner", mine), ("stranger", others), ("nobody", False)]:
    hub = api(token)
    cache = work / name

    def fetch():
        return hf_hub_download(repo, "f.txt", repo_type=kind, cache_dir=cache, token=token)

    say(
        **{
            name: {
                "info": error_of(hub.repo_info, repo, repo_type=kind),
                "files": error_of(hub.list_repo_files, repo, repo_type=kind),
                "file": error_of(fetch),
                "snapshot": error_of(
                    snapshot_download, repo, repo_type=kind, cache_dir=cache, token=token
                ),
                "upload": error_of(
                    hub.upload_file, path_or_fileobj=b"x", path_in_repo="x", repo_id=repo, repo_type=kind
                ),
                "exists": hub.repo_exists(repo, repo_type=kind),
            }
        }
    )
say(wrong_token=error_of(api("hf_wrong").whoami))
owner.update_repo_settings(repo, repo_type=kind, private=False)
say(opened=api(False).repo_info(repo, repo_type=kind).private)
owner.update_repo_settings(repo, repo_type=kind, gated="manual")
say(gated=error_of(hf_hub_download, repo, "f.txt", repo_type=kind, cache_dir=work / "gated", token=others))
