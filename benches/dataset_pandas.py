"""The dataset of crates/toolkit/records/benches/dataset.rs, by pandas: the same plan, the same rows. One line of figures.

    dataset_pandas.py RECORDS FILE
"""

import json
import resource
import sys
import time
from pathlib import Path

import pandas

records, target = Path(sys.argv[1]), Path(sys.argv[2])
BLACKLIST = ["This is a complex issue that has many aspects to consider.", "[]"]
PHRASES = "as an ai language model|http://|cannot help"


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


began, cpu = time.monotonic(), cpu_seconds()
files = sorted((records / "prompting_steps").glob("version=*/date=*/*.parquet"))
columns = ["seq", "time", "name", "prompt", "completions", "rewards"]
frame = pandas.concat((pandas.read_parquet(file, columns=columns) for file in files), ignore_index=True)
events = len(frame)
frame = frame[(frame["time"] >= "2026-11-01 01:00:00+00:00") & (frame["time"] < "2026-12-01 00:00:00+00:00")]
frame = frame[frame["name"].str.startswith(("followup", "question", "answer"))]
frame = frame[~frame["prompt"].str.contains(PHRASES, case=False, regex=True)]
frame = frame[["seq", "prompt", "completions", "rewards"]].explode(["completions", "rewards"], ignore_index=True)
frame["completions"] = frame["completions"].astype("str")
frame["rewards"] = frame["rewards"].astype("float64")
frame = frame[frame["rewards"] >= 0.3]
stripped = frame["completions"].str.strip()
frame = frame[(stripped != "") & ~stripped.isin(BLACKLIST)]
frame = frame[~frame["completions"].str.contains(PHRASES, case=False, regex=True)]
frame = frame.sort_values("rewards", ascending=False, kind="stable")
frame = frame.drop_duplicates(["prompt", "completions"]).drop_duplicates("prompt")
frame = frame.sort_values("seq", kind="stable")
with target.open("w", encoding="utf-8") as file:
    for prompt, completion in zip(frame["prompt"], frame["completions"]):
        messages = [{"role": "user", "content": prompt}, {"role": "assistant", "content": completion}]
        file.write(json.dumps({"messages": messages}, ensure_ascii=False, separators=(",", ":")) + "\n")

with open("/proc/self/status", encoding="ascii") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:"))
print(
    json.dumps(
        {
            "events": events,
            "rows": len(frame),
            "seconds": time.monotonic() - began,
            "cpu_seconds": cpu_seconds() - cpu,
            "peak_mib": peak / 1024,
        }
    )
)
