"""The likeliest answer of a model by transformers, with the log-probabilities of the likeliest tokens at each of its tokens.

Arguments: the model's folder, the prompt of the user, tokens at most, and how many log-probabilities. Prints one JSON object.
"""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER, PROMPT, MOST, TOP = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])

tokenizer = AutoTokenizer.from_pretrained(FOLDER)
model = AutoModelForCausalLM.from_pretrained(FOLDER, torch_dtype=torch.float32).eval()
text = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n"
)
ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
with torch.no_grad():
    made = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=MOST,
        do_sample=False,
        output_logits=True,
        return_dict_in_generate=True,
        eos_token_id=tokenizer.convert_tokens_to_ids("<|im_end|>"),
    )
new = made.sequences[0, ids.shape[1] :].tolist()
end = tokenizer.convert_tokens_to_ids("<|im_end|>")
if new and new[-1] == end:
    new.pop()
likeliest = []
for logits in made.logits[: len(new)]:
    values, tokens = torch.log_softmax(logits[0].double(), -1).topk(TOP)
    likeliest.append(dict(zip(tokenizer.convert_ids_to_tokens(tokens.tolist()), values.tolist())))
print(
    json.dumps(
        {
            "text": tokenizer.decode(new, skip_special_tokens=True),
            "tokens": tokenizer.convert_ids_to_tokens(new),
            "likeliest": likeliest,
        }
    )
)
