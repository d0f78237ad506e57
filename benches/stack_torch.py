"""The reward stack in PyTorch, for `cargo xtask bench reward`, which runs it and ours by turns.

With `--make FOLDER` it makes the models, of the families that the originals judge with and of some million random weights, and
a prompt with fifty answers. Without, it reads them and computes what a validator needs of them: the mean log-probability of
each answer (dpo), two rewards (rlhf, reciprocate), the probability of hatred (nsfw), and the distance from the prompt by two
encoders (bert, mpnet). Prints one JSON line. `--batch 1` takes the answers one at a time, as the originals do.
"""

import argparse
import json
import os
import random
import time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("folder", type=Path)
parser.add_argument("--make", action="store_true")
parser.add_argument("--batch", type=int, default=1)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--threads", type=int, default=os.cpu_count())
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers  # noqa: E402
from transformers import (  # noqa: E402
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BertConfig,
    DebertaV2Config,
    GPTJConfig,
    GPTNeoConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

transformers.logging.set_verbosity_error()
ANSWERS, LONGEST = 50, 512
WORDS = (
    "river harbour question miner answer reward the of and a bends quickly because validator copper seventeen "
    "gulls are not always right when water carries sediment away from its outer bank however small old bridge stone "
    "arch night people cross hear under seven grey nobody knows age mill town letter window garden winter song"
).split()


def texts():
    rng = random.Random(7)
    say = lambda count: " ".join(rng.choice(WORDS) for _ in range(count)).capitalize() + "."
    context = " ".join(say(rng.randint(6, 18)) for _ in range(14))
    prompt = f"{context}\n\nQuestion:Why does the river bend where the old bridge stands?\nAnswer it."
    return dict(prompt=prompt, answers=[say(rng.randint(20, 90)) for _ in range(ANSWERS)])


def tokens(kind):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<|endoftext|>", "<|prompter|>", "<|assistant|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    corpus = [" ".join(WORDS), texts()["prompt"], *texts()["answers"]]
    made.train_from_iterator(
        corpus,
        trainers.BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    names = dict(pad_token="<|endoftext|>", eos_token="<|endoftext|>")
    inputs = ["input_ids", "attention_mask"]
    if kind != "causal":
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 0), ("</s>", 2)]
        )
        names = dict(pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>")
    if kind == "typed":
        inputs.insert(1, "token_type_ids")
    return PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=LONGEST, model_input_names=inputs, **names)


def make():
    causal, plain, typed = tokens("causal"), tokens("plain"), tokens("typed")
    # A vocabulary of the usual order: the language model's last product is a good part of its work.
    width = dict(
        hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, vocab_size=30_000
    )
    shape = dict(
        vocab_size=50_400, n_embd=384, n_layer=6, n_head=6, rotary_dim=64, n_positions=LONGEST,
        bos_token_id=4, eos_token_id=4, pad_token_id=4,
    )  # fmt: skip
    torch.manual_seed(1)
    folder = options.folder
    for role, model, words in [
        ("dpo", AutoModelForCausalLM.from_config(GPTJConfig(**shape)), causal),
        ("reciprocate", AutoModelForSequenceClassification.from_config(GPTJConfig(num_labels=1, **shape)), causal),
        (
            "rlhf",
            AutoModelForSequenceClassification.from_config(
                DebertaV2Config(
                    relative_attention=True, position_buckets=256, max_position_embeddings=LONGEST, share_att_key=True,
                    pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=2,
                    pad_token_id=1, num_labels=1, **width,
                )
            ),
            typed,
        ),
        ("nsfw", AutoModelForSequenceClassification.from_config(RobertaConfig(max_position_embeddings=LONGEST + 2, pad_token_id=1, type_vocab_size=1, num_labels=2, **width)), plain),
        ("bert", AutoModel.from_config(BertConfig(max_position_embeddings=LONGEST, pad_token_id=1, **width)), typed),
        ("mpnet", AutoModel.from_config(MPNetConfig(max_position_embeddings=LONGEST + 2, pad_token_id=1, **width)), plain),
        ("gating", AutoModel.from_config(GPTNeoConfig(vocab_size=50_257, hidden_size=384, num_layers=6, num_heads=6, attention_types=[[["global", "local"], 3]], max_position_embeddings=LONGEST, bos_token_id=4, eos_token_id=4)), causal),
    ]:  # fmt: skip
        model.save_pretrained(folder / role)
        words.save_pretrained(folder / role)
    (folder / "texts.json").write_text(json.dumps(texts()))


class Stack:
    def __init__(self, folder):
        self.read = {
            role: AutoTokenizer.from_pretrained(folder / role)
            for role in ("dpo", "reciprocate", "rlhf", "nsfw", "bert", "mpnet")
        }
        load = lambda kind, role: kind.from_pretrained(folder / role).eval()
        self.dpo = load(AutoModelForCausalLM, "dpo")
        self.reciprocate = load(AutoModelForSequenceClassification, "reciprocate")
        self.rlhf = load(AutoModelForSequenceClassification, "rlhf")
        self.nsfw = load(AutoModelForSequenceClassification, "nsfw")
        self.bert = load(AutoModel, "bert")
        self.mpnet = load(AutoModel, "mpnet")

    def batches(self, answers):
        """Answers of like length together, so that little is padded."""
        order = sorted(range(len(answers)), key=lambda at: len(answers[at]))
        for first in range(0, len(order), options.batch):
            yield [answers[at] for at in order[first : first + options.batch]]

    def log_probability(self, prompt, answers):
        ids = self.read["dpo"](prompt)["input_ids"]
        rows = [ids + self.read["dpo"](answer)["input_ids"] for answer in answers]
        width = max(map(len, rows))
        padded = torch.tensor([row + [4] * (width - len(row)) for row in rows])
        mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
        logits = self.dpo(input_ids=padded, attention_mask=mask).logits
        for row, logits in zip(rows, logits):
            said = torch.tensor(row[len(ids) :])
            chosen = torch.log_softmax(logits[len(ids) - 1 : len(row) - 1], -1).gather(-1, said[:, None])
            yield chosen.mean().item()

    def classify(self, role, *texts):
        made = self.read[role](*texts, return_tensors="pt", padding=True, truncation=True)
        return getattr(self, role)(**made).logits

    def vectors(self, role, texts):
        made = self.read[role](texts, return_tensors="pt", padding=True, truncation=True)
        states = getattr(self, role)(**made).last_hidden_state
        mask = made["attention_mask"].unsqueeze(-1).float()
        return torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=1)

    @torch.no_grad()
    def judge(self, prompt, answers):
        sums = dict.fromkeys(["dpo", "rlhf", "reciprocate", "nsfw", "bert", "mpnet"], 0.0)
        by_bert, by_mpnet = self.vectors("bert", [prompt]), self.vectors("mpnet", [prompt])
        for batch in self.batches(answers):
            sums["dpo"] += sum(self.log_probability(prompt, batch))
            sums["rlhf"] += self.classify("rlhf", [prompt] * len(batch), batch).sum().item()
            chats = [f"<|prompter|>{prompt}</s><|assistant|>{answer}</s><|endoftext|>" for answer in batch]
            sums["reciprocate"] += self.classify("reciprocate", chats).sum().item()
            sums["nsfw"] += torch.softmax(self.classify("nsfw", batch), -1)[:, 1].sum().item()
            sums["bert"] += -((self.vectors("bert", batch) - by_bert) ** 2).mean(1).sqrt().sum().item()
            sums["mpnet"] += (self.vectors("mpnet", batch) @ by_mpnet[0]).sum().item()
        return sums


def main():
    if options.make:
        return make()
    torch.set_num_threads(options.threads)
    given = json.loads((options.folder / "texts.json").read_text())
    stack = Stack(options.folder)
    seconds, cpu = [], []
    for _ in range(1 + options.rounds):
        wall_before, cpu_before = time.perf_counter(), time.process_time()
        sums = stack.judge(given["prompt"], given["answers"])
        seconds.append(time.perf_counter() - wall_before)
        cpu.append(time.process_time() - cpu_before)
    version = f"transformers {transformers.__version__}, torch {torch.__version__}"
    print(
        json.dumps(
            dict(
                texts=len(given["answers"]),
                best_seconds=min(seconds[1:]),
                cpu_seconds=sum(cpu[1:]) / options.rounds,
                sums=sums,
                version=f"{version}, {'one at a time' if options.batch == 1 else f'{options.batch} at a time'}",
            )
        )
    )


main()
