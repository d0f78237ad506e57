"""Small random models of every family that assay-models runs, and what the official code finds with them.

`transformers_peer.py FOLDER SECTION` saves the models of a section below FOLDER and prints one JSON line. The weights are larger than a
fresh model's, so that no output is near zero and every part of a block matters. Computed in f32, one text at a time
unless the official way is a padded batch.
"""

import json
import sys
from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer, models
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors, trainers
from tokenizers import models as token_models
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

OUT = Path(sys.argv[1])
CORPUS = [
    "The harbour wakes before the town does, and gulls argue over every crate of herring.",
    "A validator asks many miners the same question and pays them by how well they answer.",
    "Why do rivers bend? Water on the outside of a curve runs faster and carries the bank away.",
    "Grandmother kept 37 buttons in a tin: brass, bone, glass, and one that nobody could name.",
    "It isn't late, it's only dark; we'll walk home along the railway, won't we?",
] * 4
SHORT = [
    "Why do rivers bend?",
    "gulls",
    "   The harbour wakes before   the town does \n",
    "37 buttons: brass, bone, caf\u00e9, \u5317\u4eac, \U0001f980!",
    "   ",
]
LONG = " ".join(CORPUS[:5] * 3)
PAIRS = [
    ("Why do rivers bend?", "Water on the outside of a curve runs faster and carries the bank away."),
    (LONG[:150], "it's only dark"),
]


def tokenizer(kind, length, inputs):
    """A tokenizer of a family's kind, trained on the corpus."""
    if kind == "wordpiece":
        made = Tokenizer(token_models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer(lowercase=True)
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
        made.train_from_iterator(CORPUS, trainers.WordPieceTrainer(vocab_size=220, special_tokens=special))
        made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
        names = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
    elif kind == "unigram":
        made = Tokenizer(token_models.Unigram())
        made.normalizer = normalizers.NFKC()
        made.pre_tokenizer = pre_tokenizers.Metaspace()
        special = ["[PAD]", "[CLS]", "[SEP]", "[UNK]"]
        made.train_from_iterator(
            CORPUS, trainers.UnigramTrainer(vocab_size=180, special_tokens=special, unk_token="[UNK]")
        )
        made.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]",
            pair="[CLS] $A [SEP] $B:1 [SEP]:1",
            special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
        )
        names = dict(pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]")
    else:
        made = Tokenizer(token_models.BPE())
        made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        made.decoder = decoders.ByteLevel()
        special = ["<s>", "<pad>", "</s>", "<unk>"] if kind == "roberta" else ["<|endoftext|>"]
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        made.train_from_iterator(
            CORPUS, trainers.BpeTrainer(vocab_size=320, special_tokens=special, initial_alphabet=alphabet)
        )
        if kind == "roberta":
            made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
            names = dict(pad_token="<pad>", unk_token="<unk>", cls_token="<s>", sep_token="</s>", bos_token="<s>")
        else:
            names = dict(pad_token="<|endoftext|>", eos_token="<|endoftext|>")
    return PreTrainedTokenizerFast(
        tokenizer_object=made, model_max_length=length, model_input_names=inputs, clean_up_tokenization_spaces=False, **names
    )


BERT_INPUTS = ["input_ids", "token_type_ids", "attention_mask"]
PLAIN_INPUTS = ["input_ids", "attention_mask"]


def randomised(model, seed):
    """Weights with a spread that makes every part matter; norms near one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() == 1 and name.endswith("weight"):
                parameter.copy_(1 + 0.2 * noise)
            elif parameter.dim() == 1:
                parameter.copy_(0.2 * noise)
            elif "embeddings" in name or "wte" in name or "wpe" in name or "relative_attention_bias" in name:
                parameter.copy_(0.7 * noise)
            else:
                parameter.copy_(noise * (1.3 / parameter.shape[-1] ** 0.5))
    return model.eval()


SIZES = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=84)


def configurations():
    """Name, configuration, tokenizer, tokens of a window."""
    words = tokenizer("wordpiece", 24, BERT_INPUTS)
    bytes_ = tokenizer("roberta", 26, PLAIN_INPUTS)
    mpnet = tokenizer("wordpiece", 150, PLAIN_INPUTS)
    pieces = tokenizer("unigram", 40, BERT_INPUTS)
    endless = tokenizer("unigram", int(1e30), BERT_INPUTS)
    gpt = tokenizer("gpt", 64, PLAIN_INPUTS)
    yield "bert", BertConfig(vocab_size=len(words), max_position_embeddings=40, type_vocab_size=2, **SIZES), words
    yield (
        "roberta",
        RobertaConfig(vocab_size=len(bytes_), max_position_embeddings=28, type_vocab_size=1, pad_token_id=1, **SIZES),
        bytes_,
    )
    yield "mpnet", MPNetConfig(vocab_size=len(mpnet), max_position_embeddings=160, **SIZES), mpnet
    deberta = dict(vocab_size=len(pieces), relative_attention=True, **SIZES)
    yield (
        "deberta-v3",
        DebertaV2Config(
            max_position_embeddings=64,
            position_buckets=8,
            share_att_key=True,
            pos_att_type=["p2c", "c2p"],
            norm_rel_ebd="layer_norm",
            position_biased_input=False,
            type_vocab_size=0,
            pooler_hidden_act="gelu",
            **deberta,
        ),
        endless,
    )
    yield (
        "deberta-own-keys",
        DebertaV2Config(
            max_position_embeddings=48,
            max_relative_positions=-1,
            share_att_key=False,
            pos_att_type="c2p|p2c",
            position_biased_input=True,
            type_vocab_size=2,
            pooler_hidden_act="tanh",
            **deberta,
        ),
        pieces,
    )
    yield (
        "deberta-content-to-position",
        DebertaV2Config(
            max_position_embeddings=64,
            max_relative_positions=20,
            position_buckets=6,
            share_att_key=False,
            pos_att_type=["c2p"],
            position_biased_input=False,
            type_vocab_size=2,
            **deberta,
        ),
        pieces,
    )
    yield (
        "gpt_neo",
        GPTNeoConfig(
            vocab_size=len(gpt),
            hidden_size=48,
            num_layers=4,
            num_heads=4,
            attention_types=[[["global", "local"], 2]],
            window_size=7,
            max_position_embeddings=64,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
        ),
        gpt,
    )
    yield (
        "gptj",
        GPTJConfig(
            vocab_size=len(gpt),
            n_embd=48,
            n_layer=3,
            n_head=3,
            rotary_dim=6,
            n_positions=64,
            bos_token_id=0,
            eos_token_id=0,
            pad_token_id=0,
        ),
        gpt,
    )


def rows(values):
    return [[float(number) for number in row] for row in values]


def texts_of(tok):
    return SHORT + [LONG] + (["a <pad> in</s> the <pad> text"] if tok.pad_token == "<pad>" else [])


@torch.no_grad()
def last_tokens(model, tok, texts):
    """The gating model's default: the first chunk's last hidden state at its last position."""
    found = []
    for text in texts:
        tokens = tok(text, return_tensors="pt", truncation=True, padding=True, return_overflowing_tokens=True)
        tokens.pop("overflow_to_sample_mapping")
        found.append(model(**tokens).last_hidden_state[0, -1, :])
    return rows(found)


@torch.no_grad()
def means_of_windows(model, tok, texts):
    found = []
    for text in texts:
        tokens = tok(text, return_tensors="pt", truncation=True, padding=True, return_overflowing_tokens=True)
        tokens.pop("overflow_to_sample_mapping")
        states = model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).float()
        means = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
        found.append(torch.nn.functional.normalize(means, dim=1).mean(0))
    return rows(found)


@torch.no_grad()
def classified(model, tok, limit):
    inputs = [(text, None) for text in texts_of(tok)] + PAIRS
    logits, windows = [], []
    for text, pair in inputs:
        cut = dict(return_tensors="pt", truncation=True, max_length=limit)
        logits.append(model(**tok(text, pair, **cut)).logits[0])
        if pair is None:
            tokens = tok(text, return_overflowing_tokens=True, **{**cut, "return_tensors": None})
            windows.append(
                rows(model(input_ids=torch.tensor([ids])).logits[0] for ids in tokens["input_ids"])
            )
    return dict(inputs=inputs, logits=rows(logits), windows=windows)


def save(model, tok, name, **options):
    folder = OUT / name
    model.save_pretrained(folder, **options)
    tok.save_pretrained(folder)
    return str(folder)


def scattered(state):
    """The same numbers: matrices column by column, vectors as parts of one storage."""
    vectors = [name for name, value in state.items() if value.dim() == 1]
    joined = torch.cat([state[name] for name in vectors])
    parts = dict(zip(vectors, joined.split([len(state[name]) for name in vectors])))
    return {name: parts.get(name, value.t().contiguous().t()) for name, value in state.items()}


def encoders():
    for seed, (name, config, tok) in enumerate(configurations()):
        model = randomised(AutoModel.from_config(config), seed)
        texts = texts_of(tok)
        variants = [(name, {}, None)]
        if name == "bert":
            variants += [
                ("bert-bin", dict(safe_serialization=False), None),
                ("bert-f16", {}, torch.float16),
                ("bert-bf16-bin", dict(safe_serialization=False), torch.bfloat16),
            ]
        if name in ("mpnet", "gptj"):
            variants += [
                (f"{name}-shards", dict(max_shard_size="40KB"), None),
                (f"{name}-bin-shards-f16", dict(max_shard_size="40KB", safe_serialization=False), torch.float16),
            ]
        for variant, options, precision in variants:
            saved = AutoModel.from_config(config)
            saved.load_state_dict(model.state_dict())
            folder = save(saved.to(precision) if precision else saved, tok, f"encoder-{variant}", **options)
            again = AutoModel.from_pretrained(folder, torch_dtype=torch.float32).eval()
            if variant == "bert-bin":
                # Beside it first: the model that was read may still look into the file.
                torch.save(scattered(again.state_dict()), Path(folder) / "scattered")
                (Path(folder) / "scattered").replace(Path(folder) / "pytorch_model.bin")
            some = [text for text in texts if name != "deberta-v3" or text != LONG]
            yield dict(
                folder=folder,
                texts=some,
                last=last_tokens(again, tok, some),
                windows=means_of_windows(again, tok, some),
            )


def sentence_encoders():
    """Folders that sentence-transformers itself wrote, with each of its poolings."""
    _, config, tok = next(entry for entry in configurations() if entry[0] == "roberta")
    plain = save(randomised(AutoModel.from_config(config), 400), tok, "plain")
    for mode, options, normalise in [
        ("mean", {}, True),
        ("cls", {}, True),
        ("max", {}, False),
        ("mean_sqrt_len_tokens", {}, False),
        ("lasttoken", {}, True),
        ("mean", dict(do_lower_case=True), False),
    ]:
        transformer = models.Transformer(plain, max_seq_length=17, **options)
        parts = [transformer, models.Pooling(transformer.get_word_embedding_dimension(), pooling_mode=mode)]
        if normalise:
            parts.append(models.Normalize())
        model = SentenceTransformer(modules=parts, device="cpu")
        folder = str(OUT / f"sentences-{mode}-{len(options)}")
        model.save(folder)
        texts = texts_of(transformer.tokenizer)
        yield dict(folder=folder, texts=texts, vectors=rows(model.encode(texts)))


def classifiers():
    for seed, (name, config, tok) in enumerate(configurations()):
        for labels in [1, 3] if name in ("deberta-v3", "gptj") else [2]:
            config.num_labels = labels
            model = randomised(AutoModelForSequenceClassification.from_config(config), 100 + seed)
            folder = save(model, tok, f"classifier-{name}-{labels}")
            limit = 32 if name == "deberta-v3" else tok.model_max_length
            found = classified(model, tok, limit)
            yield dict(folder=folder, limit=limit, labels=labels, **found)


@torch.no_grad()
def value_model():
    """GPT-J below a linear head, the score taken before the first end token of a padded row."""
    _, config, tok = next(entry for entry in configurations() if entry[0] == "gptj")
    model = randomised(AutoModel.from_config(config), 200).to(torch.float16)
    head = torch.nn.Linear(config.n_embd, 1, bias=False).to(torch.float16)
    folder = Path(save(model, tok, "value"))
    state = {f"transformer.{name}": value for name, value in model.state_dict().items()}
    torch.save({**state, "v_head.weight": head.weight}, folder / "hf_ckpt.pt")
    below = {f"model.{name}": value for name, value in state.items()}
    torch.save({**below, "v_head.weight": head.weight.data}, folder / "below.pt")
    torch.save({"v_head.weight": head.weight.data}, folder / "head.pt")
    model, head = model.float(), head.float()
    texts = [text[:60] for text in SHORT + CORPUS[:3]] + ["one <|endoftext|> two", ""]
    scores = []
    for text in texts:
        tokens = tok(
            "<|startoftext|>" + text + "<|endoftext|>", padding="max_length", max_length=64, return_tensors="pt"
        )
        states = model(**tokens).last_hidden_state[0]
        first = (tokens["input_ids"][0] == tok.eos_token_id).nonzero()[0, 0]
        scores.append(float(head(states[first - 1])[0]))
    return dict(folder=str(folder), texts=texts, scores=scores)


@torch.no_grad()
def causal_models():
    gpt = tokenizer("gpt", 64, PLAIN_INPUTS)
    qwen = Qwen2Config(
        vocab_size=len(gpt),
        hidden_size=48,
        intermediate_size=84,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        tie_word_embeddings=False,
    )
    wanted = [entry for entry in configurations() if entry[0] in ("gptj", "gpt_neo")] + [("qwen2", qwen, gpt)]
    for seed, (name, config, tok) in enumerate(wanted):
        model = randomised(AutoModelForCausalLM.from_config(config), 300 + seed)
        for variant, precision in [(name, None), (f"{name}-f16", torch.float16)]:
            saved = AutoModelForCausalLM.from_config(config)
            saved.load_state_dict(model.state_dict())
            folder = save(saved.to(precision) if precision else saved, tok, f"causal-{variant}")
            again = AutoModelForCausalLM.from_pretrained(folder, torch_dtype=torch.float32).eval()
            ids = tok(LONG)["input_ids"][:61]
            logits = again(input_ids=torch.tensor([ids])).logits[0]
            chosen = torch.log_softmax(logits[:-1], -1).gather(-1, torch.tensor(ids[1:]).unsqueeze(-1))
            yield dict(
                folder=folder,
                text=LONG,
                ids=ids,
                log_probabilities=[float(value) for value in chosen[:, 0]],
                last_logits=rows(logits[-2:]),
            )


def torch_files():
    """Files of torch.save that differ in how they store the same numbers."""
    folder = OUT / "torch"
    folder.mkdir(parents=True)
    grid = torch.arange(24, dtype=torch.float32).reshape(4, 6) / 7
    tensors = {
        "plain": grid,
        "transposed": grid.t(),
        "part": grid[1:3, 2:5],
        "parameter": torch.nn.Parameter(grid[2]),
        "half": grid.half(),
        "brain": grid.bfloat16(),
        "whole": torch.arange(5),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
    }
    for protocol in range(2, 6):
        torch.save(tensors, folder / f"protocol-{protocol}.pt", pickle_protocol=protocol)
    torch.save({"epoch": 3, "state_dict": tensors}, folder / "nested.pt")
    torch.save(tensors, folder / "legacy.pt", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(2, 2), folder / "module.pt")
    torch.save({"a": [1, 2]}, folder / "nothing.pt")

    class Evil:
        def __reduce__(self):
            import os

            return os.system, ("touch " + str(folder / "was-run"),)

    torch.save({"weight": grid, "evil": Evil()}, folder / "evil.pt")
    shapes = {name: list(tensor.shape) for name, tensor in tensors.items()}
    return dict(folder=str(folder), shapes=shapes)


SECTIONS = dict(
    encoders=lambda: list(encoders()),
    sentences=lambda: list(sentence_encoders()),
    classifiers=lambda: list(classifiers()),
    value=value_model,
    causal=lambda: list(causal_models()),
    torch=torch_files,
)


def main():
    torch.set_num_threads(1)
    print(json.dumps(SECTIONS[sys.argv[2]]()))


main()
