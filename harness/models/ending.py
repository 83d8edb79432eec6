"""The tokens that end a response."""

from __future__ import annotations

from typing import Any

SAID = "ANSWER"


def end_tokens(generation: Any, tokenizer: Any, chat: bool) -> list[int]:
    """Token ids that end a response: what the model's configuration and its tokenizer call the end
    of a text and, in a chat, what closes a turn.

    A base model's template often closes turns with a token that is no end of a text; a response
    that ran past it would go on with turns of its own making.
    """
    ends = getattr(generation, "eos_token_id", None)
    ends = ends if isinstance(ends, list) else [ends]
    turn = turn_end(tokenizer) if chat else None
    return sorted({e for e in [*ends, tokenizer.eos_token_id, turn] if e is not None})


def turn_end(tokenizer: Any) -> int | None:
    """The token that the chat template puts behind an assistant's turn: the first special one, or
    the first that was added to the vocabulary, for some tokenizers do not call theirs special; None
    where it puts none, or will not render one."""
    turns = [{"role": "user", "content": "?"}, {"role": "assistant", "content": SAID}]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False)
    except Exception:  # a template is a program: it raises what it likes
        return None
    ids = tokenizer(text.rpartition(SAID)[2], add_special_tokens=False)["input_ids"]
    added = tokenizer.added_tokens_decoder
    special = {*tokenizer.all_special_ids, *(i for i, token in added.items() if token.special)}
    words = {i for i, token in added.items() if token.content.strip()}  # not runs of spaces
    return next((i for kind in (special, words) for i in ids if i in kind), None)


def ending_note(generation: Any, tokenizer: Any, chat: bool) -> str | None:
    """What a reader of the results should know of how responses end, if anything."""
    own, ends = (end_tokens(generation, tokenizer, c) for c in (False, chat))
    if not ends:
        return "This model has no end token: each of its responses runs to the limit."
    if not set(ends) & set(tokenizer.get_vocab().values()):
        return (
            f"The tokenizer does not have the model's end token, {', '.join(map(str, ends))}: each "
            "of its responses runs to the limit."
        )
    if more := set(ends) - set(own):
        (token,) = tokenizer.convert_ids_to_tokens(list(more))
        return (
            f"The chat template closes a turn with {token}, which the model's configuration does "
            "not call an end token; here it ends a response."
        )
    return None
