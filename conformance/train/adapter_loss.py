"""Losses of examples under transformers and peft.

    adapter_loss.py measure BASE EXAMPLES [ADAPTER]   losses without and with the adapter, and merged into the base
    adapter_loss.py make BASE EXAMPLES ADAPTER        makes an adapter of queries and values, saves it, and measures
    adapter_loss.py encode BASE TEXTS                 token ids of a JSON list of texts

EXAMPLES is a JSON list of {"input_ids": [...], "target_mask": [...]}. Prints one JSON line.
"""

import json
import pathlib
import sys

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

command, base, *rest = sys.argv[1:]


def load():
    return AutoModelForCausalLM.from_pretrained(base, torch_dtype=torch.float32, attn_implementation="eager").eval()


def losses(model, examples):
    per_example = []
    with torch.no_grad():
        for example in examples:
            ids = torch.tensor([example["input_ids"]])
            mask = torch.tensor(example["target_mask"])[1:]
            logits = model(input_ids=ids).logits[0, :-1]
            all_losses = torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none")
            per_example.append(all_losses[mask].double().mean().item())
    return per_example


def main():
    if command == "encode":
        tokenizer = AutoTokenizer.from_pretrained(base)
        texts = json.loads(pathlib.Path(rest[0]).read_text())
        return {"ids": [tokenizer.encode(text, add_special_tokens=False) for text in texts]}
    examples = json.loads(pathlib.Path(rest[0]).read_text())
    found = {"base": losses(load(), examples)}
    if command == "make":
        torch.manual_seed(3)
        config = LoraConfig(r=3, lora_alpha=5, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
        model = get_peft_model(load(), config).eval()
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                if "lora_B" in name:
                    parameter.normal_(std=0.2)
        model.save_pretrained(rest[1])
        found["adapted"] = losses(model, examples)
    elif len(rest) > 1:
        found["adapted"] = losses(PeftModel.from_pretrained(load(), rest[1]).eval(), examples)
        merged = PeftModel.from_pretrained(load(), rest[1]).merge_and_unload()
        found["merged"] = losses(merged.eval(), examples)
    return found


print(json.dumps(main()))
