"""The tokenizers of the demonstration's models, and the texts that they are made from."""

import random

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

import world

PROMPTS = world.Prompts()
LONGEST = 512
SYSTEM = "You are a helpful assistant."
END, USER, STOP = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CAUSAL_MARKS = [END, USER, STOP, "<|startoftext|>", "<|prompter|>", "<|assistant|>", "</s>"]


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
        corpus(),
        trainers.BpeTrainer(vocab_size=size, special_tokens=marks, initial_alphabet=alphabet, show_progress=False),
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
