"""``--mirror``: a comparison's second place, before and after it is planned."""

from __future__ import annotations

from pathlib import Path

from srpo_bench.harness.errors import UserError
from srpo_bench.harness.running.mirror import MIRROR, Mirror
from srpo_bench.results.store import write_json


def fetch(folder: Path, address: str | None) -> None:
    """Where the folder is gone, bring back what the mirror holds of it; runs that are not finished
    fetch their checkpoints themselves.

    Raises:
        UserError: the address cannot be opened or does not answer.
    """
    if address is None or (folder / "comparison.json").exists():
        return
    mirror = Mirror(address)
    try:
        held = mirror.pull_plan(folder)
    except Exception as error:  # whatever a storage library raises
        raise _silent(address, error) from error
    if held:
        print(f"{folder} was brought back from {address}.")


def keep_copy(folder: Path, address: str | None) -> None:
    """From now on runs push their checkpoints there; what was planned goes first.

    Raises:
        UserError: the address does not answer, or holds another comparison.
    """
    mirror = Mirror(address) if address is not None else Mirror.of(folder)
    if mirror is None:
        return
    try:
        mirror.push_plan(folder)
    except UserError:
        raise
    except Exception as error:  # whatever a storage library raises
        raise _silent(mirror.address, error) from error
    write_json(folder / MIRROR, {"address": mirror.address})


def _silent(address: str, error: Exception) -> UserError:
    fault = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return UserError(f"The mirror {address} does not answer: {fault}.")
