"""What children may import: what their parent can, but not what lies where the user stands."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from srpo_bench import children


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", "/lib", str(Path.cwd())])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return str(Path.cwd())


def test_the_current_folder_is_left_out_and_the_package_is_found(here: str) -> None:
    assert children.import_path() == ["/lib", children.ROOT]


def test_an_empty_entry_of_pythonpath_does_not_name_it(
    here: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/lib", ""]))
    assert here not in children.import_path()


@pytest.mark.parametrize("entry", [".", None])
def test_who_names_it_means_it(
    here: str, entry: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", entry or here)
    assert here in children.import_path()


def test_a_package_that_lies_there_is_found(here: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "ROOT", here)
    assert children.python_path() == os.pathsep.join(["/lib", here])
