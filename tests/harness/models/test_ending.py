"""A response ends where the model ends it: at a text's end, or at a turn's."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tokenizers import AddedToken

from srpo_bench.harness.config import Data
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.models.ending import end_tokens, ending_note, turn_end
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.rollouts.collect import Collector

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture
def tokenizer(tiny_folder: Path) -> Any:
    """The tiny one with ChatML's two special tokens; its end of text stays <eos>, 1."""
    found = load_policy(tiny_folder, "float32", "cpu").tokenizer
    found.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    found.chat_template = CHATML
    return found


ENDS = SimpleNamespace(eos_token_id=[1])


def test_the_token_that_closes_a_turn_ends_a_chat_response(tokenizer: Any) -> None:
    closing = tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert turn_end(tokenizer) == closing
    assert end_tokens(ENDS, tokenizer, chat=True) == [1, closing]
    assert end_tokens(ENDS, tokenizer, chat=False) == [1]
    assert "closes a turn with <|im_end|>, which" in str(ending_note(ENDS, tokenizer, chat=True))
    assert ending_note(ENDS, tokenizer, chat=False) is None


def test_an_end_that_the_tokenizer_does_not_have_never_comes(tokenizer: Any) -> None:
    tokenizer.eos_token = None
    alien = SimpleNamespace(eos_token_id=50256)
    said = "does not have the model's end token, 50256: each of its responses runs to the limit."
    assert str(ending_note(alien, tokenizer, chat=False)).endswith(said)
    assert "runs to the limit" not in str(ending_note(alien, tokenizer, chat=True))


def test_a_known_end_needs_no_note(tokenizer: Any) -> None:
    both = SimpleNamespace(eos_token_id=[1, tokenizer.convert_tokens_to_ids("<|im_end|>")])
    assert ending_note(both, tokenizer, chat=True) is None


def test_an_added_token_closes_a_turn_whether_it_is_called_special_or_not(tokenizer: Any) -> None:
    """But not a run of spaces, which some tokenizers add to their vocabulary, too."""
    tokenizer.add_tokens([AddedToken("<end>", special=False), AddedToken("   ", special=False)])
    tokenizer.chat_template = "{% for m in messages %}{{ m.content }}   <end>{% endfor %}"
    assert "<end>" not in tokenizer.all_special_tokens
    closing = tokenizer.convert_tokens_to_ids("<end>")
    assert turn_end(tokenizer) == closing
    assert end_tokens(ENDS, tokenizer, chat=True) == [1, closing]


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
        "{{ raise_exception('only a user may speak') }}",
    ],
)
def test_a_template_that_closes_nothing(tokenizer: Any, template: str) -> None:
    tokenizer.chat_template = template
    assert turn_end(tokenizer) is None


def test_a_model_that_cannot_stop_is_noted(tokenizer: Any) -> None:
    tokenizer.eos_token = None
    never = SimpleNamespace(eos_token_id=None)
    assert end_tokens(never, tokenizer, chat=False) == []
    assert "runs to the limit" in str(ending_note(never, tokenizer, chat=False))


def test_a_collector_of_chats_has_turns_end(tokenizer: Any, tiny_folder: Path) -> None:
    policy = load_policy(tiny_folder, "float32", "cpu")
    policy.tokenizer = tokenizer
    engine = TorchEngine(policy, rows_at_once=8)
    closing = tokenizer.convert_tokens_to_ids("<|im_end|>")
    for style, ends in (("base", [1]), ("chat", [1, closing]), ("auto", [1, closing])):
        Collector(policy, engine, {}, Data(style=style))
        assert policy.end_tokens == ends


def test_a_token_that_begins_every_text_closes_no_turn() -> None:
    class Beginning:
        """Puts 1, its token of beginning, before whatever it is asked, unless it is told not to."""

        def __init__(self) -> None:
            self.all_special_ids = [1]
            self.added_tokens_decoder = {
                i: SimpleNamespace(special=i == 3, content="x") for i in (3, 4)
            }

        def apply_chat_template(self, turns: Any, tokenize: bool) -> str:
            assert not tokenize
            return f"ANSWER? {turns[1]['content']} and on"

        def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
            assert text == " and on"
            return {"input_ids": [1] * add_special_tokens + [4, 3]}

    assert turn_end(Beginning()) == 3
