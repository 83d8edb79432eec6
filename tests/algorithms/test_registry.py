from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from srpo_bench.algorithms import registry
from srpo_bench.algorithms.registry import AlgorithmError, algorithm_names, broken, get
from srpo_bench.algorithms.samplers.base import Sampler

PLUGIN = """
from srpo_bench.algorithms.grpo import GRPO

class Mine(GRPO):
    name = "mine"
    changes = "grpo under another name"

class Half:
    pass

class Untitled(GRPO):
    name = "yours"
    changes = None

class Unset(GRPO):
    name = "yours"
    Settings = dict
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a distribution with entry points on the path, as an installed package has them."""

    def install(package: str, **points: str) -> None:
        (tmp_path / f"{package}.py").write_text(PLUGIN)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        lines = [f"{name.replace('_', '-')} = {value}" for name, value in points.items()]
        (info / "entry_points.txt").write_text("\n".join(["[bench.algorithms]", *lines]))
        monkeypatch.syspath_prepend(tmp_path)

    return install


def test_every_listed_name_is_an_algorithm() -> None:
    assert algorithm_names()[:4] == ["grpo", "grpo-token", "srpo-paper", "srpo"]
    assert [get(name).name for name in algorithm_names()] == algorithm_names()


def test_a_typo_gets_a_suggestion() -> None:
    with pytest.raises(AlgorithmError, match="'grpotoken'; did you mean 'grpo-token'"):
        get("grpotoken")


def test_a_strange_name_gets_the_list() -> None:
    with pytest.raises(AlgorithmError, match=r"'zzz'; there are: grpo, .*random-reward"):
        get("zzz")


def test_an_installed_plugin_is_listed_and_loaded(install: Callable[..., None]) -> None:
    install("plug_good", mine="plug_good:Mine")
    assert algorithm_names()[-1] == "mine"
    assert get("mine").changes == "grpo under another name"


def test_a_plugin_may_not_take_a_built_in_name(install: Callable[..., None]) -> None:
    install("plug_thief", grpo="plug_thief:Mine")
    assert get("grpo").__module__ == "srpo_bench.algorithms.grpo"
    assert "'plug_thief' offers an algorithm called 'grpo', which is a" in broken()["grpo"]


def test_two_plugins_may_not_share_a_name(install: Callable[..., None]) -> None:
    install("plug_a", mine="plug_a:Mine")
    install("plug_b", mine="plug_b:Mine")
    with pytest.raises(AlgorithmError, match="both offer an algorithm called 'mine'"):
        get("mine")
    assert algorithm_names().count("mine") == 1
    assert broken().keys() == {"mine"}


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("plug_bad:Half", "is not a subclass of srpo_bench.algorithms.base.Algorithm"),
        ("plug_bad:Untitled", "does not set changes as text"),
        (
            "plug_bad:Unset",
            "has Settings that are no subclass of srpo_bench.algorithms.base.Settings",
        ),
        ("plug_bad:Mine", "calls itself 'mine' but is entered as 'yours'"),
        ("plug_bad:Missing", "importing plug_bad:Missing failed: AttributeError"),
        ("plug_absent:Mine", "importing plug_absent:Mine failed: ModuleNotFoundError"),
        ("srpo_bench.algorithms.base:Algorithm", "does not set name, paper, changes, formula"),
        ("srpo_bench.algorithms.clipped:ClippedPolicyGradient", "does not set"),
    ],
)
def test_a_plugin_that_is_none_is_named(
    target: str, sentence: str, install: Callable[..., None]
) -> None:
    install("plug_bad", yours=target)
    with pytest.raises(AlgorithmError, match=sentence) as error:
        get("yours")
    assert "plug_bad" in str(error.value)
    assert broken() == {"yours": str(error.value)}


def test_listing_names_imports_no_torch() -> None:
    code = "import sys; from srpo_bench.algorithms.registry import algorithm_names; "
    code += "algorithm_names(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_algorithms_own_sampler_has_its_settings_and_another_has_its_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = SimpleNamespace(sampler="shuffled", sampler_settings={"x": 1})
    monkeypatch.setattr(registry, "get", lambda _: own)
    for asked, name, settings in (
        (None, "shuffled", {"x": 1}),
        ("shuffled", "shuffled", {"x": 1}),
        ("history", "history", {}),
    ):
        kind, found = registry.sampler_of("mine", asked)
        assert (kind.name, found) == (name, settings)


def test_a_sampler_that_goes_by_no_epochs_is_in_none() -> None:
    assert Sampler.epoch.fget(None) == 0  # type: ignore[attr-defined]
