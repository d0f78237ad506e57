"""How all of the demonstration's models learn, and where they are kept."""

import random
import sys
import time
from pathlib import Path

import torch

import world
from texts import PROMPTS, pair

OUT = Path(sys.argv[1])


class Learning:
    """AdamW with warm-up and a cosine's decay, and a word now and then."""

    def __init__(self, role, parameters, steps, rate):
        self.role, self.steps = role, steps
        parameters = list(parameters)
        self.parameters = parameters
        self.optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        ends = lambda step: min(1, (step + 1) / 60) * (
            0.05 + 0.95 * 0.5 * (1 + torch.cos(torch.tensor(step / steps * torch.pi)).item())
        )
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, ends)
        self.step, self.sum, self.count, self.began = 0, 0.0, 0, time.time()

    def __call__(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.schedule.step()
        self.sum, self.count, self.step = self.sum + float(loss.detach()), self.count + 1, self.step + 1
        if self.step % 100 == 0:
            print(
                f"{self.role} {self.step}/{self.steps} loss {self.sum / self.count:.4f} {time.time() - self.began:.0f} s",
                flush=True,
            )
            self.sum, self.count = 0.0, 0


def place(role):
    return OUT / "miner" if role == "miner" else OUT / "models" / role


def save(model, tokens, role, **more):
    folder = place(role)
    folder.mkdir(parents=True, exist_ok=True)
    model.to(torch.float16).save_pretrained(folder)
    tokens.save_pretrained(folder)
    for name in ("special_tokens_map.json", "generation_config.json"):
        # Nothing that the models are run with reads these.
        (folder / name).unlink(missing_ok=True)
    for name, content in more.items():
        content(folder)
    model.float()


def report(role, judge, count=60):
    """How often the good answer is preferred to a spoiled one, by the way of spoiling."""
    rng = random.Random(99)
    ways, total = {}, []
    for _ in range(count):
        exchange, other = pair(rng)
        good = judge(exchange.judged, exchange.answer)
        for name, text in bad_texts(exchange, other, rng):
            better = good > judge(exchange.judged, text)
            ways.setdefault(name, []).append(better)
            total.append(better)
    print(
        role,
        "prefers the good one:",
        {name: f"{sum(found) / len(found):.2f}" for name, found in ways.items()},
        f"{sum(total) / len(total):.3f}",
        flush=True,
    )


def bad_texts(exchange, other, rng):
    yield "other", other.answer
    yield "idle", rng.choice(world.IDLE)
    yield "rude", world.rude(rng)
    yield "echo", exchange.prompt
    words = [word for word, _ in world.spoiled(exchange, other, rng, PROMPTS)]
    yield "spoiled", " ".join(words)
