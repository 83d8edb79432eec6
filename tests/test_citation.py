"""CITATION.cff says what the package's own metadata say."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

from srpo_bench import __version__

TREE = Path(__file__).resolve().parents[1]


def test_it_agrees_with_the_package() -> None:
    told = yaml.safe_load((TREE / "CITATION.cff").read_text(encoding="utf-8"))
    project = tomllib.loads((TREE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert str(told["cff-version"]) == "1.2.0"
    assert told["title"] == project["name"]
    assert str(told["version"]) == __version__
    assert told["license"] == project["license"]
    assert told["abstract"] == project["description"]
    assert told["keywords"] == project["keywords"]
    assert [one["name"] for one in told["authors"]] == [one["name"] for one in project["authors"]]


def test_the_readme_names_it() -> None:
    assert "(CITATION.cff)" in (TREE / "README.md").read_text(encoding="utf-8")
