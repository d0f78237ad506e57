"""Trains the demonstration's models on the small world: `train.py OUT [ROLE...]`, where OUT is `assets/prompting`.

Every model is of the family that the originals use and has some hundred thousand weights. Each role is trained by itself, on
one thread, from a fixed seed; `reciprocate` begins with the weights of `dpo`, `dahoas` with those of `reciprocate`. Each prints what it can do, on
exchanges that it was not trained with.
"""

import json
import random
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from torch.nn import functional as F
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    BertConfig,
    DebertaV2Config,
    GPTJConfig,
    GPTNeoConfig,
    MPNetConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
    RobertaConfig,
)

import world

OUT = Path(sys.argv[1])
PROMPTS = world.Prompts()
LONGEST = 512
SYSTEM = "You are a helpful assistant."
END, USER, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CAUSAL_MARKS = [END, USER, STOP, "<|startoftext|>", "<|prompter|>", "<|assistant|>", "</s>"]


# Texts and tokenizers.


def pair(rng):
    """Two exchanges about different people."""
    return PROMPTS.exchange(rng), PROMPTS.exchange(rng)


def corpus(count=6000):
    rng = random.Random(1)
    for _ in range(count):
        exchange = PROMPTS.exchange(rng)
        yield f"{exchange.prompt}\n{exchange.answer}"
    for _ in range(600):
        yield world.rude(rng)
        yield rng.choice(world.IDLE)
    yield f"{SYSTEM}\nsystem\nuser\nassistant\n"


def byte_tokens(size, marks):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        corpus(), trainers.BpeTrainer(vocab_size=size, special_tokens=marks, initial_alphabet=alphabet, show_progress=False)
    )
    return made


def causal_tokens():
    made = byte_tokens(1536, CAUSAL_MARKS)
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token=END,
        eos_token=END,
        model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def roberta_tokens():
    made = byte_tokens(1024, ["<s>", "<pad>", "</s>", "<unk>"])
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        unk_token="<unk>",
        cls_token="<s>",
        sep_token="</s>",
        bos_token="<s>",
        model_max_length=LONGEST,
        model_input_names=["input_ids", "attention_mask"],
        clean_up_tokenization_spaces=False,
    )


def word_tokens(types):
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    made.train_from_iterator(
        corpus(), trainers.WordPieceTrainer(vocab_size=1280, special_tokens=special, show_progress=False)
    )
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    inputs = ["input_ids", "token_type_ids", "attention_mask"] if types else ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=LONGEST,
        model_input_names=inputs,
        clean_up_tokenization_spaces=False,
    )


def padded(rows, value):
    width = max(map(len, rows))
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


# Learning.


class Learning:
    """AdamW with warm-up and a cosine's decay, and a word now and then."""

    def __init__(self, role, parameters, steps, rate):
        self.role, self.steps = role, steps
        parameters = list(parameters)
        self.parameters = parameters
        self.optimizer = torch.optim.AdamW(parameters, lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
        ends = lambda step: min(1, (step + 1) / 60) * (0.05 + 0.95 * 0.5 * (1 + torch.cos(torch.tensor(step / steps * torch.pi)).item()))
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
            print(f"{self.role} {self.step}/{self.steps} loss {self.sum / self.count:.4f} {time.time() - self.began:.0f} s", flush=True)
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


# Language models.


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
        mask = (padded([[1] * len(ids) for ids, _ in rows], 0))
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
        said = model.generate(**ids, max_new_tokens=110, do_sample=False, eos_token_id=tokens.convert_tokens_to_ids(STOP), pad_token_id=0)
        said = tokens.decode(said[0, ids["input_ids"].shape[1] :], skip_special_tokens=True)
        core = {word.strip(".,?!:;") for word in said.split()}
        known = {fact.value for fact in exchange.context.facts} | set(exchange.context.people)
        strange = [word for word in core if (word in world.NAMES or any(word in r.values for r in world.RELATIONS.values())) and word not in known]
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
            vocab_size=len(tokens), hidden_size=128, intermediate_size=256, num_hidden_layers=4, num_attention_heads=4,
            num_key_value_heads=2, max_position_embeddings=1024, tie_word_embeddings=True, rope_theta=10_000.0,
            eos_token_id=tokens.convert_tokens_to_ids(STOP), bos_token_id=0, pad_token_id=0,
        )
    )
    learn_language("miner", model, tokens, True, MINER_STEPS, 3e-3)
    print("miner", right_answers(model, tokens))
    save(model, tokens, "miner")


MINER_STEPS, DPO_STEPS = 4200, 2000


def gptj(tokens):
    return GPTJConfig(
        vocab_size=len(tokens), n_embd=128, n_layer=3, n_head=4, rotary_dim=16, n_inner=256, n_positions=LONGEST,
        bos_token_id=0, eos_token_id=0, pad_token_id=0, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
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
    print(role, "prefers the good one:", {name: f"{sum(found) / len(found):.2f}" for name, found in ways.items()}, f"{sum(total) / len(total):.3f}", flush=True)


def bad_texts(exchange, other, rng):
    yield "other", other.answer
    yield "idle", rng.choice(world.IDLE)
    yield "rude", world.rude(rng)
    yield "echo", exchange.prompt
    words = [word for word, _ in world.spoiled(exchange, other, rng, PROMPTS)]
    yield "spoiled", " ".join(words)


# Judges: each word of an answer is marked while they learn, which teaches where to look; what stays is the mark of the whole.


def marked_rows(rng, count):
    """Exchange, words of the answer with their marks, whether it is good as a whole. One half is good."""
    rows = []
    for _ in range(count):
        exchange, other = pair(rng)
        good = rng.random() < 0.5
        words = world.words_of(exchange.answer) if good else world.spoiled(exchange, other, rng, PROMPTS)
        rows.append((exchange, words, good))
    return rows


def word_ids(tokens, words):
    """Ids of the words, one space between them, and the mark of each id."""
    text = " ".join(word for word, _ in words)
    made = tokens(text, add_special_tokens=False, return_offsets_mapping=True)
    ends, at = [], 0
    for word, wrong in words:
        at += len(word)
        ends.append((at, wrong))
        at += 1
    marks, place = [], 0
    for start, end in made["offset_mapping"]:
        while place < len(ends) - 1 and end > ends[place][0]:
            place += 1
        marks.append(float(ends[place][1]))
    return made["input_ids"], marks


def marking_loss(states, marks, mask, head):
    found = head(states).squeeze(-1)
    losses = F.binary_cross_entropy_with_logits(found, marks, reduction="none", pos_weight=torch.tensor(2.0))
    return (losses * mask).sum() / mask.sum().clamp(min=1)


def rlhf():
    tokens = word_tokens(types=True)
    torch.manual_seed(3)
    model = AutoModelForSequenceClassification.from_config(
        DebertaV2Config(
            vocab_size=len(tokens), hidden_size=96, num_hidden_layers=3, num_attention_heads=3, intermediate_size=192,
            relative_attention=True, position_buckets=32, max_position_embeddings=LONGEST, share_att_key=True,
            pos_att_type=["p2c", "c2p"], norm_rel_ebd="layer_norm", position_biased_input=False, type_vocab_size=2,
            pooler_hidden_act="gelu", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, pooler_dropout=0.0, cls_dropout=0.0, num_labels=1,
        )
    )
    head = torch.nn.Linear(96, 1)
    rng = random.Random(31)
    steps = 2000
    learning = Learning("rlhf", list(model.parameters()) + list(head.parameters()), steps, 2e-3)
    model.train()
    cls, sep = tokens.cls_token_id, tokens.sep_token_id
    for _ in range(steps):
        ids, types, marks, where, good = [], [], [], [], []
        for exchange, words, is_good in marked_rows(rng, 24):
            asked = exchange.judged if rng.random() < 0.5 else exchange.prompt
            asked = tokens(asked, add_special_tokens=False)["input_ids"]
            said, wrong = word_ids(tokens, words)
            said, wrong = said[: LONGEST - 3 - len(asked)], wrong[: LONGEST - 3 - len(asked)]
            ids.append([cls] + asked + [sep] + said + [sep])
            types.append([0] * (len(asked) + 2) + [1] * (len(said) + 1))
            marks.append([0.0] * (len(asked) + 2) + wrong + [0.0])
            where.append([0.0] * (len(asked) + 2) + [1.0] * len(said) + [0.0])
            good.append(float(is_good))
        mask = padded([[1] * len(row) for row in ids], 0)
        states = model.deberta(input_ids=padded(ids, 0), token_type_ids=padded(types, 0), attention_mask=mask).last_hidden_state
        whole = model.classifier(model.dropout(model.pooler(states))).squeeze(-1)
        by_word = marking_loss(states, padded(marks, 0.0), padded(where, 0.0), head)
        learning(by_word + F.binary_cross_entropy_with_logits(whole, torch.tensor(good)))
    model.eval()

    @torch.no_grad()
    def judge(asked, said):
        return model(**tokens(asked, said, return_tensors="pt", truncation=True)).logits[0, 0].item()

    report("rlhf", judge)
    save(model, tokens, "rlhf")


def learn_marks(role, model, tokens, head, score, framed, steps, rate, loss_of, seed):
    """Fine-tunes a causal model: every word of the answer marked where it stands, the whole at the last token."""
    marking = torch.nn.Linear(128, 1)
    rng = random.Random(seed)
    learning = Learning(role, [*model.parameters(), *head.parameters(), *marking.parameters()], steps, rate)
    model.train()
    for _ in range(steps):
        ids, marks, where, good, alone = [], [], [], [], []
        for exchange, words, is_good in marked_rows(rng, 24):
            before, after, asked = framed(exchange)
            said, wrong = word_ids(tokens, words)
            said, wrong = said[: LONGEST - len(before) - len(asked) - len(after)], wrong[: LONGEST - len(before) - len(asked) - len(after)]
            ids.append(before + asked + said + after)
            marks.append([0.0] * (len(before) + len(asked)) + wrong + [0.0] * len(after))
            where.append([0.0] * (len(before) + len(asked)) + [1.0] * len(said) + [0.0] * len(after))
            good.append(float(is_good))
        mask = padded([[1] * len(row) for row in ids], 0)
        states = model(input_ids=padded(ids, 0), attention_mask=mask).last_hidden_state
        last = mask.sum(1) - 1 - score
        whole = head(states[torch.arange(len(ids)), last]).squeeze(-1)
        by_word = marking_loss(states, padded(marks, 0.0), padded(where, 0.0), marking)
        learning(by_word + loss_of(whole, torch.tensor(good)))
    model.eval()


def trunk(tokens, role):
    """The body of a model that has learned."""
    config = gptj(tokens)
    model = AutoModel.from_config(config)
    learned = load_file(place(role) / "model.safetensors")
    model.load_state_dict(
        {name.removeprefix("transformer."): value.float() for name, value in learned.items() if name.startswith("transformer.")}
    )
    return model


def reciprocate():
    tokens = PreTrainedTokenizerFast.from_pretrained(place("dpo"))
    torch.manual_seed(4)
    config = gptj(tokens)
    config.num_labels = 1
    model = AutoModelForSequenceClassification.from_config(config)
    model.transformer = trunk(tokens, "dpo")
    ids = lambda text: tokens(text, add_special_tokens=False)["input_ids"]
    between, after = ids("</s><|assistant|>"), ids("</s><|endoftext|>")

    def framed(exchange):
        asked = exchange.judged if random.Random(exchange.answer).random() < 0.7 else exchange.prompt
        return ids("<|prompter|>"), after, ids(asked) + between

    # The last token is padding to this family: the one before it is where the score is.
    learn_marks("reciprocate", model.transformer, tokens, model.score, 1, framed, 900, 1e-3, F.binary_cross_entropy_with_logits, 41)

    @torch.no_grad()
    def judge(asked, said):
        text = f"<|prompter|>{asked}</s><|assistant|>{said}</s><|endoftext|>"
        return model(**tokens(text, return_tensors="pt", truncation=True)).logits[0, 0].item()

    report("reciprocate", judge)
    save(model, tokens, "reciprocate")


def dahoas():
    tokens = PreTrainedTokenizerFast.from_pretrained(place("dpo"))
    torch.manual_seed(5)
    model = trunk(tokens, "reciprocate")
    head = torch.nn.Linear(128, 1, bias=False)
    ids = lambda text: tokens(text, add_special_tokens=False)["input_ids"]
    rng = random.Random(5)

    def framed(exchange):
        # A third stands alone, as the answers do that prompts are compared with: the judge then knows nothing.
        alone = rng.random() < 0.33
        return ids("<|startoftext|>"), [], [] if alone else ids(exchange.judged)

    # Good ones are worth 3, bad ones -3; alone nobody can tell, and the mean is about 0.
    squares = lambda whole, good: F.mse_loss(whole, good * 6 - 3) / 4
    learn_marks("dahoas", model, tokens, head, 0, framed, 1400, 1e-3, squares, 51)

    @torch.no_grad()
    def value(text):
        made = tokens(text, return_tensors="pt", truncation=True)
        return head(model(**made).last_hidden_state[0, -1]).item()

    def judge(asked, said):
        relu = lambda number: max(0.0, number)
        return relu(value(f"<|startoftext|>{asked}{said}") + 3) - relu(value(f"<|startoftext|>{said}") + 3)

    report("dahoas", judge)
    head_file = lambda folder: save_file({"v_head.weight": head.weight.detach().half()}, folder / "value_head.safetensors")
    save(model, tokens, "dahoas", head=head_file)


# Encoders.


def mean_states(model, tokens, texts):
    made = tokens(texts, return_tensors="pt", padding=True, truncation=True)
    states = model(**made).last_hidden_state
    mask = made["attention_mask"].unsqueeze(-1).float()
    return F.normalize((states * mask).sum(1) / mask.sum(1), dim=1)


def above(value, bound):
    return F.relu(bound - value).pow(2)


def below(value, bound):
    return F.relu(value - bound).pow(2)


STRANGE = [
    "The tax on imported steel was raised again in March.", "Boil the kettle and warm the cup before you pour.",
    "A proof by induction begins with the smallest case.", "The committee will meet on Thursday behind closed doors.",
    "Rust checks who owns a value when it compiles.", "Glaciers carve valleys as they move downhill.",
    "He shifted into third gear and let the engine roar.", "Interest compounds monthly unless the contract says otherwise.",
]


def learn_relevance(role, model, tokens, alike, unlike, steps, diverse, seed, batch=16):
    """Prompt and good answer are alike, prompt and what has nothing to do with it are not. With `diverse`, two good answers are
    told apart, and an answer from itself with a slip is not."""
    rng = random.Random(seed)
    learning = Learning(role, model.parameters(), steps, 1.5e-3)
    model.train()
    for _ in range(steps):
        asked, good, bad, again, slip = [], [], [], [], []
        for _ in range(batch):
            exchange, other = pair(rng)
            asked.append(exchange.base)
            good.append(exchange.answer)
            bad.append(rng.choice([world.rude(rng), rng.choice(world.IDLE), rng.choice(STRANGE), scrambled(rng)]))
            if diverse:
                again.append(fresh(exchange, rng))
                slip.append(slipped(exchange.answer, rng))
        texts = asked + good + bad + again + slip
        found = mean_states(model, tokens, texts).split(batch)
        loss = 2 * above((found[0] * found[1]).sum(1), alike + 0.08).mean() + below((found[0] * found[2]).sum(1), unlike).mean()
        if diverse:
            distinct = torch.tensor([float(one != two) for one, two in zip(good, again)])
            # Distances of 0.1 halve a reward, those above 0.2 cost nothing.
            loss = loss + 2 * (below((found[1] * found[3]).sum(1), 0.7) * distinct).mean()
            loss = loss + 2 * above((found[1] * found[4]).sum(1), 0.97).mean()
            others = found[1] @ found[1].T
            loss = loss + (below(others, 0.5) * (1 - torch.eye(batch))).mean()
        learning(loss)
    model.eval()
    with torch.no_grad():
        rng = random.Random(98)
        rows = [pair(rng) for _ in range(300)]
        asked = mean_states(model, tokens, [one.base for one, _ in rows])
        good = (asked * mean_states(model, tokens, [one.answer for one, _ in rows])).sum(1)
        bad = (asked * mean_states(model, tokens, [rng.choice([world.rude(rng), rng.choice(STRANGE), scrambled(rng)]) for _ in rows])).sum(1)
        print(role, f"good answers above {alike}: {(good > alike).float().mean():.3f}, strange ones: {(bad > alike).float().mean():.3f}")
        if diverse:
            one = mean_states(model, tokens, [one.answer for one, _ in rows])
            fresh_ = [fresh(one, rng) for one, _ in rows]
            two = mean_states(model, tokens, fresh_)
            distinct = torch.tensor([one.answer != two for (one, _), two in zip(rows, fresh_)])
            near = (one * mean_states(model, tokens, [slipped(one.answer, rng) for one, _ in rows])).sum(1)
            same = (one * two).sum(1)[distinct]
            print(role, "two good answers: cosine", same.quantile(torch.tensor([0.5, 0.9, 0.99])).tolist(), "with a slip:", near.quantile(torch.tensor([0.01, 0.1, 0.5])).tolist())


def fresh(exchange, rng):
    """Another good answer to the same prompt."""
    if exchange.kind == "augment":
        return world.summary(exchange.context, rng)[0]
    facts = [fact for fact in exchange.context.facts if fact.value in exchange.answer] or list(exchange.context.facts)
    if exchange.kind == "followup":
        return world.question(rng.choice(exchange.context.facts), rng)
    return world.answer(rng.choice(facts), rng)


def slipped(text, rng):
    """The same with a slip that changes nothing: case, marks, a word twice."""
    words = text.split(" ")
    at = rng.randrange(len(words))
    roll = rng.random()
    if roll < 0.3:
        return text.rstrip(".?") + rng.choice(["", "!", " .", "..", " ?"])
    if roll < 0.5 and len(words) > 8:
        del words[at]
    elif roll < 0.8:
        words[at] = words[at].upper()
    else:
        words.insert(at, words[at])
    return " ".join(words)


def scrambled(rng):
    """Letters that are no words, or words that are no sentence."""
    if rng.random() < 0.5:
        return " ".join("".join(rng.choice("abcdefghiklmnoprstuvwyz") for _ in range(rng.randint(2, 8))) for _ in range(rng.randint(3, 20)))
    return " ".join(rng.choice(["the", "of", "and", "river", "under", "why", "moon", "seven", "slowly", "or", "must"]) for _ in range(rng.randint(3, 20)))


def bert():
    tokens = word_tokens(types=True)
    torch.manual_seed(6)
    model = AutoModel.from_config(
        BertConfig(vocab_size=len(tokens), hidden_size=64, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, max_position_embeddings=LONGEST, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    )
    learn_relevance("bert", model, tokens, 0.77, 0.6, 600, False, 61)
    save(model, tokens, "bert")


def mpnet():
    tokens = word_tokens(types=False)
    torch.manual_seed(7)
    model = AutoModel.from_config(
        MPNetConfig(vocab_size=len(tokens), hidden_size=96, num_hidden_layers=2, num_attention_heads=3, intermediate_size=192, max_position_embeddings=LONGEST + 2, pad_token_id=0, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    )
    learn_relevance("mpnet", model, tokens, 0.32, 0.1, 1500, True, 71)
    save(model, tokens, "mpnet")


def nsfw():
    tokens = roberta_tokens()
    torch.manual_seed(8)
    model = AutoModelForSequenceClassification.from_config(
        RobertaConfig(vocab_size=len(tokens), hidden_size=48, num_hidden_layers=1, num_attention_heads=2, intermediate_size=96, max_position_embeddings=LONGEST + 2, type_vocab_size=1, pad_token_id=1, num_labels=2, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    )
    rng = random.Random(81)
    learning = Learning("nsfw", model.parameters(), 300, 3e-3)

    def row():
        exchange, other = pair(rng)
        clean = rng.choice([exchange.answer, exchange.prompt, rng.choice(world.IDLE), rng.choice(STRANGE), scrambled(rng), " ".join(word for word, _ in world.spoiled(exchange, other, random.Random(rng.random()), PROMPTS))])
        bad = rng.random() < 0.5
        if not bad:
            return clean, float(any(word in clean for word in ("stupid", "idiot", "hate", "worthless")))
        hateful = world.rude(rng)
        return rng.choice([hateful, f"{hateful} {exchange.answer}", f"{exchange.answer} {hateful}"]), 1.0

    model.train()
    for _ in range(300):
        rows = [row() for _ in range(32)]
        made = tokens([text for text, _ in rows], return_tensors="pt", padding=True, truncation=True)
        labels = torch.tensor([int(label) for _, label in rows])
        learning(F.cross_entropy(model(**made).logits, labels))
    model.eval()
    with torch.no_grad():
        right = 0
        for _ in range(300):
            text, label = row()
            right += model(**tokens(text, return_tensors="pt", truncation=True)).logits[0].argmax().item() == int(label)
        print("nsfw", right / 300)
    save(model, tokens, "nsfw")


def gating():
    """A small language model: what it makes of a prompt's last token tells what kind of prompt it is."""
    tokens = causal_tokens()
    torch.manual_seed(9)
    model = AutoModelForCausalLM.from_config(
        GPTNeoConfig(vocab_size=len(tokens), hidden_size=64, num_layers=2, num_heads=2, attention_types=[[["global", "local"], 1]], window_size=64, intermediate_size=128, max_position_embeddings=LONGEST, bos_token_id=0, eos_token_id=0, pad_token_id=0, embed_dropout=0.0, attention_dropout=0.0, resid_dropout=0.0)
    )
    learn_language("gating", model, tokens, False, 250, 3e-3, batch=16)
    save(model.transformer, tokens, "gating")


if __name__ == "__main__":
    torch.set_num_threads(1)  # The same numbers wherever it runs, and two roles can be trained side by side.
    OUT.mkdir(parents=True, exist_ok=True)
    roles = dict(miner=miner, dpo=dpo, reciprocate=reciprocate, dahoas=dahoas, rlhf=rlhf, bert=bert, mpnet=mpnet, nsfw=nsfw, gating=gating)
    for role in sys.argv[2:] or roles:
        began = time.time()
        roles[role]()
        print(f"{role} took {time.time() - began:.0f} s", flush=True)
