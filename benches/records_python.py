"""What a Python validator does with an event: a dictionary becomes a line of JSON. One line of figures a kind.

The same events as crates/toolkit/records/benches/ingest.rs.
"""

import datetime
import json
import tempfile
import time

MINERS = 10
HOTKEY = "5Ct4qUEFbYnpkv5WH8J6tHYGYhxqXhb8pkhmbkzoccuY5591"


def score(step):
    return {
        "system": "prompting",
        "netuid": 1,
        "step": step,
        "block": 4_321_000,
        "hotkey": HOTKEY,
        "uid": 77,
        "reward": 0.734512,
        "score": 0.512734,
    }


COMPLETION = "The capital of Texas is Austin, which lies on the Colorado River. " * 6
SCORES = [uid / 7.0 for uid in range(MINERS)]


def prompting_step(step):
    return {
        "name": "answer",
        "step": step,
        "block": 4_321_000,
        "prompt": "What is the capital of Texas, and on which river does it lie?" * 4,
        "uids": list(range(MINERS)),
        "hotkeys": [HOTKEY] * MINERS,
        "completions": [COMPLETION] * MINERS,
        "completion_times": SCORES,
        "rewards": SCORES,
        "best": COMPLETION,
        "step_length": 12.5,
        "rlhf_reward_model": SCORES,
        "rlhf_reward_model_normalized": SCORES,
    }


def measure(what, count, event):
    with tempfile.TemporaryFile("w") as file:
        began, cpu = time.monotonic(), time.process_time()
        for number in range(count):
            stamped = {
                "seq": number,
                "time": datetime.datetime.now(datetime.timezone.utc).isoformat(),
                "source": HOTKEY,
                **event(number),
            }
            file.write(json.dumps(stamped) + "\n")
        file.flush()
        print(
            json.dumps(
                {
                    "events": what,
                    "bytes": len(json.dumps(event(0))),
                    "count": count,
                    "seconds_to_record": time.monotonic() - began,
                    "seconds": time.monotonic() - began,
                    "cpu_seconds": time.process_time() - cpu,
                    "waited": 0,
                }
            )
        )


measure("scores", 200_000, score)
measure("prompting steps", 20_000, prompting_step)
