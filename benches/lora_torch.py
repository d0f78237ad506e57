"""PyTorch's side of the LoRA benchmark: `cargo xtask bench lora` runs it and ours by turns.

A Qwen2-shaped model of 4 layers (hidden 256, feed-forward 688, 4 query and 2 key-value heads, 4096 tokens, tied),
rank-16 adapters on all linear maps, 8 rows of 256 random tokens a step, every token a target, fp32, AdamW. Prints one
JSON line: the best step and the mean CPU time of a step.
"""

import argparse
import json
import os
import time

parser = argparse.ArgumentParser()
parser.add_argument("--threads", type=int, default=os.cpu_count())
parser.add_argument("--steps", type=int, default=8)
parser.add_argument("--mode", choices=["train", "eval"], default="train")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

ROWS, LENGTH, VOCABULARY, WARM_UP = 8, 256, 4096, 2


def build():
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=256,
        intermediate_size=688,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        tie_word_embeddings=True,
        use_cache=False,
        sliding_window=None,
        attn_implementation="sdpa",
    )
    adapter = LoraConfig(r=16, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(Qwen2ForCausalLM(config), adapter)


def main():
    model = build()
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=2e-4, weight_decay=0.0)
    rows = torch.randint(0, VOCABULARY, (ROWS, LENGTH), generator=torch.Generator().manual_seed(1))

    def train():
        loss = model(input_ids=rows, labels=rows).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    def evaluate():
        with torch.no_grad():
            return model(input_ids=rows, labels=rows).loss

    step = train if options.mode == "train" else evaluate
    model.train(options.mode == "train")
    seconds, cpu = [], []
    for _ in range(WARM_UP + options.steps):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        loss = step()
        seconds.append(time.perf_counter() - wall_before)
        cpu.append(time.process_time() - cpu_before)
    measured, cpu = seconds[WARM_UP:], cpu[WARM_UP:]
    print(
        json.dumps(
            {
                "mode": options.mode,
                "threads": options.threads,
                "steps": len(measured),
                "tokens": ROWS * LENGTH,
                "best_seconds": min(measured),
                "mean_seconds": sum(measured) / len(measured),
                "cpu_seconds": sum(cpu) / len(cpu),
                "loss": loss.item(),
                "version": torch.__version__,
            }
        )
    )


main()
