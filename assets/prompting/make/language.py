"""The language models: the miners', the one that finds answers likely or not, and the gating model's."""

import random

import torch
from torch.nn import functional as F
from transformers import AutoModelForCausalLM, GPTJConfig, GPTNeoConfig, Qwen2Config

import world
from learning import Learning, report, save
from texts import LONGEST, PROMPTS, STOP, SYSTEM, USER, causal_tokens, padded

MINER_STEPS, DPO_STEPS = 4200, 2000


def repeats(rng, vocabulary, length, count):
    """Strange tokens, twice: whoever learns to go on with the second copy has learned to look things up."""
    rows = []
    for _ in range(count):
        half = [rng.randrange(300, vocabulary) for _ in range(length)]
        rows.append((half + half, [0.0] * length + [1.0] * length))
    return rows


def language_rows(tokens, chat, rng, count):
    """Ids and the weight of each as a target: the answer counts, what it answers a little."""
    rows = []
    for _ in range(count):
        exchange = PROMPTS.exchange(rng)
        if chat:
            # Miners hear the prompt without spaces around, as a chat.
            told = (
                f"{USER}system\n{SYSTEM}{STOP}\n{USER}user\n{exchange.prompt.strip()}{STOP}\n{USER}assistant\n",
                exchange.answer + STOP,
            )
        else:
            told = exchange.judged if rng.random() < 0.5 else exchange.prompt, exchange.answer
        asked, answered = (tokens(text, add_special_tokens=False)["input_ids"] for text in told)
        rows.append((asked + answered, [0.05] * len(asked) + [1.0] * len(answered)))
    return rows


def learn_language(role, model, tokens, chat, steps, rate, batch=24):
    rng = random.Random(sum(map(ord, role)))
    learning = Learning(role, model.parameters(), steps, rate)
    model.train()
    for step in range(steps):
        if step < 500 and rng.random() < 0.5:
            rows = repeats(rng, len(tokens), rng.randint(20, 50), batch)
        else:
            rows = language_rows(tokens, chat, rng, batch)
        ids = padded([ids for ids, _ in rows], 0)
        weights = padded([weights for _, weights in rows], 0.0)[:, 1:]
        mask = padded([[1] * len(ids) for ids, _ in rows], 0)
        logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
        losses = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten(), reduction="none").view_as(weights)
        learning((losses * weights).sum() / weights.sum())
    model.eval()


@torch.no_grad()
def right_answers(model, tokens, count=48):
    """Of questions with one right answer, how many a chat model answers with it."""
    rng = random.Random(77)
    right, samples = {}, []
    while sum(len(found) for found in right.values()) < count:
        exchange = PROMPTS.exchange(rng, profiles=("stack",))
        prompt = f"{USER}system\n{SYSTEM}{STOP}\n{USER}user\n{exchange.prompt.strip()}{STOP}\n{USER}assistant\n"
        ids = tokens(prompt, return_tensors="pt", add_special_tokens=False)
        said = model.generate(
            **ids, max_new_tokens=110, do_sample=False, eos_token_id=tokens.convert_tokens_to_ids(STOP), pad_token_id=0
        )
        said = tokens.decode(said[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        core = {word.strip(".,?!:;") for word in said.split()}
        known = {fact.value for fact in exchange.context.facts} | set(exchange.context.people)
        strange = [
            word
            for word in core
            if (word in world.NAMES or any(word in r.values for r in world.RELATIONS.values())) and word not in known
        ]
        is_right = not strange and bool(core & set(exchange.context.people))
        if exchange.kind == "answer":
            wanted = exchange.answer
            values = {fact.value for fact in exchange.context.facts if fact.value in wanted}
            is_right = is_right and bool(values & core)
        right.setdefault(exchange.kind, []).append(is_right)
        samples.append((exchange.kind, is_right, said))
    for sample in samples[:10]:
        print("  ", *sample)
    return {kind: f"{sum(found)}/{len(found)}" for kind, found in right.items()}


def miner():
    tokens = causal_tokens()
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(
        Qwen2Config(
            vocab_size=len(tokens),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            tie_word_embeddings=True,
            rope_theta=10_000.0,
            eos_token_id=tokens.convert_tokens_to_ids(STOP),
            bos_token_id=0,
            pad_token_id=0,
        )
    )
    learn_language("miner", model, tokens, True, MINER_STEPS, 3e-3)
    print("miner", right_answers(model, tokens))
    save(model, tokens, "miner")


def gptj(tokens):
    return GPTJConfig(
        vocab_size=len(tokens),
        n_embd=128,
        n_layer=3,
        n_head=4,
        rotary_dim=16,
        n_inner=256,
        n_positions=LONGEST,
        bos_token_id=0,
        eos_token_id=0,
        pad_token_id=0,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
    )


def dpo():
    tokens = causal_tokens()
    torch.manual_seed(2)
    model = AutoModelForCausalLM.from_config(gptj(tokens))
    learn_language("dpo", model, tokens, False, DPO_STEPS, 3e-3)
    report("dpo", lambda asked, said: likelihood(model, tokens, asked, said))
    save(model, tokens, "dpo")


@torch.no_grad()
def likelihood(model, tokens, asked, said):
    asked, said = (tokens(text, add_special_tokens=False)["input_ids"] for text in (asked, said))
    if len(said) == 0 or len(asked) >= LONGEST - 1:
        return -11.0
    ids = torch.tensor([(asked + said)[:LONGEST]])
    logits = torch.log_softmax(model(input_ids=ids).logits[0, len(asked) - 1 : -1], -1)
    return logits.gather(-1, ids[0, len(asked) :, None]).mean().item()


def gating():
    """A small language model: what it makes of a prompt's last token tells what kind of prompt it is."""
    tokens = causal_tokens()
    torch.manual_seed(9)
    model = AutoModelForCausalLM.from_config(
        GPTNeoConfig(
            vocab_size=len(tokens),
            hidden_size=64,
            num_layers=2,
            num_heads=2,
            attention_types=[[["global", "local"], 1]],
            window_size=64,
            intermediate_size=128,
            max_position_embeddings=LONGEST,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
            embed_dropout=0.0,
            attention_dropout=0.0,
            resid_dropout=0.0,
        )
    )
    learn_language("gating", model, tokens, False, 250, 3e-3, batch=16)
    save(model.transformer, tokens, "gating")
