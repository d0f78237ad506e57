"""The reward models. While they learn each word of an answer is marked, which teaches where to look; what stays is the mark of
the whole."""

import random

import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForSequenceClassification, DebertaV2Config, PreTrainedTokenizerFast

import world
from language import gptj
from learning import Learning, place, report, save
from texts import LONGEST, PROMPTS, padded, pair, word_tokens


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
            vocab_size=len(tokens),
            hidden_size=96,
            num_hidden_layers=3,
            num_attention_heads=3,
            intermediate_size=192,
            relative_attention=True,
            position_buckets=32,
            max_position_embeddings=LONGEST,
            share_att_key=True,
            pos_att_type=["p2c", "c2p"],
            norm_rel_ebd="layer_norm",
            position_biased_input=False,
            type_vocab_size=2,
            pooler_hidden_act="gelu",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
            pooler_dropout=0.0,
            cls_dropout=0.0,
            num_labels=1,
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
        states = model.deberta(
            input_ids=padded(ids, 0), token_type_ids=padded(types, 0), attention_mask=mask
        ).last_hidden_state
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
        ids, marks, where, good = [], [], [], []
        for exchange, words, is_good in marked_rows(rng, 24):
            before, after, asked = framed(exchange)
            said, wrong = word_ids(tokens, words)
            said, wrong = (
                said[: LONGEST - len(before) - len(asked) - len(after)],
                wrong[: LONGEST - len(before) - len(asked) - len(after)],
            )
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
        {
            name.removeprefix("transformer."): value.float()
            for name, value in learned.items()
            if name.startswith("transformer.")
        }
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
    learn_marks(
        "reciprocate",
        model.transformer,
        tokens,
        model.score,
        1,
        framed,
        900,
        1e-3,
        F.binary_cross_entropy_with_logits,
        41,
    )

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
    head_file = lambda folder: save_file(
        {"v_head.weight": head.weight.detach().half()}, folder / "value_head.safetensors"
    )
    save(model, tokens, "dahoas", head=head_file)
