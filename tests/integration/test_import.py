"""A CSV of simulated runs, whose true ratio is known, from import to verdict."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.integration.conftest import Bench
from tests.results.synthetic import learned

pytestmark = pytest.mark.integration


def simulated(path: Path, ratio: float) -> Path:
    """Nine seeds of each arm; the challenger is looked at more often, in half the budget."""
    rng = np.random.default_rng(0)
    rows = []
    for seed in range(1, 10):
        for algo, target, last, every in (("GRPO", 200, 400, 5), ("SRPO", 200 * ratio, 300, 2)):
            time = target * np.exp(0.1 * rng.standard_normal())
            for step in range(0, last + 1, every):
                level = 0.2 + 0.6 * float(learned(np.array(step / time)))
                accuracy = min(max(level + 0.005 * rng.standard_normal(), 0.0), 1.0)
                rows.append(f"{step}.0,{accuracy:.5f},{algo},{seed},{640 * step},host-{seed}")
    rng.shuffle(rows)
    path.write_text("\n".join(["step,accuracy,algo,seed,tokens,host", *rows]))
    return path


@pytest.mark.parametrize(("ratio", "verdict"), [(0.05, "supported"), (1.0, "refuted")])
def test_from_a_csv_to_a_verdict(bench: Bench, tmp_path: Path, ratio: float, verdict: str) -> None:
    out = tmp_path / "imported"
    path = simulated(tmp_path / "a.csv", ratio)
    done = bench("import", "--from", "csv", path, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "Imported 18 runs" in done.stdout

    told = bench("verify", out, "--claim", "steps-90", "--json")
    (unvouched,) = json.loads(told.stdout)
    assert told.returncode == 3
    assert unvouched["verdict"] == "no-verdict"
    assert "unknown: base_sha256, pool_digest, evaluation_digest" in unvouched["reason"]

    told = bench("verify", out, "--claim", "steps-90", "--vouch-matched", "--json")
    (vouched,) = json.loads(told.stdout)
    assert (told.returncode, vouched["verdict"]) == (0, verdict)
    assert vouched["ratio"] == pytest.approx(ratio, rel=0.15)
    assert "vouched for, not proved" in vouched["reason"]

    done = bench("report", out, "--vouch-matched")
    assert done.returncode == 0, done.stderr
    summary = json.loads((out / "report" / "summary.json").read_text())
    (headline,) = summary["headlines"]
    assert headline["verdict"] == verdict
    assert headline["title"] in done.stdout
    assert {"steps", "tokens"} <= summary["comparisons"][0]["axes"].keys()
