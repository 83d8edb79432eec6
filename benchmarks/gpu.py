"""``python -m benchmarks.gpu``: is a GPU right, repeatable and fast? A Markdown table.

Offline and in under ten minutes, on a model of SmolLM2-135M's shape with random weights. It needs a
checkout, torch, transformers and the packages in ``NEEDED``; with ``--tiny`` it tries itself on a
CPU in a minute, and then its figures say nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from pathlib import Path

NEEDED = ("torch", "transformers", "tokenizers", "safetensors", "pydantic", "jinja2", "numpy")


def main(words: list[str] | None = None) -> int:
    """Print the table. Exit code 2: something is missing; 1: a figure is not what it must be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--tiny", action="store_true", help="a model of 1M parameters")
    parser.add_argument("--again", type=int, default=2, help="times that one gradient is computed")
    options = parser.parse_args(words)
    if options.again < 2:
        parser.error("--again: a gradient is compared with another, so name 2 or more")
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f"Not installed: {', '.join(missing)}. pip install {' '.join(missing)}")
        return 2
    from srpo_bench.harness.environment import make_repeatable, settle

    settle(1)
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        print("This machine has no GPU that torch can use; --device cpu --tiny tries the script.")
        return 2
    make_repeatable(torch.get_num_threads())
    from benchmarks.gpu_trials import run

    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), options.device, options.tiny, options.again)


if __name__ == "__main__":
    sys.exit(main())
