"""One version of a large file into a repository of its own: the first, or the second, which differs in a few bytes."""

import os
import random
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download

from peer import api, say

work, version = Path(sys.argv[1]), sys.argv[2]
token = os.environ["MINER_TOKEN"]
content = bytearray(random.Random(7).randbytes(8_000_000))
if version == "second":
    content[4_000_000:4_000_007] = b"changed"
repo = f"miner/{version}"
hub = api(token)
hub.create_repo(repo)
hub.upload_file(path_or_fileobj=bytes(content), path_in_repo="weights.dat", repo_id=repo)
got = Path(hf_hub_download(repo, "weights.dat", cache_dir=work / "cache", token=token)).read_bytes()
say(same=got == content)
