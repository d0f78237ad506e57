"""The filters' models: two sentence encoders, and the one that finds hatred."""

import random

import torch
from torch.nn import functional as F
from transformers import AutoModel, AutoModelForSequenceClassification, BertConfig, MPNetConfig, RobertaConfig

import world
from learning import Learning, save
from texts import LONGEST, PROMPTS, pair, roberta_tokens, word_tokens


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
    "The tax on imported steel was raised again in March.",
    "Boil the kettle and warm the cup before you pour.",
    "A proof by induction begins with the smallest case.",
    "The committee will meet on Thursday behind closed doors.",
    "Rust checks who owns a value when it compiles.",
    "Glaciers carve valleys as they move downhill.",
    "He shifted into third gear and let the engine roar.",
    "Interest compounds monthly unless the contract says otherwise.",
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
        loss = (
            2 * above((found[0] * found[1]).sum(1), alike + 0.08).mean()
            + below((found[0] * found[2]).sum(1), unlike).mean()
        )
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
        bad = (
            asked
            * mean_states(
                model, tokens, [rng.choice([world.rude(rng), rng.choice(STRANGE), scrambled(rng)]) for _ in rows]
            )
        ).sum(1)
        print(
            role,
            f"good answers above {alike}: {(good > alike).float().mean():.3f}, strange ones: {(bad > alike).float().mean():.3f}",
        )
        if diverse:
            one = mean_states(model, tokens, [one.answer for one, _ in rows])
            fresh_ = [fresh(one, rng) for one, _ in rows]
            two = mean_states(model, tokens, fresh_)
            distinct = torch.tensor([one.answer != two for (one, _), two in zip(rows, fresh_)])
            near = (one * mean_states(model, tokens, [slipped(one.answer, rng) for one, _ in rows])).sum(1)
            same = (one * two).sum(1)[distinct]
            print(
                role,
                "two good answers: cosine",
                same.quantile(torch.tensor([0.5, 0.9, 0.99])).tolist(),
                "with a slip:",
                near.quantile(torch.tensor([0.01, 0.1, 0.5])).tolist(),
            )


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
        return " ".join(
            "".join(rng.choice("abcdefghiklmnoprstuvwyz") for _ in range(rng.randint(2, 8)))
            for _ in range(rng.randint(3, 20))
        )
    return " ".join(
        rng.choice(["the", "of", "and", "river", "under", "why", "moon", "seven", "slowly", "or", "must"])
        for _ in range(rng.randint(3, 20))
    )


def bert():
    tokens = word_tokens(types=True)
    torch.manual_seed(6)
    model = AutoModel.from_config(
        BertConfig(
            vocab_size=len(tokens),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
            max_position_embeddings=LONGEST,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    learn_relevance("bert", model, tokens, 0.77, 0.6, 600, False, 61)
    save(model, tokens, "bert")


def mpnet():
    tokens = word_tokens(types=False)
    torch.manual_seed(7)
    model = AutoModel.from_config(
        MPNetConfig(
            vocab_size=len(tokens),
            hidden_size=96,
            num_hidden_layers=2,
            num_attention_heads=3,
            intermediate_size=192,
            max_position_embeddings=LONGEST + 2,
            pad_token_id=0,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    learn_relevance("mpnet", model, tokens, 0.32, 0.1, 1500, True, 71)
    save(model, tokens, "mpnet")


def nsfw():
    tokens = roberta_tokens()
    torch.manual_seed(8)
    model = AutoModelForSequenceClassification.from_config(
        RobertaConfig(
            vocab_size=len(tokens),
            hidden_size=48,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=96,
            max_position_embeddings=LONGEST + 2,
            type_vocab_size=1,
            pad_token_id=1,
            num_labels=2,
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
    )
    rng = random.Random(81)
    learning = Learning("nsfw", model.parameters(), 300, 3e-3)

    def row():
        exchange, other = pair(rng)
        clean = rng.choice(
            [
                exchange.answer,
                exchange.prompt,
                rng.choice(world.IDLE),
                rng.choice(STRANGE),
                scrambled(rng),
                " ".join(word for word, _ in world.spoiled(exchange, other, random.Random(rng.random()), PROMPTS)),
            ]
        )
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
