"""The files that hold a model's weights: those that transformers reads. Others may lie beside them,
such as Mistral's ``consolidated.safetensors`` or the shards of an earlier save."""

from __future__ import annotations

import json
import math
from pathlib import Path

from srpo_bench.harness.errors import UserError

WHOLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
POINTER = b"version https://git-lfs"


def weight_files(folder: Path) -> list[Path]:
    """One file, or the shards that the index names; none where there is neither.

    Raises:
        UserError: the index cannot be read.
    """
    if (folder / WHOLE).is_file():
        return [folder / WHOLE]
    index = folder / INDEX
    if not index.is_file():
        return []
    try:
        shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        return [folder / name for name in sorted(set(shards))]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{index} names no files of weights.") from error


def check_weights(folder: Path) -> None:
    """Open each file, and read what it says it holds.

    Raises:
        UserError: one is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    for path in weight_files(folder):
        try:
            with safe_open(path, "pt"):
                pass
        except FileNotFoundError as error:
            raise UserError(f"{path}, which the index names, is missing.") from error
        except (OSError, SafetensorError) as error:
            if _is_pointer(path):
                raise UserError(
                    f"{path} is Git LFS's pointer and not the weights: git lfs pull fetches them."
                ) from error
            raise UserError(f"{path} holds no weights that can be read: {error}") from error


def parameters(folder: Path) -> int:
    """How many numbers a base's weights are; tied ones count once."""
    from safetensors import safe_open

    count = 0
    for path in weight_files(folder):
        with safe_open(path, "pt") as weights:
            names = weights.keys()
            count += sum(math.prod(weights.get_slice(name).get_shape()) for name in names)
    return count


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(POINTER)) == POINTER
