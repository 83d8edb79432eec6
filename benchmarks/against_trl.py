"""Our GRPO against TRL's ``GRPOTrainer``: the same curves, and in how much time?

``python -m benchmarks.against_trl [--seeds N] [--model FOLDER] [--out DIR] [--quick]``

*Curves*: both train the micro base on one pool with one contract; their training rewards and their
held-out accuracies, scored by the same code, are compared over seeds and drawn. *Speed*: runs taken
in turn on the same work, responses of an exact length in groups that all carry a gradient. The last
line is TRL's seconds a step over ours for the micro base at 64 tokens, ``ratio X``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks import trl_side
from benchmarks.curves import Agreement, agreement
from benchmarks.trl_side import Curve, Stopwatch
from srpo_bench.harness import layers
from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.environment import make_repeatable
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.problems.load import Problems, load_problems
from srpo_bench.harness.running.loop import Trainer
from srpo_bench.results.store import read_lines
from srpo_bench.tasks.base import Grade, Outcome, Problem
from srpo_bench.tasks.micro.gsm8k import MicroGsm8k

GRPO = Arm(name="grpo", algorithm="grpo", settings={"beta": 0.0})
MARGIN = 0.05
"""Points of reward or accuracy, averaged over a run, that would still be called the same."""
NEVER = 10**6
Sides = dict[str, list[Curve]]
"""One curve a run under "ours" and "trl"."""


class Alternating(MicroGsm8k):
    """micro-gsm8k's prompts, every other response called right: each group carries a gradient, so
    that no side is spared work."""

    def grade(self, problems: Sequence[Problem], responses: Sequence[str]) -> list[Grade]:
        """Wrong, right, wrong, right …"""
        return [Grade((Outcome.WRONG, Outcome.CORRECT)[i % 2]) for i in range(len(responses))]


@dataclass(frozen=True)
class Case:
    """What is timed. end: a token that the model never says, which makes every response full."""

    name: str
    model: str
    end: str
    tokens: int
    prompts: int
    group: int
    steps: int


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seeds", type=int, default=5, help="runs a trainer for the curves")
    arguments.add_argument("--steps", type=int, default=48, help="steps of each of them")
    arguments.add_argument("--rounds", type=int, default=3, help="turns of each trainer timed")
    arguments.add_argument("--model", type=Path, help="folder of SmolLM2-135M, to be timed too")
    arguments.add_argument("--out", type=Path, default=Path("against-trl"))
    arguments.add_argument("--part", choices=("curves", "speed"), help="only this one")
    arguments.add_argument("--quick", action="store_true", help="see that it runs; proves nothing")
    options = arguments.parse_args()
    if options.quick:
        options.seeds, options.steps, options.rounds = 2, 4, 1
    options.out.mkdir(parents=True, exist_ok=True)
    if options.part != "speed":
        curves(options.seeds, options.steps, options.out)
    if options.part != "curves":
        speed(cases(options.model), options.rounds, options.out)


def curves(seeds: int, steps: int, out: Path) -> None:
    """Train on every seed with both, say whether they agree, write curves.json and curves.png."""
    every = max(steps // 8, 1)
    config = contract(
        {
            "steps": steps,
            "seeds": list(range(1, seeds + 1)),
            "data": {"tasks": ["micro-gsm8k", "micro-math"], "pool_size": 24},
            "rollout": {"prompts_per_step": 8, "group_size": 8},
            "optim": {"lr": 2e-4},
            "evaluation": {"problems": 100, "k": 2, "every": every},
        }
    )
    problems = load_problems(config)
    sides: Sides = {"ours": [], "trl": []}
    for seed in range(1, seeds + 1):
        for side, curve in in_turn(config, problems, resolve(config.model), seed):
            sides[side].append(curve)
            print(
                f"seed {seed} {side:4}  reward {np.mean(curve.reward):.3f}  "
                f"last accuracy {list(curve.accuracy.values())[-1]:.3f}  "
                f"{median(curve.seconds):.3f} s a step",
                flush=True,
            )
    agreements = {
        "training reward": compared(sides, lambda c: c.reward),
        "held-out accuracy": compared(sides, lambda c: list(c.accuracy.values())),
    }
    for quantity, result in agreements.items():
        print(f"{quantity}: the two {result}")
    record = {
        "config": config.model_dump(mode="json"),
        "agreement": {quantity: asdict(result) for quantity, result in agreements.items()},
        "runs": {side: [asdict(curve) for curve in runs] for side, runs in sides.items()},
    }
    (out / "curves.json").write_text(json.dumps(record, indent=1) + "\n")
    draw(sides, out / "curves.png")


def speed(cases: Sequence[Case], rounds: int, out: Path) -> None:
    """Time each case in turn and print TRL's seconds a step over ours; the 64-token one last.

    The first step warms up and the last may hold an evaluation, so neither is counted. Processor
    seconds, of one thread, tell what a busy machine does to wall-clock ones.
    """
    record: dict[str, dict[str, Any]] = {}
    for case in cases:
        sides = timed(case, rounds)
        wall = {side: [s for c in runs for s in c.seconds[:-1]] for side, runs in sides.items()}
        cpu = {side: [s for c in runs for s in c.cpu[:-1]] for side, runs in sides.items()}
        ratio = {
            name: median(seconds["trl"]) / median(seconds["ours"])
            for name, seconds in (("wall", wall), ("processor", cpu))
        }
        record[case.name] = {"ratio": ratio, "wall": wall, "processor": cpu}
        print(f"{case.name}: {case.prompts} × {case.group} responses of {case.tokens} tokens")
        for name, seconds in (("wall", wall), ("processor", cpu)):
            mine, theirs = median(seconds["ours"]), median(seconds["trl"])
            sentence = f"{mine:.2f} a step against TRL's {theirs:.2f}, TRL over ours"
            print(f"  {name} seconds: {sentence} {ratio[name]:.2f}", flush=True)
    (out / "speed.json").write_text(json.dumps(record, indent=1) + "\n")
    last = cases[-1].name
    print(f"TRL's seconds a step over ours, {last}:\nratio {record[last]['ratio']['wall']:.2f}")


def cases(model: Path | None) -> list[Case]:
    """What is timed; SmolLM2 only where its folder is given."""
    micro = [Case(f"micro base, {n} tokens", "micro", "<pad>", n, 12, 8, 4) for n in (16, 64)]
    if model is None:
        print("SmolLM2-135M is left out: --model names no folder of it.")
        return micro
    if not (model / "config.json").is_file():
        print(f"SmolLM2-135M is left out: {model} is no Hugging Face folder.")
        return micro
    return [Case("SmolLM2-135M", str(model), "<empty_output>", 16, 4, 4, 4), *micro]


def timed(case: Case, rounds: int) -> Sides:
    """Ours, TRL, ours, TRL … on the same work."""
    config = contract(
        {
            "steps": case.steps,
            "model": {"path": case.model},
            "seeds": list(range(1, rounds + 1)),
            "data": {"tasks": ["micro-gsm8k"], "pool_size": 2 * case.prompts, "style": "base"},
            "rollout": {
                "prompts_per_step": case.prompts,
                "group_size": case.group,
                "max_new_tokens": case.tokens,
            },
            "optim": {"lr": 1e-6},
            "evaluation": {"problems": 1, "every": NEVER},
        }
    )
    problems = replace(load_problems(config), tasks={MicroGsm8k.name: Alternating()})
    sides: Sides = {"ours": [], "trl": []}
    with tempfile.TemporaryDirectory() as folder:
        base = endless(resolve(config.model), case.end, Path(folder) / "base")
        for seed in range(1, rounds + 1):
            for side, curve in in_turn(config, problems, base, seed):
                if set(curve.length) != {float(case.tokens)}:
                    raise SystemExit(f"{case.name}: {side} made responses of {set(curve.length)}.")
                sides[side].append(curve)
    return sides


def endless(base: Path, end: str, folder: Path) -> Path:
    """The base with another end token, one that it never says."""
    folder.mkdir()
    for file in base.iterdir():
        (folder / file.name).symlink_to(file.resolve())
    tokens = json.loads((base / "tokenizer_config.json").read_text()) | {"eos_token": end}
    _rewrite(folder / "tokenizer_config.json", tokens)
    from transformers import AutoTokenizer

    number = AutoTokenizer.from_pretrained(folder).eos_token_id
    for name in ("generation_config.json", "config.json"):
        values = json.loads((base / name).read_text())
        _rewrite(folder / name, values | {"eos_token_id": number})
    return folder


def _rewrite(link: Path, values: dict[str, Any]) -> None:
    link.unlink()
    link.write_text(json.dumps(values))


def in_turn(
    config: Config, problems: Problems, base: Path, seed: int
) -> Iterator[tuple[str, Curve]]:
    """A run of ours, then one of TRL's, each in a process of its own as their users run them."""
    for side, run in (("ours", ours), ("trl", theirs)):
        with tempfile.TemporaryDirectory() as folder, alone() as process:
            yield side, process.submit(run, config, problems, base, seed, Path(folder)).result()


def alone() -> ProcessPoolExecutor:
    """A new process of one thread that has nothing of this one's."""
    spawned = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawned, torch.set_num_threads, (1,))


def theirs(config: Config, problems: Problems, base: Path, seed: int, folder: Path) -> Curve:
    """A run of TRL's."""
    policy = load_policy(base, config.model.dtype, config.model.device)
    return trl_side.train(config, problems, policy, seed, folder)


def ours(config: Config, problems: Problems, base: Path, seed: int, folder: Path) -> Curve:
    """A run of the harness, with torch's switches as it sets them, read from what it wrote."""
    make_repeatable(1)
    stopwatch = Stopwatch()

    def after_step() -> bool:
        stopwatch.mark()
        return False

    Trainer(folder, config, GRPO, seed, base, problems).train(after_step)
    steps = list(read_lines(folder / "steps.jsonl"))
    evals = {line["step"]: line["accuracy"] for line in read_lines(folder / "evals.jsonl")}
    curve = Curve(
        reward=[line["reward"] for line in steps],
        length=[line["length"] for line in steps],
        accuracy={step: a for step, a in evals.items() if config.evaluation.due(step)},
    )
    stopwatch.read_into(curve)
    return curve


def contract(values: dict[str, Any]) -> Config:
    """The settings of both sides; nothing is saved but at the end."""
    return Config.model_validate(
        layers.merge({"checkpoint_every": NEVER, "samples_every": NEVER}, values)
    )


def compared(sides: Sides, read: Any) -> Agreement:
    """The agreement of one quantity over all runs."""
    mine, theirs = (np.array([read(c) for c in sides[side]]) for side in ("ours", "trl"))
    return agreement(mine, theirs, MARGIN)


def draw(sides: Sides, path: Path) -> None:
    """Mean and standard deviation over seeds, reward by step and accuracy by evaluation."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    names = {"ours": ("srpo-bench", "#0072B2"), "trl": ("TRL 1.16.0", "#D55E00")}
    for side, (name, colour) in names.items():
        runs = sides[side]
        steps = np.arange(1, len(runs[0].reward) + 1)
        panels = (
            (left, steps, np.array([c.reward for c in runs])),
            (
                right,
                np.array(list(runs[0].accuracy)),
                np.array([list(c.accuracy.values()) for c in runs]),
            ),
        )
        for axes, at, values in panels:
            mean, sd = values.mean(0), values.std(0, ddof=1)
            axes.plot(at, mean, color=colour, label=f"{name}, {len(runs)} seeds")
            axes.fill_between(at, mean - sd, mean + sd, color=colour, alpha=0.2, linewidth=0)
    left.set(xlabel="step", ylabel="mean", title="training reward")
    right.set(xlabel="step", title="held-out accuracy")
    left.legend(frameon=False)
    figure.savefig(path, dpi=150)


if __name__ == "__main__":
    main()
