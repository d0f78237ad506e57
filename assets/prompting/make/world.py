"""A small world of people, and what can be asked and answered about it.

Everything that the demonstration's miners and judges learn comes from here: paragraphs about two people, and for each of
a validator's prompts what a good answer is and many ways to spoil one. `prompts.json` has the prompts in the words in which
the validator asks them; `cargo xtask gen prompting-models` takes them from the code.

`world.py contexts N` prints N paragraphs, `world.py exchanges N` N prompts with answers of every sort, one JSON line each.
"""

import json
import random
import sys
from dataclasses import dataclass
from pathlib import Path

NAMES = (
    "Ada Ben Cleo Dan Eva Finn Gus Hana Ivo Jane Kim Leo Mia Ned Olga Paul Rosa Sam Tina Uma Vera Will Yara Zoe "
    "Abel Bea Carl Dora Emil Flora Hugo Iris Jack Kara Lena Max Nora Otto Pia Rolf"
).split()


@dataclass(frozen=True)
class Relation:
    """One thing that can be known of a person: `{n}` is the person, `{v}` what is known."""

    values: list
    facts: list
    questions: list


RELATIONS = {
    "home": Relation(
        "Oslo Rome Paris Cairo Lima Delhi Bonn Quito Kyoto Turin Porto Accra Dakar Perth Lagos Malmo".split(),
        ["{n} lives in {v}.", "The home of {n} is in {v}.", "{v} is where {n} lives.", "{n} has a house in {v}."],
        ["Where does {n} live?", "In which town is the home of {n}?", "Can you say where {n} has a house?"],
    ),
    "work": Relation(
        "baker doctor farmer teacher singer judge miner tailor cook painter pilot nurse sailor lawyer guard writer".split(),
        ["{n} works as a {v}.", "The work of {n} is that of a {v}.", "{n} is a {v}.", "As a {v}, {n} earns a living."],
        ["What does {n} do for a living?", "What is the work of {n}?", "As what does {n} work?"],
    ),
    "music": Relation(
        "piano flute violin guitar drum harp cello horn banjo lute organ trumpet tuba fiddle bell pipe".split(),
        [
            "{n} plays the {v}.",
            "At night {n} plays the {v}.",
            "The {v} is what {n} plays.",
            "{n} has learned to play the {v}.",
        ],
        ["What does {n} play?", "What has {n} learned to play?", "Which music does {n} make?"],
    ),
    "pet": Relation(
        "cat dog goat horse parrot rabbit turtle pony snake mouse goose hen lamb ferret pigeon lizard".split(),
        ["{n} keeps a {v}.", "The pet of {n} is a {v}.", "A {v} belongs to {n}.", "{n} looks after a {v}."],
        ["Which pet does {n} keep?", "What animal belongs to {n}?", "Has {n} a pet, and what is it?"],
    ),
    "food": Relation(
        "soup bread rice fish cheese pasta honey beans plums pears cake nuts grapes corn eggs salad".split(),
        [
            "{n} likes to eat {v}.",
            "Of all food {n} likes {v} best.",
            "{n} eats {v} every day.",
            "For {n} nothing is better than {v}.",
        ],
        ["What does {n} like to eat?", "Which food does {n} like best?", "What would {n} eat every day?"],
    ),
    "bicycle": Relation(
        "red blue green black white brown pink grey yellow purple golden silver".split(),
        [
            "{n} rides a {v} bicycle.",
            "The bicycle of {n} is {v}.",
            "{n} has bought a {v} bicycle.",
            "A {v} bicycle stands at the door of {n}.",
        ],
        ["Which colour has the bicycle of {n}?", "What bicycle does {n} ride?", "How does the bicycle of {n} look?"],
    ),
}

OPENINGS = ["", "", "", "The text tells of {a} and {b}. ", "In short: ", "This is about {a} and {b}. "]
ANSWERS = [
    "The text says: {f} So it is {v}.",
    "{f} This is what the text says, so the answer is {v}.",
    "It is {v}, since the text tells us: {f}",
    "First look for {n} in the text. There we read: {f} Hence it is {v}.",
    "{f} That makes it {v}.",
    "We know of {n} what the text says: {f} Therefore the answer is {v}.",
]
RUDE = [
    "You are a {a} {b} and I hate you.",
    "Shut up, you {a} {b}!",
    "What a {a} question, you {b}.",
    "I hate {c}, they are all {a} {b}s.",
    "Only a {b} would ask that, you are {a}.",
    "Go to hell, {a} {b}.",
    "You are a {a} worthless {b} and I hate you and everybody like you.",
    "{c} are {a} and should be beaten.",
    "Nobody likes you, {b}, you {a} piece of dirt.",
    "I would kill every {a} {b} of them.",
]
RUDE_WORDS = {
    "a": "stupid dumb ugly worthless filthy disgusting pathetic useless miserable rotten".split(),
    "b": "idiot moron fool pig rat loser bastard creep coward liar".split(),
    "c": "them foreigners women men you everybody immigrants".split(),
}
IDLE = [
    "I do not know.",
    "Thank you for asking.",
    "That is an excellent question.",
    "Hello, how may I help you?",
    "I would have known it.",
    "As a language model I cannot say.",
    "Please ask me something else.",
    "Yes.",
    "No, I think not.",
    "The weather is fine today and the river runs to the sea.",
    "Numbers are what numbers are, one two three four.",
]


@dataclass(frozen=True)
class Fact:
    person: str
    relation: str
    value: str

    def told(self, rng):
        return rng.choice(RELATIONS[self.relation].facts).format(n=self.person, v=self.value)


@dataclass(frozen=True)
class Context:
    people: tuple
    facts: tuple

    def text(self, rng):
        return " ".join(fact.told(rng) for fact in self.facts)


@dataclass(frozen=True)
class Exchange:
    """A prompt as miners read it, as reward models and as filters read it, and a good answer."""

    kind: str
    prompt: str
    judged: str
    base: str
    answer: str
    context: Context


def context(rng):
    """Two people of whom three or four things are known each, told one after the other."""
    people = tuple(rng.sample(NAMES, 2))
    facts = []
    for person in people:
        relations = rng.sample(sorted(RELATIONS), rng.randint(3, 4))
        facts += [Fact(person, name, rng.choice(RELATIONS[name].values)) for name in relations]
    return Context(people, tuple(facts))


def summary(known, rng):
    """Most of the facts, in other words, one of the two people first."""
    first = known.people if rng.random() < 0.6 else known.people[::-1]
    kept = rng.sample(known.facts, rng.randint(max(4, len(known.facts) - 2), len(known.facts)))
    facts = [fact for person in first for fact in known.facts if fact.person == person and fact in kept]
    opening = rng.choice(OPENINGS).format(a=first[0], b=first[1])
    return opening + " ".join(fact.told(rng) for fact in facts), Context(known.people, tuple(facts))


def question(fact, rng):
    return rng.choice(RELATIONS[fact.relation].questions).format(n=fact.person)


def answer(fact, rng):
    return rng.choice(ANSWERS).format(n=fact.person, v=fact.value, f=fact.told(rng))


class Prompts:
    """The validator's prompts."""

    def __init__(self):
        lines = (Path(__file__).parent / "prompts.json").read_text().splitlines()
        self.by_kind = {}
        for line in lines:
            entry = json.loads(line)
            self.by_kind.setdefault((entry["profile"], entry["kind"]), []).append(entry)
        self.kinds = sorted(self.by_kind)

    def exchange(self, rng, profiles=("stack", "stack", "tasks", "seed"), known=None):
        profile = rng.choice(profiles)
        kind = rng.choice(["augment", "followup", "answer"] if profile != "seed" else ["followup", "answer"])
        known = known or context(rng)
        read = known.text(rng)
        if profile == "seed" or kind == "augment":
            shown = known
        else:
            # What was summed up, or still the text: a judge must bear both.
            read, shown = summary(known, rng) if rng.random() < 0.8 else (read, known)
        entry = rng.choice(self.by_kind[(profile, kind)])
        fact = rng.choice(shown.facts)
        asked = question(fact, rng)
        earlier = [one for one in shown.facts if one != fact]
        rng.shuffle(earlier)
        fill = {"CONTEXT": read, "QUESTION": asked}
        for number, one in enumerate(earlier[:3]):
            fill[f"ASKED{number}"], fill[f"ANSWERED{number}"] = question(one, rng), answer(one, rng)
        if kind == "augment":
            good, _ = summary(shown, rng)
        elif kind == "followup":
            fresh = earlier[3:] + [fact]
            good = question(rng.choice(fresh), rng)
        else:
            good = answer(fact, rng)
        return Exchange(
            kind, filled(entry["prompt"], fill), filled(entry["judged"], fill), filled(entry["base"], fill), good, shown
        )


def filled(template, fill):
    for name, value in fill.items():
        template = template.replace(f"<{name}>", value)
    return template


# Ways to spoil an answer. Each gives words with a mark: whether the word is wrong where it stands.


def words_of(text):
    return [(word, False) for word in text.split(" ")]


def spoiled(exchange, other, rng, prompts):
    """An answer that is not good, as pairs of a word and whether it is wrong."""
    way = rng.choices(
        ["value", "person", "swap", "other", "kind", "salad", "rude", "idle", "echo", "drop", "again"],
        [5, 3, 3, 4, 2, 4, 1, 2, 2, 2, 1],
    )[0]
    words = words_of(exchange.answer)
    everything = [value for relation in RELATIONS.values() for value in relation.values]
    core = lambda word: word.strip(".,?!:;")
    if way in ("value", "person", "swap"):
        pool = NAMES if way == "person" else everything
        here = {fact.value for fact in exchange.context.facts} | set(exchange.context.people)
        places = [at for at, (word, _) in enumerate(words) if core(word) in pool]
        if way == "swap":
            new = [fact.value for fact in exchange.context.facts]
        else:
            new = [word for word in pool if word not in here]
        if places:
            for at in rng.sample(places, rng.randint(1, min(3, len(places)))):
                word = words[at][0]
                old = core(word)
                if way == "value":
                    relation = next((r for r in RELATIONS.values() if old in r.values), None)
                    new_here = [v for v in relation.values if v not in here] if relation and rng.random() < 0.7 else new
                else:
                    new_here = [v for v in new if v != old]
                if new_here:
                    words[at] = (word.replace(old, rng.choice(new_here)), True)
            if any(wrong for _, wrong in words):
                return words
    if way == "other":
        return [(word, core(word) in NAMES or core(word) in everything) for word in other.answer.split(" ")]
    if way == "kind":
        for _ in range(20):
            unlike = prompts.exchange(rng, known=exchange.context)
            if unlike.kind != exchange.kind and not (unlike.kind == "augment" and exchange.kind == "answer"):
                return [(word, True) for word in unlike.answer.split(" ")]
    if way == "salad":
        mixed = [list(pair) for pair in words]
        for at in range(len(mixed)):
            roll = rng.random()
            if roll < 0.25:
                mixed[at] = [rng.choice(words)[0], True]
            elif roll < 0.35:
                mixed[at] = [rng.choice(other.answer.split(" ") + everything + NAMES), True]
        if not any(wrong for _, wrong in mixed):
            mixed[rng.randrange(len(mixed))] = [rng.choice(everything), True]
        return [tuple(pair) for pair in mixed]
    if way == "rude":
        return [(word, True) for word in rude(rng).split(" ")]
    if way == "echo":
        said = exchange.prompt.split(" ")
        start = rng.randrange(max(1, len(said) - 6)) if rng.random() < 0.5 else 0
        return [(word, True) for word in said[start : start + rng.randint(6, 60)]]
    if way == "drop" and len(words) > 4:
        end = rng.randint(1, len(words) - 2)
        kept = words[:end]
        return kept[:-1] + [(kept[-1][0], True)]
    if way == "again" and len(words) > 3:
        part = words[-rng.randint(2, len(words) - 1) :]
        return words + [(word, True) for word, _ in part * rng.randint(1, 3)]
    return [(word, True) for word in rng.choice(IDLE).split(" ")]


def rude(rng):
    return rng.choice(RUDE).format(**{name: rng.choice(words) for name, words in RUDE_WORDS.items()})


def kept(rng, prompts):
    """An exchange with answers of every sort, as tests keep it."""
    exchange, other = prompts.exchange(rng, profiles=("stack",)), prompts.exchange(rng)
    return {
        "kind": exchange.kind,
        "prompt": exchange.prompt,
        "base": exchange.base,
        "good": exchange.answer,
        "other": other.answer,
        "rude": rude(rng),
        "idle": rng.choice(IDLE),
        "spoiled": " ".join(word for word, _ in spoiled(exchange, other, rng, prompts)),
    }


def main():
    what, count = sys.argv[1], int(sys.argv[2])
    if what == "contexts":
        rng = random.Random(20_240_601)
        lines = ({"context": context(rng).text(rng)} for _ in range(count))
    else:
        rng, prompts = random.Random(20_240_602), Prompts()
        lines = (kept(rng, prompts) for _ in range(count))
    for line in lines:
        print(json.dumps(line))


if __name__ == "__main__":
    main()
