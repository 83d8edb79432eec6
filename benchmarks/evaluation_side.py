"""One side of ``benchmarks.evaluation``: a process that evaluates the micro base when asked to.

It is run as a file, with the tree that it measures on ``PYTHONPATH``, so it uses nothing but what
both trees have. A line ``ROUND`` comes in, a line of JSON goes out.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time

import torch

from srpo_bench.harness.config import Data, Model, Rollout, Scoring
from srpo_bench.harness.engines.torch_engine import TorchEngine
from srpo_bench.harness.environment import make_repeatable
from srpo_bench.harness.models.policy import load_policy
from srpo_bench.harness.models.resolve import resolve
from srpo_bench.harness.rollouts.collect import Collector
from srpo_bench.harness.rollouts.evaluation import evaluate
from srpo_bench.tasks import registry

TASKS = ("micro-gsm8k", "micro-math", "micro-humaneval")
PROBLEMS = 88
"""Of each task in a round, as the micro preset has."""
K = 4
MAX_NEW_TOKENS = 96


def main() -> None:
    make_repeatable(1)
    policy = load_policy(resolve(Model()), "float32", "cpu")
    tasks = {name: registry.get(name) for name in TASKS}
    engine = TorchEngine(policy, Rollout().rows_at_once)
    collector = Collector(policy, engine, tasks, Data())
    problems = {name: task.load("dev")[:8] for name, task in tasks.items()}
    settings = Scoring(k=K, temperature=1.0)
    list(evaluate(collector, problems, settings, MAX_NEW_TOKENS, torch.Generator()))  # warm now
    print("ready", flush=True)
    for line in sys.stdin:
        number = int(line)
        first = number * PROBLEMS
        problems = {n: task.load("test")[first : first + PROBLEMS] for n, task in tasks.items()}
        generator = torch.Generator().manual_seed(number)
        start = time.perf_counter()
        scored = list(evaluate(collector, problems, settings, MAX_NEW_TOKENS, generator))
        seconds = time.perf_counter() - start
        answers = [
            hashlib.sha256(json.dumps([text, grade.outcome.value]).encode()).hexdigest()[:12]
            for _, _, lot in scored
            for text, grade in zip(lot.texts, lot.grades, strict=True)
        ]
        answer = {"seconds": seconds, "said": answers}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
