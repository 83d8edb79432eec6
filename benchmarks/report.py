"""How long does a large comparison's report take, and how much memory?

    python -m benchmarks.report [--runs 1000] [--evaluations 500] [--keep DIR]

Two arms; every run has an evaluation of three tasks a step, and whole steps.jsonl and timing.jsonl.
The report is written by a process of its own. Printed: what was read, wall and CPU seconds, peak
memory. The last line is the wall time over the 20 seconds that are the aim, as `ratio X`.

With --keep the comparison is made in DIR and stays; where it is there already it is read as it is.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from srpo_bench.results.schema import SCHEMA
from srpo_bench.results.store import FINAL

AIM = 20.0
"""Seconds."""
TASKS = ("gsm8k", "math", "humaneval")
ARMS = {"grpo": 1.0, "srpo": 0.5}
"""arm -> its time to target, relative to the baseline's."""
WRITE = (
    "import sys, pathlib, srpo_bench.results.report as r; r.write_report(pathlib.Path(sys.argv[1]))"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--evaluations", type=int, default=500)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temp:
        folder = given.keep or Path(temp) / "large"
        if not folder.exists():
            make(folder, given.runs // len(ARMS), given.evaluations - 1)
        size = sum(path.stat().st_size for path in folder.glob("*/seed-*/*.jsonl"))
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", WRITE, str(folder)], check=True)
        wall = time.perf_counter() - start
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{given.runs} runs x {given.evaluations} evaluations, {size / 1e6:.0f} MB of records")
    print(f"wall {wall:.1f} s, user {spent.ru_utime:.1f} s, system {spent.ru_stime:.1f} s")
    print(f"peak memory {spent.ru_maxrss / 1024:.0f} MiB")
    print(f"ratio {wall / AIM:.2f}")


def make(folder: Path, seeds: int, steps: int) -> None:
    """Write a comparison as the harness does: an evaluation before the first step and after each.

    Args:
        folder: a new one.
        seeds: runs an arm.
        steps: of every run.
    """
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    contract = {
        **{f"{name}_digest": name[0] * 64 for name in ("pool", "evaluation")},
        **{"base_sha256": "b" * 64, "pool_size": 64, "prompts_per_step": 16, "steps": steps},
        **{"responses_per_step": 128, "eval_every": 1},
    }
    plan = {
        **{"schema": SCHEMA, "created": "2026-01-01", "command": "", "notes": []},
        **{"bench_version": "0.1.0", "tasks": TASKS},
        "arms": [{"arm": arm, "algorithm": arm, "settings": {}} for arm in ARMS],
        "seeds": list(range(1, seeds + 1)),
        "baseline": "grpo",
        "eval_tasks": TASKS,
        "contract": contract,
    }
    (folder / "comparison.json").write_bytes(orjson.dumps(plan))
    status = {"state": "done", "step": steps, "steps": steps, "reason": ""}
    for arm, slowness in ARMS.items():
        for seed in range(1, seeds + 1):
            run = folder / arm / f"seed-{seed}"
            run.mkdir(parents=True)
            manifest = {"arm": arm, "algorithm": arm, "seed": seed, "contract": contract}
            (run / "manifest.json").write_bytes(orjson.dumps(manifest))
            (run / "status.json").write_bytes(orjson.dumps(status))
            at = 0.5 * steps * slowness * np.exp(0.1 * rng.standard_normal())
            level = 0.2 + 0.7 * (1 - 0.1 ** (np.arange(steps + 1) / at) ** 1.5)
            scores = np.clip(level[:, None] + 0.02 * rng.standard_normal((steps + 1, 3)), 0, 1)
            _write(run / "evals.jsonl", [_evaluation(s, row) for s, row in enumerate(scores)])
            _write(run / "steps.jsonl", [_step(s, float(level[s])) for s in range(1, steps + 1)])
            _write(run / "timing.jsonl", [_timing(s, float(level[s])) for s in range(steps + 1)])
            score = {"step": steps, "tasks": _evaluation(steps, scores[-1])["tasks"]}
            (run / FINAL).write_bytes(orjson.dumps(score))


def _evaluation(step: int, row: np.ndarray[Any, Any]) -> dict[str, Any]:
    tasks = {
        task: {
            **{"accuracy": a, "stderr": 0.02, "pass_at_k": min(1.0, a + 0.1), "n": 100, "k": 8},
            **{"length": 10 + 8 * a, "outcomes": {"correct": int(800 * a), "wrong": 800}},
        }
        for task, a in zip(TASKS, row.tolist(), strict=True)
    }
    spent = {"responses": 128 * step, "tokens": 1500 * step, "updates": step, "flops": 1e9 * step}
    accuracy = float(row.mean())
    return {"step": step, "accuracy": accuracy, "stderr": 0.01, "tasks": tasks, "spent": spent}


def _step(step: int, level: float) -> dict[str, Any]:
    ledger = {
        **{"prompts": 16, "responses": 128, "responses_discarded": 0, "tokens_generated": 1500},
        **{"tokens_prefilled": 300, "tokens_trained": 1500, "updates": 1, "verifier_calls": 128},
        **{"flops": 1e9},
    }
    return {
        **{"step": step, "reward": level, "accuracy": level, "length": 9 + 9 * level},
        **{"truncated": 0.01, "groups": 16, "groups_all_correct": int(12 * level)},
        **{"groups_all_wrong": int(3 * (1 - level)), "pool_size": 64, "epoch": step // 4},
        **{"loss": -0.01 * level, "grad_norm": 0.3 + level, "lr": 3e-5, "ledger": ledger},
        "algorithm": {"clip_fraction": 0.01 * level, "kl": 0.001 * level, "replayed": 12.0},
    }


def _timing(step: int, level: float) -> dict[str, Any]:
    parts = {"rollout": 0.3 + 0.1 * level, "grading": 0.01, "training": 0.4, "sync": 0.0}
    return {"step": step, **parts, "evaluation": 0.2, "other": 0.01}


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


if __name__ == "__main__":
    main()
