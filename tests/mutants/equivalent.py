"""Mutants that no test can kill, and files that are not mutated, each with the reason."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
"""``Mutant.key`` -> why its behaviour is the same."""

LEFT_OUT = {
    "results/report/figures/": "what a figure looks like; its numbers come from elsewhere",
    "results/report/style.py": "what the page looks like",
    "harness/engines/vllm_local.py": "needs vLLM; tests/integration/test_vllm.py runs it",
    "harness/engines/vllm_server.py": "needs vLLM; tests/integration/test_vllm.py runs it",
    "harness/engines/vllm_extension.py": "is run by vLLM's own processes",
    "harness/models/micro.py": "makes the shipped base, once; benchmarks.micro_base remakes it",
    "harness/executors/": "starts processes; tests/integration runs, kills and resumes them",
}
"""Beginning of a path -> why."""
