"""What ``bench doctor`` tells: what can run on this machine, and what would mend the rest."""

from __future__ import annotations

import json
import os
import platform
import shutil
from dataclasses import asdict, dataclass
from importlib import metadata, util
from pathlib import Path
from time import perf_counter

from rich.text import Text

from srpo_bench import __version__
from srpo_bench.harness.cli.tables import console, plain
from srpo_bench.harness.machine import PACKAGES, cores

NEEDED = (*PACKAGES, "datasets", "lm-eval")
EXTRAS = {"vllm": "vllm", "tensorboard": "tracking", "wandb": "tracking", "trackio": "tracking"}
"""Module -> the extra that brings it."""

RUN_GIB = 1.0
"""Memory of a default run, resident, rounded up."""

DISK_GIB = 0.5
"""Disk of the default comparison, rounded up."""


@dataclass(frozen=True)
class Row:
    """One thing that was looked at.

    stops: the default comparison cannot run like this.   do: what would mend it.
    """

    what: str
    value: str
    stops: bool = False
    do: str = ""


def examine(as_json: bool = False) -> bool:
    """Print what was found; True when the default comparison can run here."""
    rows = [*_packages(), *_machine(), *_accelerators(), _isolation(), _hub(), *_extras()]
    ready = not any(row.stops for row in rows)
    if as_json:
        print(json.dumps({"ready": ready, "findings": [asdict(row) for row in rows]}, indent=2))
        return ready
    table = plain()
    table.show_header = False
    for row in rows:
        table.add_row(row.what, Text(row.value), Text(row.do))
    screen = console()
    screen.print(table)
    screen.print(_verdict(rows, ready), highlight=False, markup=False)
    return ready


def _verdict(rows: list[Row], ready: bool) -> str:
    wrong = [f"{r.what}: {r.do or r.value}" for r in rows if r.stops]
    if not ready:
        return "Not ready for `bench compare`. " + " ".join(f"{w}." for w in wrong)
    return "Ready: bench compare --algos grpo,srpo"


def _packages() -> list[Row]:
    rows = [Row("python", platform.python_version()), Row("srpo-bench", __version__)]
    for name in NEEDED:
        try:
            rows.append(Row(name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            rows.append(Row(name, "missing", stops=True, do=f"pip install {name}"))
    return rows


def _machine() -> list[Row]:
    free = _free_gib()
    load = os.getloadavg()[0]
    disk = shutil.disk_usage(Path.cwd()).free / 2**30
    busy = load > 0.5 * cores()
    return [
        Row("cores", f"{cores()}, load {load:.1f}", do="other work slows the runs" * busy),
        Row(
            "memory",
            f"{free:.1f} GiB free" if free else "unknown",
            stops=0 < free < RUN_GIB,
            do=""
            if not free or free > RUN_GIB * cores()
            else f"a run takes {RUN_GIB:g} GiB: --workers {max(1, int(free // RUN_GIB))}",
        ),
        Row(
            "disk",
            f"{disk:.1f} GiB free here",
            stops=disk < DISK_GIB,
            do="" if disk > DISK_GIB else f"the default comparison writes {DISK_GIB:g} GiB",
        ),
        _arithmetic(),
    ]


def _free_gib() -> float:
    """Memory that can be had without swapping; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    kib = {line.split(":")[0]: int(line.split()[1]) for line in lines if ":" in line}
    return kib.get("MemAvailable", 0) / 2**20


def _arithmetic() -> Row:
    """Matrix products a second, one thread, as a step makes them: bfloat16 is the slower type on
    some processors."""
    if util.find_spec("torch") is None:
        return Row("arithmetic", "unknown without torch")
    import torch

    from srpo_bench.harness.models.product import linear

    speed = {}
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    for dtype in (torch.float32, torch.bfloat16):
        a = torch.ones(768, 768, dtype=dtype)
        linear(a, a)
        times = []
        for _ in range(5):
            start = perf_counter()
            linear(a, a)
            times.append(perf_counter() - start)
        speed[dtype] = 2 * 768**3 / min(times) / 1e9
    torch.set_num_threads(before)
    single, half = speed[torch.float32], speed[torch.bfloat16]
    better = "bfloat16" if half > single else "float32"
    return Row(
        "arithmetic",
        f"{single:.0f} GFLOP/s float32, {half:.0f} bfloat16, a core",
        do=f"for large models model.dtype={better} is the faster",
    )


def _accelerators() -> list[Row]:
    if util.find_spec("torch") is None:
        return []
    import torch

    if torch.backends.mps.is_available():
        return [Row("accelerator", "mps")]
    if not torch.cuda.is_available():
        return [Row("accelerator", "none; runs go on the CPU")]
    accelerators = []
    for i in range(torch.cuda.device_count()):
        has = torch.cuda.get_device_properties(i)
        memory = f"{has.total_memory / 2**30:.0f} GiB"
        accelerators.append(Row(f"cuda:{i}", f"{has.name}, {memory}, CUDA {torch.version.cuda}"))
    return accelerators


def _isolation() -> Row:
    from srpo_bench.tasks.sandbox import isolation

    mode = isolation()
    missing = "" if mode.mode != "none" else "tasks that run code are left out: install bubblewrap"
    return Row("model code runs in", f"{mode.mode}: {mode.why}", do=missing)


def _hub() -> Row:
    offline = [n for n in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE") if os.environ.get(n) == "1"]
    if offline:
        return Row("hub", f"off ({offline[0]}=1)", do="benchmarks need --data-dir or a cache")
    return Row("hub", "on; not tried. Without a network, set HF_HUB_OFFLINE=1")


def _extras() -> list[Row]:
    extras = []
    for module, extra in EXTRAS.items():
        installed = util.find_spec(module) is not None
        do = "" if installed else f"pip install 'srpo-bench[{extra}]'"
        extras.append(Row(module, "installed" if installed else "not installed", do=do))
    return extras
