"""How cost grows: of a step with responses, length and parameters; of a report with runs.

``python -m benchmarks.scaling [steps|reports] [FIGURE]`` measures each point in a process of its
own (its peak memory is then its own, the libraries' included) and fits a straight line. Seconds are
the processor's, on one thread and children's included: on an idle machine they are those of the
clock, and other work moves them little. ``worst`` is the largest share by which a point lies above
the line of its axis. Models are random ones of the micro base's kind; no response ends early.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

STEPS = {
    "responses": [(n, {"prompts": n // 8}) for n in (32, 64, 128, 256)],
    "response length": [(n, {"length": n}) for n in (16, 32, 64, 128)],
    "parameters, M": [
        (n, {"prompts": 1, "length": 16, "width": width, "layers": layers})
        for n, width, layers in ((1, 128, 4), (10, 384, 5), (135, 768, 17))
    ],
}
"""Axis -> points: where it stands, and what differs from ``step``'s defaults."""
RUNS = (10, 100, 1000)
TRIES = 2
"""Steps a point; the fastest counts, for other work only adds."""


def step(
    prompts: int = 8, length: int = 32, width: int = 128, layers: int = 4, group: int = 8
) -> dict[str, float]:
    """Seconds of sampling and of the update, GRPO's without a KL term, on one thread."""
    import torch

    from srpo_bench.algorithms.base import RunInfo
    from srpo_bench.algorithms.batch import Grades, PromptInfo, Rollouts
    from srpo_bench.algorithms.registry import get
    from srpo_bench.harness.config import Optim
    from srpo_bench.harness.engines.base import Sampling
    from srpo_bench.harness.engines.torch_engine import TorchEngine
    from srpo_bench.harness.environment import make_repeatable
    from srpo_bench.harness.running.learner import Learner

    make_repeatable(1)
    policy = _policy(width, layers)
    names = tuple(PromptInfo(str(n), "math") for n in range(prompts))
    grpo: Any = get("grpo")
    algorithm = grpo(grpo.Settings(beta=0.0), RunInfo(names, prompts, group, 1, length))
    learner = Learner(policy, None, Optim(), updates_planned=TRIES, max_tokens=length)
    engine = TorchEngine(policy, prompts * group)
    generator = torch.Generator().manual_seed(0)
    tokens = [[3 + n, *range(3, 14)] for n in range(prompts)]
    rewards = torch.arange(prompts * group) % 2
    best = {"sampling": float("inf"), "update": float("inf")}
    for _ in range(TRIES):
        start = time.process_time()
        completions = engine.generate(tokens, group, Sampling(1.0, 1.0, length), generator)
        sampled = time.process_time()
        rollouts = Rollouts(
            prompts=[p.id for p in names],
            prompt_tokens=tokens,
            group=torch.arange(prompts).repeat_interleave(group),
            tokens=completions.tokens,
            mask=completions.mask,
            logp=completions.logp,
            truncated=completions.truncated,
            serial=torch.arange(prompts * group),
        )
        grades = Grades(reward=rewards.float(), accuracy=rewards.float())
        batch = algorithm.weigh(rollouts, grades, _asks_nothing, generator)
        learner.update(batch, algorithm)
        ended = time.process_time()
        best["sampling"] = min(best["sampling"], sampled - start)
        best["update"] = min(best["update"], ended - sampled)
    size = sum(p.numel() for p in policy.model.parameters()) / 1e6
    return {"seconds": sum(best.values()), **best, "parameters, M": size}


def _asks_nothing(_: Any) -> Any:
    raise AssertionError("GRPO without a KL term reads no log-probs of its own")


def _policy(width: int, layers: int) -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from srpo_bench.harness.config import Model
    from srpo_bench.harness.models.loading import open_tokenizer
    from srpo_bench.harness.models.policy import Policy
    from srpo_bench.harness.models.resolve import resolve

    class Endless(Policy):
        """No token ends a response."""

        end_tokens: ClassVar[list[int]] = []

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=256, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=layers,
        num_attention_heads=width // 32, num_key_value_heads=width // 32,
        max_position_embeddings=1024,
    )  # fmt: skip
    tokenizer = open_tokenizer(resolve(Model()))
    model = LlamaForCausalLM(config)
    return Endless(model, tokenizer, torch.device("cpu"), torch.float32, 1.0, 1.0)


def report(runs: int) -> dict[str, float]:
    """Seconds of a report over so many runs with full records."""
    from benchmarks.many_runs import write
    from srpo_bench.results.report import write_report

    with tempfile.TemporaryDirectory() as folder:
        comparison = write(Path(folder), runs)
        start = _processor()
        write_report(comparison)
        return {"seconds": _processor() - start}


def _processor() -> float:
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def alone(measure: str, **settings: int) -> dict[str, float]:
    """A point, measured in a fresh process, with its peak memory in MiB."""
    question = json.dumps({"what": measure, **settings})
    command = [sys.executable, "-m", "benchmarks.scaling", "point", question]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise SystemExit(answer.stderr)
    point: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return point


def point(measure: str, **settings: int) -> dict[str, float]:
    """The same in this process."""
    result = step(**settings) if measure == "step" else report(**settings)
    return {**result, "MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def fit(x: list[float], y: list[float]) -> tuple[float, float, float]:
    """Slope and start of the straight line through some points, and the largest share by which a
    point lies above it. Relative errors are squared, for points span orders of magnitude."""
    weights = 1 / np.array(y)
    slope, start = np.polyfit(x, y, 1, w=weights)
    above = np.array(y) / np.polyval((slope, start), x) - 1
    return float(slope), float(start), float(above.max())


def measure(axis: str, points: list[tuple[int, dict[str, int]]], quantity: str) -> dict[str, Any]:
    """One axis: every point, its line, printed."""
    print(f"\n{axis:>16} {'seconds':>9} {'MiB':>7}   load")
    x, values = [], []
    for at, settings in points:
        point = alone(quantity, **settings)
        x.append(point.pop(axis, float(at)))
        values.append(point)
        load = os.getloadavg()[0]
        rest = ", ".join(f"{k} {v:.3f}" for k, v in point.items() if k not in ("seconds", "MiB"))
        print(
            f"{at:16} {point['seconds']:9.3f} {point['MiB']:7.0f} {load:6.1f}   {rest}", flush=True
        )
    lines = {}
    for unit in ("seconds", "MiB"):
        slope, start, worst = fit(x, [p[unit] for p in values])
        lines[unit] = (slope, start)
        print(f"  {unit} = {start:.3g} + {slope:.3g} × {axis}; worst {100 * worst:+.0f} %")
    return {"axis": axis, "x": x, "points": values, "lines": lines}


def draw(measured: list[dict[str, Any]], file: Path) -> None:
    """Seconds and memory by axis, points and lines."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, rows = plt.subplots(
        2, len(measured), figsize=(3.2 * len(measured), 5), squeeze=False, layout="constrained"
    )
    for column, values in enumerate(measured):
        for row, unit in enumerate(("seconds", "MiB")):
            panel, (slope, start) = rows[row][column], values["lines"][unit]
            panel.plot(values["x"], [p[unit] for p in values["points"]], "o")
            ends = np.array([0, max(values["x"])])
            panel.plot(ends, start + slope * ends, "-", linewidth=1)
            panel.set(xlabel=values["axis"], ylim=(0, None), xlim=(0, None))
            if column == 0:
                panel.set_ylabel({"seconds": "processor seconds", "MiB": "peak memory, MiB"}[unit])
    figure.savefig(file, dpi=110)


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["point"]:
        print(json.dumps(point(**json.loads(arguments[1]))))
        return
    part = arguments[0] if arguments and arguments[0] in ("steps", "reports") else ""
    measured = []
    if part != "reports":
        measured += [measure(axis, points, "step") for axis, points in STEPS.items()]
    if part != "steps":
        measured.append(measure("runs", [(n, {"runs": n}) for n in RUNS], "report"))
    if arguments and arguments[-1].endswith((".png", ".svg")):
        draw(measured, Path(arguments[-1]))


if __name__ == "__main__":
    main()
