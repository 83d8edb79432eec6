"""``bench new`` writes what docs/plugins.md shows, and nothing over what is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from srpo_bench.algorithms import registry as algorithms
from srpo_bench.harness.cli.new import files, write
from srpo_bench.harness.errors import UserError

PAGE = Path(__file__).resolve().parents[3] / "docs" / "plugins.md"
BLOCK = re.compile(
    r"^```(?:python|toml)\n# ([\w-]+)/([\w.]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(
    ("what", "name"), [("algorithm", "winners"), ("sampler", "hard-first"), ("task", "sums")]
)
def test_the_page_shows_what_is_written(what: str, name: str, tmp_path: Path) -> None:
    write(what, name, tmp_path)
    shown = {file: text for of, file, text in BLOCK.findall(PAGE.read_text()) if of == name}
    assert shown
    for file, text in shown.items():
        assert (tmp_path / name / file).read_text() == text


def test_the_package_enters_the_class_under_its_name() -> None:
    told = tomllib.loads(files("sampler", "hard-first")["pyproject.toml"])
    assert told["project"]["entry-points"] == {
        "bench.samplers": {"hard-first": "hard_first:HardFirst"}
    }


def test_what_is_there_stays(tmp_path: Path) -> None:
    write("algorithm", "mine", tmp_path)
    (tmp_path / "mine" / "mine.py").write_text("changed")
    with pytest.raises(UserError, match="mine exists; choose another name"):
        write("algorithm", "mine", tmp_path)
    assert (tmp_path / "mine" / "mine.py").read_text() == "changed"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"Cannot write .*file/mine/mine\.py: Not a directory\.$"):
        write("algorithm", "mine", tmp_path / "file")


@pytest.mark.parametrize("name", ["Winners", "a b", "../x", "class", "", "1st"])
def test_a_name_that_is_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no name here: lower-case letters"):
        write("algorithm", name, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "name"), [("algorithm", "grpo"), ("sampler", "npr"), ("task", "gsm8k")]
)
def test_a_name_that_is_built_in(kind: str, name: str, tmp_path: Path) -> None:
    """No command would take what was written."""
    with pytest.raises(UserError, match=f"{name} is a built-in {kind}; choose another name"):
        write(kind, name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_kind_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'algoritm'; did you mean 'algorithm'"):
        write("algoritm", "mine", tmp_path)


def test_what_is_written_can_be_entered(tmp_path: Path) -> None:
    write("algorithm", "fresh-start", tmp_path)
    entered = algorithms.enter(tmp_path / "fresh-start" / "fresh_start.py", "FreshStart")
    assert entered == ("algorithm", "fresh-start")
    algorithms._ALGORITHMS.entered.clear()


def test_deep_folders_are_made_and_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = tmp_path / "a" / "b"
    write("algorithm", "winners", into)
    *files_, following = capsys.readouterr().out.splitlines()
    assert files_ == [
        str(into / "winners" / "winners.py"),
        str(into / "winners" / "pyproject.toml"),
    ]
    assert following.startswith("Next: ")
