"""A prompt's text and its response's make the whole, for every kind of tokenizer."""

from __future__ import annotations

import logging
import re
from datetime import date
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models.text import Decoder, _candidates, encode, refuse_lost
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Message, Outcome
from tests.harness.models.tokenizers import BYTES, KINDS

TEXT = st.text("ab self.0\n  def→é,'", min_size=1, max_size=30)
KEEPS_SPACES = ["llama", "gemma", "byte-level", "metaspace"]


@cache
def kind(name: str) -> Any:
    return KINDS[name]()


def text_of(tokenizer: Any, tokens: list[int]) -> str:
    found = tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(found)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_prompt_and_response_make_the_whole(name: str, data: st.DataObject) -> None:
    tokenizer = kind(name)
    words = {i for w, i in tokenizer.get_vocab().items() if w not in BYTES}
    ordinary = sorted(words - set(tokenizer.all_special_ids))
    prompt = tokenizer(data.draw(TEXT) + ":", add_special_tokens=False)["input_ids"]
    response = data.draw(st.lists(st.sampled_from(ordinary), max_size=12))
    if name == "byte-level":  # a text from which bytes are not torn
        response = tokenizer(data.draw(TEXT), add_special_tokens=False)["input_ids"]
    whole = text_of(tokenizer, prompt + response)
    assert text_of(tokenizer, prompt) + Decoder(tokenizer)(response) == whole


def continuation(tokenizer: Any, name: str, text: str) -> list[int]:
    """Tokens of a text that stands behind another, as a model would write them."""
    if name in ("byte-level", "gemma"):
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])
    before = tokenizer("x", add_special_tokens=False)["input_ids"]
    ids = tokenizer("x" + text, add_special_tokens=False)["input_ids"]
    while ids[: len(before)] != before:  # x has grown into the text
        before, ids = before[:-1], ids
    return list(ids[len(before) :])


@pytest.mark.parametrize("name", KEEPS_SPACES)
def test_canonical_solutions_of_humaneval_stay_what_they_are(name: str) -> None:
    """To the letter, where the vocabulary has the letters; and so a sample of them is right."""
    tokenizer, decode = kind(name), Decoder(kind(name))
    task = registry.get("humaneval")
    problems = [p for p in task.load("test") if known(tokenizer, p.meta["solution"])]
    assert len(problems) > 60
    texts = [decode(continuation(tokenizer, name, p.meta["solution"])) for p in problems]
    assert texts == [p.meta["solution"] for p in problems]
    assert {g.outcome for g in task.grade(problems[:8], texts[:8])} == {Outcome.CORRECT}


def known(tokenizer: Any, text: str) -> bool:
    return tokenizer.unk_token_id not in tokenizer(text)["input_ids"]


@pytest.mark.parametrize("name", KINDS)
def test_special_tokens_are_spelled_out_for_stop_strings_alone(name: str) -> None:
    tokenizer, decode = kind(name), Decoder(kind(name))
    tokens = [*tokenizer("value", add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
    assert "</s>" in decode.spelled_out(tokens)
    assert "</s>" not in decode(tokens)
    assert decode([]) == decode.spelled_out([]) == ""


def test_an_end_token_behind_a_plain_prompt_is_left_out() -> None:
    from tokenizers.processors import TemplateProcessing

    tokenizer = KINDS["byte-level"]()
    plain = encode(tokenizer, "total")
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    assert tokenizer("total")["input_ids"] == [1, *plain, 2]
    assert encode(tokenizer, "total") == [1, *plain]
    assert encode(tokenizer, "total</s>") == [1, *plain, 2]  # the prompt's own stays


def test_a_tokenizer_without_letters_is_refused() -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<unk>": 0, "+": 1}, unk_token="<unk>"))
    with pytest.raises(UserError, match="no token that stands for a letter"):
        Decoder(PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>"))


CHAT: list[Message] = [{"role": "user", "content": "def"}]
DATED = "{{ strftime_now('%d %b %Y') }}|{{ messages[0]['content'] }}|"


def test_a_template_is_told_the_day_that_was_planned() -> None:
    tokenizer = KINDS["gemma"]()
    tokenizer.chat_template = DATED
    ids = encode(tokenizer, CHAT, date(2024, 7, 26))
    assert text_of(tokenizer, ids) == "26 Jul 2024|def|"
    assert encode(tokenizer, CHAT, date(2024, 7, 27)) != ids
    days = [date.today()]
    now = text_of(tokenizer, encode(tokenizer, CHAT))
    days.append(date.today())  # midnight may have passed
    assert now in [f"{day:%d %b %Y}|def|" for day in days]


def test_a_template_that_refuses_the_turns_says_so_in_a_sentence() -> None:
    tokenizer = KINDS["gemma"]()
    tokenizer.chat_template = "{{ raise_exception('A system turn is needed') }}"
    with pytest.raises(UserError, match=r"refuses these prompts: A system turn is needed\.$"):
        encode(tokenizer, CHAT)
    with pytest.raises(UserError, match=r"needed; put what it says into the user's turn, or say "):
        encode(tokenizer, [SYSTEM, *CHAT])


SYSTEM: Message = {"role": "system", "content": "Put the answer in a box."}


@pytest.mark.parametrize(
    ("template", "lost"),
    [
        ("{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}", ""),
        ("{{ messages[0].content }} [I] {{ messages[1].content }}", ""),
        (
            "{% for m in messages if m.role == 'user' %}{{ m.content }}{% endfor %}",
            "leaves out the system's turn, 'Put the answer in a box.': put it into the user's",
        ),
        ("{{ messages[0].content }}", "leaves out the user's turn, ' 1+1?"),
    ],
)
def test_a_template_that_leaves_out_a_turn_is_told(template: str, lost: str) -> None:
    """Whoever asks for a box in a turn that no model reads gets no box."""
    tokenizer = KINDS["gemma"]()
    tokenizer.chat_template = template
    turns: list[Message] = [SYSTEM, {"role": "user", "content": " 1+1?\n\nReason  well. "}]
    refuse_lost(tokenizer, "a text is no chat")
    if not lost:
        refuse_lost(tokenizer, turns)
        return
    with pytest.raises(UserError, match=re.escape(lost)):
        refuse_lost(tokenizer, turns)


def test_a_prompt_that_is_too_long_is_told_by_those_who_measure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And not by the tokenizer, to the model's own bound, once."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    tokenizer = KINDS["gemma"]()
    tokenizer.model_max_length = 3
    tokenizer.chat_template = DATED
    assert len(encode(tokenizer, "value value value")) > 3
    assert len(encode(tokenizer, CHAT)) > 3
    assert caplog.messages == []
    tokenizer("value value value")
    assert "longer than the specified maximum" in caplog.text


class Asked:
    """A tokenizer that answers with its characters' places and remembers what it was asked."""

    all_special_ids = (2,)
    words = ("0", "?", "a", "b")

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def __len__(self) -> int:
        return len(self.words)

    def __call__(self, text: str, **how: Any) -> dict[str, Any]:
        self.asked.append((text, how))
        ids = [self.words.index(c) for c in text if c in self.words]
        return {"input_ids": ids, "special_tokens_mask": [i in self.all_special_ids for i in ids]}

    def apply_chat_template(self, turns: Any, **how: Any) -> dict[str, Any]:
        self.asked.append((turns, how))
        return {"input_ids": (1, 3)}

    def decode(self, tokens: list[int], **how: Any) -> str:
        self.asked.append((tokens, how))
        return "".join(self.words[i] for i in tokens)


def test_what_a_tokenizer_is_asked() -> None:
    tokenizer = Asked()
    assert encode(tokenizer, "b?") == [3, 1]
    assert encode(tokenizer, CHAT) == [1, 3]
    assert tokenizer.asked == [
        ("b?", {"return_special_tokens_mask": True, "verbose": False}),
        (CHAT, {"add_generation_prompt": True, "tokenize": True, "return_dict": True,
                "tokenizer_kwargs": {"verbose": False}}),
    ]  # fmt: skip
    decode = Decoder(tokenizer)
    assert decode.anchor == 3  # a letter's: of "a" it is special, "0" comes before it by number
    tokenizer.asked.clear()
    assert (decode([1]), decode.spelled_out([0])) == ("?", "0")
    assert tokenizer.asked == [
        ([3, token], {"skip_special_tokens": skipped, "clean_up_tokenization_spaces": False})
        for token, skipped in ((1, True), (0, False))
    ]


@pytest.mark.parametrize(
    ("text", "ids"), [("ba", [3]), ("baa", [3]), ("a", [2]), ("aa", [2]), ("ab", [2, 3]), ("", [])]
)
def test_of_a_prompt_at_least_one_token_stays(text: str, ids: list[int]) -> None:
    assert encode(Asked(), text) == ids


def test_anchors_are_tried_by_the_last_token_of_each_letter() -> None:
    """Of what is put before or behind any text nothing is tried."""

    def pieces(text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        return {"input_ids": [1, 5, 6, 2] if add_special_tokens else [5, 6]}

    class Few:
        __call__ = staticmethod(pieces)

        def __len__(self) -> int:
            return 3

    assert list(_candidates(Few())) == [6] * 62 + [0, 1, 2]
