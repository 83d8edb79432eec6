"""The probe lets right arithmetic pass and refuses wrong arithmetic with its number."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.engines import torch_engine
from srpo_bench.harness.engines.base import Sampling
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.models import attention, policy
from srpo_bench.harness.models.llama import Llama
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.reading import Layout
from srpo_bench.harness.planning.plan import plan
from srpo_bench.harness.rollouts import probe as module
from srpo_bench.harness.rollouts.probe import (
    Question,
    examine,
    examine_apart,
    probe,
    question_of,
)
from tests.harness.models.families import FAMILIES, SHAPE, tiny
from tests.harness.pretended import pretended_cuda

Ask = Callable[[str], Question]


@pytest.fixture
def ask(tiny_folder: Path, tmp_path: Path) -> Ask:
    """A question about a family's tiny model; prompts of 30 and 3 tokens, windows of 8."""

    def make(name: str) -> Question:
        tiny(name).save_pretrained(tmp_path)
        for path in tiny_folder.glob("tokenizer*"):
            shutil.copy(path, tmp_path)
        prompts = [list(range(2, 5)), list(range(2, 32))]
        return Question(str(tmp_path), "cpu", prompts, 24, engine=True)

    return make


def refused(question: Question, who: str) -> float:
    with pytest.raises(UserError) as told:
        probe(question)
    sentence = r"log-probs of (.*) are off by (\S+) nats from the model's own forward pass"
    found = re.search(sentence, str(told.value))
    assert found
    assert found[1] == who
    return float(found[2])


@pytest.mark.parametrize("name", ["llama", "gemma3", "bloom", "lfm2"])
def test_right_arithmetic_passes(name: str, ask: Ask) -> None:
    probe(ask(name))


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("mixtral", {"output_router_logits": True}),
        ("llama", {"output_attentions": True, "output_hidden_states": True}),
        ("gpt2", {"return_dict": False, "use_cache": False}),
    ],
)
def test_what_a_configuration_asks_for_beside_logits_is_not_made(
    name: str, asked: dict[str, bool], ask: Ask
) -> None:
    question = ask(name)
    path = Path(question.base) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **asked}))
    probe(question)


def test_a_forward_pass_that_fails_is_one_sentence(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def torn(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the sizes\nmust match")

    question = ask("granite")
    monkeypatch.setattr(module.Policy, "logp", torn)
    sentence = r"could not be tried: its forward pass raised RuntimeError: the sizes must match$"
    with pytest.raises(UserError, match=sentence):
        probe(question)

    def full(*args: Any, **kwargs: Any) -> None:
        raise torch.OutOfMemoryError("Tried to allocate 2.50 GiB")

    monkeypatch.setattr(module.Policy, "logp", full)
    with pytest.raises(torch.OutOfMemoryError):
        probe(question)


def test_a_wrong_attention_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    right = attention.grouped_sdpa

    def wrong(*args: Any, scaling: float | None = None, **kwargs: Any) -> Any:
        return right(*args, scaling=1.05 * (scaling or 8**-0.5), **kwargs)

    monkeypatch.setattr(attention, "grouped_sdpa", wrong)
    assert refused(ask("granite"), "the learner") > 1e-3


@pytest.mark.parametrize("part", ["turns", "last"])
def test_a_wrong_fast_view_is_refused(part: str, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    right = getattr(Llama, part)
    monkeypatch.setattr(Llama, part, lambda view, x: 1.05 * right(view, x))
    assert refused(ask("llama"), "the learner") > 1e-3


def test_a_window_under_padding_behind_prompts_is_refused(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The layout that all models had once."""
    monkeypatch.setattr(policy, "layout_of", lambda model: Layout.RIGHT)
    assert refused(ask("gemma3"), "the learner") > 0.1


def test_an_engine_that_errs_is_refused(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    right = torch_engine.sample

    def wrong(*args: Any) -> Any:
        token, logp = right(*args)
        return token, logp - 0.01

    monkeypatch.setattr(torch_engine, "sample", wrong)
    question = ask("llama")
    assert refused(question, "the engine") == pytest.approx(0.01, rel=0.1)
    probe(replace(question, engine=False))


def test_a_model_that_contradicts_itself_is_refused(ask: Ask) -> None:
    """Nemotron-H bounds its time steps in a whole text and not in a single step."""
    kind, settings = FAMILIES["nemotron_h"]
    question = ask("nemotron_h")
    probe(question)
    config = CONFIG_MAPPING[kind](**{**SHAPE, **settings, "time_step_min": 0.5})
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(question.base)
    assert refused(question, "the engine") > 1e-3


def test_weights_that_are_no_numbers_are_refused(ask: Ask) -> None:
    question = ask("llama")
    model = tiny("llama")
    torch.nn.init.constant_(model.lm_head.weight, torch.nan)
    model.save_pretrained(question.base)
    with pytest.raises(UserError, match=r"not all numbers: lm_head\.weight holds NaN or ∞\.$"):
        probe(question)


@pytest.mark.integration
def test_the_probe_runs_on_a_pretended_accelerator(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backward too, as it does on a real one."""
    question = replace(ask("gemma3"), device="cuda")
    with pretended_cuda(monkeypatch) as seen:
        examine(question)
    assert "embedding_dense_backward" in seen


def test_nothing_is_planned_for_a_base_that_is_not_whole(tiny_folder: Path, tmp_path: Path) -> None:
    base = Path(shutil.copytree(tiny_folder, tmp_path / "base"))
    record = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**record, "tie_word_embeddings": False}))
    small = {"model": {"path": str(base)}, "data": {"tasks": ["micro-gsm8k"]}}
    with pytest.raises(UserError, match=r"lacks weights .* lm_head.weight"):
        plan(
            tmp_path / "out",
            Config.model_validate(small),
            [Arm(name="grpo", algorithm="grpo")],
            "bench compare",
        )
    assert not (tmp_path / "out" / "comparison.json").exists()
    assert not [*tmp_path.glob("out/*/*")]


@pytest.mark.integration
def test_a_process_of_its_own_says_the_same(ask: Ask) -> None:
    question = ask("llama")
    examine_apart(question)
    with pytest.raises(UserError, match=r"could not be tried on nowhere: KeyError"):
        examine_apart(replace(question, device="nowhere"))
    (Path(question.base) / "model.safetensors").write_bytes(b"")
    with pytest.raises(UserError, match="could not be loaded"):
        examine_apart(question)


def test_its_own_process_answers_in_one_line(
    ask: Ask, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    question = ask("llama")
    repeatable: list[int] = []
    monkeypatch.setattr(module, "make_repeatable", repeatable.append)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(question))))
    assert module.main() == 0
    assert capsys.readouterr().out == ""
    assert repeatable == [torch.get_num_threads()]
    (Path(question.base) / "model.safetensors").write_bytes(b"")
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(question))))
    assert module.main() == 2
    assert "could not be loaded" in capsys.readouterr().out


def test_its_own_process_says_that_the_memory_was_full(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(question: Question) -> None:
        raise torch.OutOfMemoryError("Tried to allocate 2.50 GiB. GPU 0 has a capacity of 80 GiB")

    question = Question("m", "cuda", [[1], [2, 3]], 4, engine=True)
    monkeypatch.setattr(module, "examine", full)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(question))))
    assert module.main() == 2
    said = capsys.readouterr().out
    assert said.startswith(
        "The memory was full (Tried to allocate 2.50 GiB) as the model was tried:"
    )
    assert said.count("\n") == 1

    def broken(question: Question) -> None:
        raise RuntimeError("another")

    monkeypatch.setattr(module, "examine", broken)
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(asdict(question))))
    with pytest.raises(RuntimeError, match="another"):
        module.main()


@pytest.mark.parametrize(
    ("code", "out", "err", "said"),
    [
        (2, "a sentence\n", "", "^a sentence$"),
        (1, "", "first\nlast\n", "^m could not be tried on cuda: last$"),
        (-9, "", "", "^m could not be tried on cuda: no word$"),
    ],
)
def test_a_process_that_fails_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str, said: str
) -> None:
    asked: list[Any] = []

    def run(command: list[str], **how: Any) -> Any:
        asked.append((command, how))
        return SimpleNamespace(returncode=code, stdout=out, stderr=err)

    monkeypatch.setattr(module.subprocess, "run", run)
    question = Question("m", "cuda", [[1], [2, 3]], 4, engine=True)
    with pytest.raises(UserError, match=said):
        probe(question)
    ((command, how),) = asked
    assert command[1:] == ["-P", "-m", "srpo_bench.harness.rollouts.probe"]
    assert Question(**json.loads(how["input"])) == question
    assert how["env"]["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    assert "PYTHONPATH" in how["env"]
    assert (how["text"], how["capture_output"], how["check"]) == (True, True, False)


def test_the_shortest_and_the_longest_are_asked_about() -> None:
    asked = [SimpleNamespace(question=text) for text in ("abc", "a", "abcdef", "ab")]
    prompts: Any = SimpleNamespace(of=lambda problem: [len(problem.question)])
    for engine, ours in (("torch", True), ("vllm", False)):
        config = Config.model_validate({"rollout": {"engine": engine}})
        given: Any = asked
        found = question_of(config, Path("m"), "cpu", prompts, given, 9)
        assert found == Question("m", "cpu", [[1], [6]], 9, engine=ours, trains=True)


def test_a_model_that_is_only_scored_does_not_go_backward(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = replace(ask("llama"), device="cuda", trains=False)
    with pretended_cuda(monkeypatch) as seen:
        examine(question)
    assert "embedding_dense_backward" not in seen


def test_what_is_forced_is_less_behind_longer_prompts_and_the_same_each_time(
    tiny_folder: Path,
) -> None:
    read = load_policy(tiny_folder, "float32", "cpu")
    question = Question(str(tiny_folder), "cpu", [[2], [3, 4], [5, 6, 7]], 6, engine=True)
    forced = module._forced(read, question)
    assert forced.mask.sum(1).tolist() == [6, 3, 2]
    assert forced.mask[2].tolist() == [True, True, False, False, False, False]
    assert torch.equal(forced.tokens, module._forced(read, question).tokens)
    drawn = torch.randint(46, (3, 6), generator=torch.Generator().manual_seed(0))
    assert torch.equal(forced.tokens, drawn * forced.mask)
    assert forced.logp.tolist() == [[0.0] * 6] * 3
    assert forced.group.tolist() == [0, 1, 2]
    short = replace(question, limit=1)
    assert module._forced(read, short).mask.sum(1).tolist() == [1, 1, 1]
    long = replace(question, limit=10**6)
    assert module._forced(read, long).mask.sum(1).tolist() == [
        module.FORCED, module.FORCED // 2, module.FORCED // 3
    ]  # fmt: skip


def test_what_is_sampled_is_two_responses_a_prompt_at_temperature_one(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = load_policy(tiny_folder, "float32", "cpu")
    asked: list[Any] = []

    class Watched(torch_engine.TorchEngine):
        def generate(self, *words: Any) -> Any:
            asked.append((*words[:3], words[3].initial_seed()))
            return super().generate(*words)

    monkeypatch.setattr(module, "TorchEngine", Watched)
    question = Question(str(tiny_folder), "cpu", [[2], [3, 4]], 3, engine=True)
    found = module._sampled(read, question)
    assert asked == [([[2], [3, 4]], 2, Sampling(1.0, 1.0, 3), 0)]
    assert found.group.tolist() == [0, 0, 1, 1]


def test_the_bound_is_met_by_what_equals_it(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = load_policy(tiny_folder, "float32", "cpu")
    nothing: Any = None
    for gap, right in ((1e-3, True), (1.001e-3, False), (float("nan"), False)):
        far = torch.tensor([[0.0, -gap]], dtype=torch.float64)
        monkeypatch.setattr(module, "plain_logp", lambda *_, far=far: far)
        if right:
            module._refuse(read, "x", torch.zeros(1, 2, dtype=torch.float64), nothing)
            continue
        with pytest.raises(UserError, match="of x are off by"):
            module._refuse(read, "x", torch.zeros(1, 2, dtype=torch.float64), nothing)


def test_the_plain_pass_is_row_by_row_without_a_cache(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = load_policy(tiny_folder, "float32", "cpu")
    asked: list[Any] = []
    forward = read.model.forward

    def watched(**how: Any) -> Any:
        asked.append((how["input_ids"].shape, how["use_cache"]))
        return forward(**how)

    monkeypatch.setattr(read.model, "forward", watched)
    question = Question(str(tiny_folder), "cpu", [[2], [3, 4]], 4, engine=True)
    module.plain_logp(read, module._forced(read, question))
    assert asked == [((1, 5), False), ((1, 4), False)]


def test_fewer_tokens_are_forced_behind_later_prompts() -> None:
    config = SimpleNamespace(vocab_size=5)
    model = SimpleNamespace(config=SimpleNamespace(get_text_config=lambda: config))

    def forced(limit: int, prompts: int) -> list[int]:
        question = SimpleNamespace(limit=limit, prompts=[[1]] * prompts)
        found = module._forced(SimpleNamespace(model=model), question)  # type: ignore[arg-type]
        assert int(found.tokens.max()) < 5
        return found.lengths.tolist()

    assert forced(6, 3) == [6, 3, 2]
    assert forced(2, 4) == [2, 1, 1, 1]
    assert forced(10**6, 1) == [module.FORCED]


def test_a_model_attends_afterwards_as_before() -> None:
    asked: list[str] = []
    config = SimpleNamespace(_attn_implementation="grouped")
    model = SimpleNamespace(config=config, set_attn_implementation=asked.append)
    with suppress(ValueError), module._own_attention(model):
        assert asked == ["eager"]
        raise ValueError("of the model")
    assert asked == ["eager", "grouped"]
