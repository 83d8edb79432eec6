"""Tokenizers of the kinds that models have, trained here on a page of Python: no download."""

from __future__ import annotations

import json
import string
from typing import Any

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import LlamaTokenizer, PreTrainedTokenizerFast

CORPUS = [
    "def total(values):\n    result = 0\n    for value in values:\n        result += value\n",
    "    return result\n\n\nclass Stack:\n    def push(self, item: int) -> None:\n",
    "Ann has 12 apples, and eats 3 of them. How many are left? #### 9\n",
    "    if not string or any(c in '.,;' for c in string):\n        return [x for x in sorted(y)]",
]
SPECIAL = ["<unk>", "<s>", "</s>"]
BYTES = [f"<0x{i:02X}>" for i in range(256)]


def _trained(model: Any, trainer: Any, pre: Any, normalizer: Any = None) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    tokenizer.train_from_iterator(CORPUS * 4, trainer)
    return tokenizer


def _fast(tokenizer: Tokenizer, decoder: Any) -> PreTrainedTokenizerFast:
    tokenizer.decoder = decoder
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>", eos_token="</s>"
    )


def _pieces() -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Vocabulary and merges as SentencePiece has them: ▁ is a space, bytes are what is unknown."""
    raw = _trained(
        models.BPE(),
        trainers.BpeTrainer(vocab_size=200, show_progress=False),
        pre_tokenizers.Split("\n", "isolated"),
        normalizers.Replace(" ", "▁"),
    )
    model = json.loads(raw.to_str())["model"]
    words = [*SPECIAL, *BYTES, *(w for w in model["vocab"] if w != "\n"), "▁"]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return vocabulary, [tuple(m) for m in model["merges"] if "\n" not in "".join(m)]


def llama() -> Any:
    """Llama 2's: the decoder drops the first space."""
    vocabulary, merges = _pieces()
    return LlamaTokenizer(vocab=vocabulary, merges=merges)


def gemma() -> Any:
    """As Llama 2's, but no space is put before a text and none is dropped."""
    vocabulary, merges = _pieces()
    return LlamaTokenizer(vocab=vocabulary, merges=merges, add_prefix_space=False)


def byte_level() -> Any:
    """GPT-2's and Qwen's."""
    pre = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=SPECIAL, show_progress=False
    )
    return _fast(_trained(models.BPE(), trainer, pre), decoders.ByteLevel())


def metaspace() -> Any:
    """T5's and XLNet's: unigrams, a ▁ before every word, the first one included."""
    trainer = trainers.UnigramTrainer(
        vocab_size=200,
        initial_alphabet=list(string.printable),
        special_tokens=SPECIAL,
        unk_token="<unk>",
        show_progress=False,
    )
    pre = pre_tokenizers.Metaspace(prepend_scheme="always")
    return _fast(_trained(models.Unigram(), trainer, pre), decoders.Metaspace())


def word_piece() -> Any:
    """BERT's: words without the space between them, which the decoder puts back."""
    trainer = trainers.WordPieceTrainer(vocab_size=200, special_tokens=SPECIAL, show_progress=False)
    model = models.WordPiece(unk_token="<unk>")
    return _fast(_trained(model, trainer, pre_tokenizers.BertPreTokenizer()), decoders.WordPiece())


KINDS = {
    "llama": llama,
    "gemma": gemma,
    "byte-level": byte_level,
    "metaspace": metaspace,
    "word-piece": word_piece,
}
