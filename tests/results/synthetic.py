"""Comparisons with a known truth, written to disk as the harness would."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

TASKS = ("micro-gsm8k", "micro-math", "micro-humaneval")
SHAPE = 1.5

Line = dict[str, Any]


def learned(u: np.ndarray) -> np.ndarray:
    """Share of the gain that is reached at u; u = 1 is where 90 % is."""
    return 1 - 0.1 ** (np.maximum(u, 0) ** SHAPE)


def contract(steps: int, every: int, **changes: Any) -> dict[str, Any]:
    return {
        "base_sha256": "b" * 64,
        "pool_digest": "p" * 64,
        "pool_size": 64,
        "prompts_per_step": 16,
        "responses_per_step": 128,
        "evaluation_digest": "e" * 64,
        "eval_every": every,
        "steps": steps,
        "device": "cpu",
        "optim.lr": 3e-5,
        "rollout.temperature": 1.0,
        "rollout.max_new_tokens": None,
        "version.torch": "2.13.0",
        **changes,
    }


def write(
    folder: Path,
    ratios: Mapping[str, float] | None = None,
    seeds: int | Sequence[int] = 8,
    **options: Any,
) -> Path:
    """What ``drawn`` has, in files there."""
    arms = tuple((ratios or {"grpo": 1.0, "srpo": 0.5}).items())
    which = tuple(range(1, seeds + 1) if isinstance(seeds, int) else seeds)
    for name, content in drawn(folder.name, arms, which, **options).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


@lru_cache(maxsize=8)
def drawn(
    name: str,
    arms: tuple[tuple[str, float], ...],
    seeds: tuple[int, ...],
    *,
    steps: int = 400,
    every: int = 5,
    target: float = 200.0,
    spread: float = 0.12,
    shared: float = 0.3,
    noise: float = 0.01,
    base: float = 0.2,
    gain: float = 0.7,
    rng_seed: int = 0,
    samples: int = 6,
    training: bool = True,
) -> dict[str, bytes]:
    """Files of runs whose arm crosses 90 % of its gain at ``target · its ratio · noise of the
    seed``, by their paths in the comparison's folder."""
    rng = np.random.default_rng(rng_seed)
    ratios = dict(arms)
    fields = contract(steps, every)
    plan = {
        "schema": 1,
        "name": name,
        "created": "2026-01-01T00:00:00+00:00",
        "command": f"bench compare --algos {','.join(ratios)} --out {name}",
        "bench_version": "0.1.0",
        "arms": [{"arm": a, "algorithm": a, "settings": {"clip": 0.2}} for a in ratios],
        "seeds": list(seeds),
        "baseline": next(iter(ratios)),
        "tasks": list(TASKS),
        "eval_tasks": list(TASKS),
        "contract": fields,
        "notes": ["All tasks are procedural twins."],
    }
    files = {"comparison.json": orjson.dumps(plan)}
    for seed in seeds:
        common = rng.standard_normal()
        for arm, ratio in ratios.items():
            own = np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.standard_normal()
            time = target * ratio * np.exp(spread * own)
            run = f"{arm}/seed-{seed}"
            manifest = {
                "schema": 1,
                "arm": arm,
                "algorithm": arm,
                "seed": seed,
                "settings": {"steps": steps, "optim": {"lr": 3e-5}},
                "algorithm_settings": {"clip": 0.2},
                "contract": fields,
                "versions": {"torch": "2.13.0"},
                "host": {"cores": 2},
                "notes": [],
                "base": {"path": "micro", "sha256": "b" * 64},
            }
            files[f"{run}/manifest.json"] = orjson.dumps(manifest)
            status = {"state": "done", "step": steps, "steps": steps, "reason": ""}
            files[f"{run}/status.json"] = orjson.dumps(status)
            grid, start = np.arange(0, steps + 1, every), np.random.default_rng([seed, rng_seed])
            lines = evals(grid, time, noise, base, gain, rng, start)
            files[f"{run}/evals.jsonl"] = jsonl(lines)
            if training:
                lines, timing = train(arm, steps, time, base, gain, rng)
                files[f"{run}/steps.jsonl"] = jsonl(lines)
                files[f"{run}/timing.jsonl"] = jsonl(timing)
            files[f"{run}/samples.jsonl"] = jsonl(examples(samples, rng))
    return files


def jsonl(lines: list[Line]) -> bytes:
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


def evals(
    grid: np.ndarray,
    time: float,
    noise: float,
    base: float,
    gain: float,
    rng: np.random.Generator,
    start: np.random.Generator,
) -> list[Line]:
    """``start``: draws the evaluation of step 0, which all arms of a seed have in common."""
    lines = []
    k = len(TASKS)
    off = np.concatenate([(rng if s else start).standard_normal((1, k)) for s in grid])
    level = base + gain * learned(grid / time)[:, None] + (1 - np.arange(k)) * 0.03
    accuracy = np.clip(level + noise * np.sqrt(k) * off, 0, 1)
    for s, row in zip(grid.tolist(), accuracy.tolist(), strict=True):
        scores = {}
        for task, acc in zip(TASKS, row, strict=True):
            scores[task] = {
                "accuracy": acc,
                "stderr": float(noise * np.sqrt(k)),
                "pass_at_k": min(1.0, acc + 0.1),
                "n": 100,
                "k": 8,
                "length": 10 + 8 * acc,
                "outcomes": {"correct": round(800 * acc), "wrong": 800 - round(800 * acc)},
            }
        spent = {
            "responses": int(128 * s),
            "tokens": int(1500 * s + 2 * s * s),
            "updates": int(s),
            "flops": 1e9 * float(s),
        }
        mean = float(np.mean(row))
        line = {"step": int(s), "accuracy": mean, "stderr": noise, "tasks": scores, "spent": spent}
        lines.append(line)
    return lines


def train(
    arm: str, steps: int, time: float, base: float, gain: float, rng: np.random.Generator
) -> tuple[list[Line], list[Line]]:
    lines: list[Line] = []
    timing: list[Line] = [{"step": 0, **seconds(0.0)}]
    gained = learned(np.arange(1, steps + 1) / time).tolist()
    wander = rng.standard_normal(steps).tolist()
    for s, u, off in zip(range(1, steps + 1), gained, wander, strict=True):
        right, wrong = int(12 * u), int(3 * (1 - u))
        ledger = {
            "prompts": 16,
            "responses": 128,
            "responses_discarded": 0,
            "tokens_generated": 1500 + 4 * s,
            "tokens_prefilled": 300,
            "tokens_trained": 1500,
            "updates": 1,
            "verifier_calls": 128,
            "flops": 1e9,
        }
        line = {
            "step": s,
            "reward": base + gain * u,
            "accuracy": base + gain * u,
            "length": 9 + 9 * u + 0.3 * off,
            "truncated": 0.01,
            "groups": 16,
            "groups_all_correct": right,
            "groups_all_wrong": wrong,
            "pool_size": 64 - int(40 * u) if arm.startswith("srpo") else 64,
            "epoch": s // 4,
            "loss": 0.0,
            "grad_norm": 1.0,
            "lr": 3e-5,
            "ledger": ledger,
            "algorithm": {"clip_fraction": 0.01},
        }
        lines.append(line)
        timing.append({"step": s, **seconds(0.3 + 0.1 * u)})
    return lines, timing


def seconds(rollout: float) -> dict[str, float]:
    other = {"grading": 0.01, "training": rollout, "evaluation": 0.2, "other": 0.01}
    return {"rollout": rollout, **other}


def examples(n: int, rng: np.random.Generator) -> list[Line]:
    lines = []
    for i in range(n):
        right = bool(rng.random() < 0.5)
        a, b = (int(x) for x in rng.integers(2, 60, 2))
        sample = {
            "step": 10 * i,
            "phase": "train" if i % 2 else "eval",
            "problem": f"{TASKS[i % 3]}/{i}",
            "task": TASKS[i % 3],
            "prompt": f"What is {a} + {b}? <b>Think</b> & answer.",
            "response": f"{a} + {b} = {a + b + (not right)}\n#### {a + b + (not right)}",
            "outcome": "correct" if right else "wrong",
            "reward": float(right),
            "advantage": (1.0 if right else -1.0) if i % 2 else None,
            "length": 14,
            "truncated": False,
        }
        lines.append(sample)
    return lines


def cut(run: Path, evaluations: int, state: str, torn: str = "") -> None:
    """Take a run back to its first evaluations, as it was when ``state`` was written."""
    every = json.loads((run / "manifest.json").read_text())["contract"]["eval_every"]
    step = max(evaluations - 1, 0) * every
    lines = {"evals": evaluations, "steps": step, "timing": step + 1 if evaluations else 0}
    for name, count in lines.items():
        path = run / f"{name}.jsonl"
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:count]) + torn)
    change(run, "status.json", state=state, step=step)


def change(run: Path, file: str, /, **fields: Any) -> None:
    """Overwrite fields of a run's JSON file; ``contract`` is merged."""
    path = run / file
    value = json.loads(path.read_text()) if path.exists() else {}
    inner = fields.pop("contract", None)
    value |= fields
    if inner is not None:
        value["contract"] = value["contract"] | inner
    path.write_text(json.dumps(value))
