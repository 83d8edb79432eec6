"""Scratch folders are gone when their block ends, however it ends."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from srpo_bench.results.scratch import scratch_folder


@pytest.mark.parametrize("moment", [KeyboardInterrupt, ValueError])
def test_a_scratch_folder_is_gone_however_its_block_ends(
    tmp_path: Path, moment: type[BaseException]
) -> None:
    with scratch_folder(".x-", tmp_path) as folder:
        assert (folder.parent, folder.name[:3], folder.stat().st_mode & 0o777) == (
            tmp_path, ".x-", 0o700,
        )  # fmt: skip
        (folder / "a").mkdir()
    assert not list(tmp_path.iterdir())
    with pytest.raises(moment), scratch_folder(".x-", tmp_path):
        raise moment
    assert not list(tmp_path.iterdir())
    with scratch_folder("x-") as folder:
        assert folder.parent == Path(tempfile.gettempdir())
    with scratch_folder(".x-", tmp_path) as folder:
        folder.rename(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_an_interrupt_as_a_scratch_folder_is_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal's handler runs as soon as mkdir has returned."""
    made = Path.mkdir

    def interrupted(self: Path, *rest: Any, **named: Any) -> None:
        made(self, *rest, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "mkdir", interrupted)
    with pytest.raises(KeyboardInterrupt), scratch_folder(".x-", tmp_path):
        pass
    assert not list(tmp_path.iterdir())
