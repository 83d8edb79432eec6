"""``python -P -m srpo_bench.harness.planning REQUEST``: a comparison is planned, or reopened, where
its runs will be, by a command that stands elsewhere. The answer lies beside the request."""

from __future__ import annotations

import sys
from pathlib import Path

from srpo_bench.harness.config import Arm, Config
from srpo_bench.harness.errors import UserError
from srpo_bench.harness.planning.plan import plan, reopen
from srpo_bench.harness.plugins.entered import FilePlugin, enter
from srpo_bench.results.store import read_json, write_json


def main(request: Path) -> int:
    """Do what the request says; 2 where that is refused, and the answer says why."""
    wanted = read_json(request)
    folder = Path(wanted["folder"])
    try:
        if "config" in wanted:
            arms = [Arm.model_validate(arm) for arm in wanted["arms"]]
            config = Config.model_validate(wanted["config"])
            for plugin in map(FilePlugin.model_validate, wanted["plugins"]):
                enter(plugin.home / plugin.file, plugin.attribute, plugin.kind == "reward")
            rest = (wanted["command"], wanted["tuning"], wanted["checked"])
            plan(folder, config, arms, *rest, dry=wanted["dry"])
        else:
            reopen(folder)
    except UserError as error:
        write_json(request.with_name("answer.json"), {"refused": str(error)})
        return 2
    write_json(request.with_name("answer.json"), {"refused": None})
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
