"""The package in each of its forms, used in a folder whose files are called what its parts are."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.conftest import environment

pytestmark = pytest.mark.integration

TREE = Path(__file__).parents[2]
ROOMS = ("harness", "tasks", "results", "algorithms")
HOSTILE = (*ROOMS, "socket")
STRANGER = """
import pathlib
pathlib.Path(__file__).with_suffix(".ran").touch()
"""

TRIPWIRE = f"""
import os, sys

class Tripwire:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name in {ROOMS!r}:
            open(os.path.join(os.environ["TRIPWIRE"], name), "w").close()

sys.meta_path.insert(0, Tripwire)
"""
"""In every process of the environment: a room that is loaded by its bare name leaves a file."""

PROBE = """
import pathlib
from srpo_bench.harness.config import Vllm
from srpo_bench.harness.engines.vllm_server import ServerHost
from srpo_bench.tasks.equivalence import equivalent

print(*equivalent([(r"\\frac{1}{2}", "0.5"), ("x+1", "x+2")]))
host = ServerHost(pathlib.Path("model"), "float32", Vllm())
try:
    host.start()
except Exception as error:
    print(error)
finally:
    host.stop()
"""

STAND_IN = """
import importlib, sys
module, _, name = sys.argv[sys.argv.index("--worker-extension-cls") + 1].rpartition(".")
getattr(importlib.import_module(module), name).load_weight_file
print("Error-free:", *sys.argv[1:3])
sys.exit(1)
"""
"""In vLLM's place: what the command line names is there."""


@dataclass(frozen=True)
class Form:
    """One way to have the package: the words that start ``bench``, and PYTHONPATH."""

    python: Path
    bench: list[str]
    path: str = ""


def python_of(folder: Path) -> Path:
    """An environment with this one's packages, but not with its srpo-bench."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    site = next(folder.glob("lib/python*/site-packages"))
    packages = [entry for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    (site / "packages.pth").write_text("\n".join([*packages, "import tripwire"]))
    (site / "tripwire.py").write_text(TRIPWIRE)
    return python


def pip(python: Path, *words: str | Path) -> None:
    """pip for another environment, with nothing fetched."""
    start = [sys.executable, "-m", "pip", "--python", python, "--quiet"]
    done = subprocess.run([*start, *words], env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source tree, links kept: building leaves files behind."""
    folder = tmp_path_factory.mktemp("form") / "tree"
    ignore = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "runs")
    shutil.copytree(TREE, folder, symlinks=True, ignore=ignore)
    return folder


@pytest.fixture(scope="module")
def built(tree: Path) -> tuple[Path, Path]:
    """The sdist, and the wheel made of it."""
    build = "from setuptools import build_meta as b; b.build_sdist('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tree, check=True, capture_output=True)
    (sdist,) = (tree / "dist").glob("*.tar.gz")
    return sdist, wheel_of(sdist, tree.parent / "of-sdist")


def wheel_of(source: Path, folder: Path) -> Path:
    words = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    pip(Path(sys.executable), *words)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module", params=["wheel", "editable", "uninstalled"])
def form(request: pytest.FixtureRequest, tree: Path, built: tuple[Path, Path]) -> Form:
    python = python_of(tree.parent / request.param)
    if request.param == "uninstalled":
        return Form(python, [str(python), "-P", "-m", "srpo_bench.harness"], str(tree))
    if request.param == "editable":
        pip(python, "install", "--no-deps", "--no-build-isolation", "--editable", tree)
    else:
        pip(python, "install", "--no-deps", "--no-index", "--ignore-installed", built[1])
    return Form(python, [str(python.with_name("bench"))])


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Where the user stands: five files of names that matter, each leaves a file when it runs."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in HOSTILE:
        (folder / f"{name}.py").write_text(STRANGER)
    (tmp_path / "loaded").mkdir()
    return folder


def run(form: Form, hostile: Path, words: list[str], path: str = "") -> str:
    """What a command prints in the hostile folder, whose files nothing may have loaded."""
    environ = environment(TRIPWIRE=str(hostile.parent / "loaded"))
    environ["PYTHONPATH"] = ":".join(filter(None, [path, form.path]))
    done = subprocess.run(words, cwd=hostile, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not list(hostile.glob("*.ran"))
    assert not list((hostile.parent / "loaded").iterdir())
    return done.stdout


def test_a_comparison_trains(form: Form, hostile: Path) -> None:
    short = ["--preset", "smoke", "--algos", "grpo", "--seeds", "1", "--steps", "1"]
    short += ["--set", "evaluation.problems=2", "--set", "evaluation.k=1"]
    out = run(form, hostile, [*form.bench, "compare", *short, "--out", "out"])
    assert "grpo/seed-1 done, step 1/1, " in out
    assert (hostile / "out" / "report" / "index.html").is_file()


def test_children_find_the_package_and_nothing_of_the_folder(form: Form, hostile: Path) -> None:
    """The math grader, and the server of vLLM as its command line says."""
    stand_in = hostile.parent / "stand-in"
    api = stand_in / "vllm" / "entrypoints" / "openai"
    api.mkdir(parents=True)
    (api / "api_server.py").write_text(STAND_IN)
    (stand_in / "vllm" / "__init__.py").touch()
    probe = hostile.parent / "probe.py"
    probe.write_text(PROBE)
    out = run(form, hostile, [str(form.python), "-P", str(probe)], str(stand_in))
    assert out.splitlines()[0] == "correct wrong"
    assert "Error-free: --host 127.0.0.1" in out


def test_the_sdist_holds_what_the_tree_holds(tree: Path, built: tuple[Path, Path]) -> None:
    """A wheel of either is the same, and tests, docs, changelog and constraints come along."""
    assert contents(built[1]) == contents(wheel_of(tree, tree.parent / "of-tree"))
    sdist = tree.parent / "unpacked"
    with tarfile.open(built[0]) as opened:
        opened.extraction_filter = getattr(tarfile, "data_filter", None)  # not before 3.11.4
        opened.extractall(sdist)
    (root,) = sdist.iterdir()
    for name in ("CHANGELOG.md", "constraints.txt", "docs/statistics.md", "tests/conftest.py"):
        assert (root / name).read_bytes() == (TREE / name).read_bytes()


def contents(wheel: Path) -> dict[str, str]:
    with zipfile.ZipFile(wheel) as z:
        return {name: hashlib.sha256(z.read(name)).hexdigest() for name in z.namelist()}


def test_what_the_wheel_holds(built: tuple[Path, Path]) -> None:
    names = contents(built[1])
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == {"srpo_bench"}
    assert {
        "srpo_bench/py.typed",
        "srpo_bench/harness/presets/micro.yaml",
        "srpo_bench/harness/models/micro_base/model.safetensors",
        "srpo_bench/results/judgement/claims.yaml",
        "srpo_bench/results/report/templates/page.html.j2",
    } <= set(names)
