"""Prompts to token ids and responses to text, whatever kind of tokenizer a model has."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from typing import Any

from jinja2 import TemplateError

from srpo_bench.harness.errors import UserError
from srpo_bench.tasks.base import Prompt


def encode(tokenizer: Any, prompt: Prompt, day: date | None = None) -> list[int]:
    """Token ids of a prompt; a list of turns goes through the chat template.

    Args:
        day: the date for a template that asks for one; None: today.

    Raises:
        UserError: the template refuses these turns.
    """
    if isinstance(prompt, str):
        return _without_end(tokenizer(prompt, return_special_tokens_mask=True, verbose=False))
    clock = {} if day is None else {"strftime_now": _midnight(day)}
    try:
        ids = tokenizer.apply_chat_template(
            prompt,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            tokenizer_kwargs={"verbose": False},  # whoever measures lengths reports them
            **clock,
        )["input_ids"]
    except TemplateError as error:
        helps = "; put what it says into the user's turn, or say data.style=base"
        system = any(turn["role"] == "system" for turn in prompt)
        raise UserError(
            f"The model's chat template refuses these prompts: {str(error).rstrip('.')}"
            f"{helps if system else ''}."
        ) from error
    return list(ids)


def refuse_lost(tokenizer: Any, prompt: Prompt) -> None:
    """Refuse a chat template that leaves a turn out: some drop the system's without a word.

    Raises:
        UserError: a turn's text is not in what the template makes.
    """
    if isinstance(prompt, str):
        return
    made = tokenizer.apply_chat_template(prompt, tokenize=False)
    text = " ".join(made.split())
    for turn in prompt:
        if " ".join(turn["content"].split()) not in text:
            raise UserError(
                f"The model's chat template leaves out the {turn['role']}'s turn, "
                f"{turn['content']!r:.60}: put it into the user's, or say data.style=base."
            )


def _without_end(encoded: Any) -> list[int]:
    """What a tokenizer puts behind a text would end the response before it began."""
    ids, added = list(encoded["input_ids"]), encoded["special_tokens_mask"]
    while len(ids) > 1 and added[len(ids) - 1]:
        ids.pop()
    return ids


def _midnight(day: date) -> Callable[[str], str]:
    return datetime.combine(day, time()).strftime


class Decoder:
    """Text of tokens that stand behind others.

    The decoders of some tokenizers drop the space before the first token of a text (Llama 2's
    kind), or put none there (WordPiece). So a response is decoded behind an anchor, an ordinary
    token, whose text is then taken away: the prompt's text and the response's make the whole.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.anchor = _anchor(tokenizer)
        self.front = self._plain([self.anchor], special=False)

    def __call__(self, tokens: list[int]) -> str:
        """Without special tokens."""
        return self._plain([self.anchor, *tokens], special=False).removeprefix(self.front)

    def spelled_out(self, tokens: list[int]) -> str:
        """The text, with special tokens as they are written: a stop string may be one."""
        return self._plain([self.anchor, *tokens], special=True).removeprefix(self.front)

    def _plain(self, tokens: list[int], special: bool) -> str:
        return str(
            self.tokenizer.decode(
                tokens, skip_special_tokens=not special, clean_up_tokenization_spaces=False
            )
        )


def _anchor(tokenizer: Any) -> int:
    """An ordinary token: a letter's or a digit's, else any that has letters."""
    special = set(tokenizer.all_special_ids)
    for token in _candidates(tokenizer):
        if token not in special and tokenizer.decode([token]).strip().isalnum():
            return token
    raise UserError("The model's tokenizer has no token that stands for a letter or a digit.")


def _candidates(tokenizer: Any) -> Iterable[int]:
    for character in string.ascii_letters + string.digits:
        yield from tokenizer(character, add_special_tokens=False)["input_ids"][-1:]
    yield from range(len(tokenizer))
