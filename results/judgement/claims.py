"""Claims as data: what is said, by whom, and how it would be tested."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srpo_bench.results.judgement import grim
from srpo_bench.results.store import ResultsError

HERE = Path(__file__).parent / "claims.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ratio(_Strict):
    """Cost to target on an axis, challenger over baseline, is at most a threshold."""

    kind: Literal["ratio"]
    axis: Literal["steps", "responses", "tokens", "updates", "seconds", "flops"] = "steps"
    threshold: float = Field(gt=0)


class NonInferiority(_Strict):
    """The challenger at a share of the budget against the baseline at all of it."""

    kind: Literal["noninferiority"]
    budget: float = Field(gt=0, le=1)
    margin: float = Field(gt=0)


class Equivalence(_Strict):
    """Scores within a margin of another arm's."""

    kind: Literal["equivalence"]
    tasks: tuple[str, ...] = Field(min_length=1)
    comparator: str
    margin: float = Field(gt=0)


class Superiority(_Strict):
    """Scores above another arm's."""

    kind: Literal["superiority"]
    tasks: tuple[str, ...] = Field(min_length=1)
    comparator: str


class Reported(_Strict):
    """A printed percentage and what it counts."""

    value: str = Field(pattern=r"^\d{1,3}(\.\d{1,6})?$", description='per cent as printed: "92.4"')
    what: str
    n: int | None = Field(None, gt=0)
    samples: int = Field(1, gt=0)

    @property
    def sanity(self) -> str:
        """Whether it can be a count of right answers."""
        if self.n is None:
            return f"{self.what}: the number of problems is not stated, so it cannot be checked"
        return f"{self.what}: {grim.sentence(self.value, self.n * self.samples)}"


class Claim(_Strict):
    """One claim: what is said, by whom, and how it would be tested."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    claim: str
    made_by: str
    where: str
    test: Ratio | NonInferiority | Equivalence | Superiority = Field(discriminator="kind")
    scale: str = ""
    base: str | None = None
    reported: tuple[Reported, ...] = ()

    @property
    def sanity(self) -> list[str]:
        """The arithmetic of the reported figures, computed."""
        return [figure.sanity for figure in self.reported]


def load(paths: Iterable[Path] = ()) -> list[Claim]:
    """The shipped claims, then those of the user's files; a later one replaces an id.

    Raises:
        ResultsError: a file that is no list of claims (file, entry and field named).
    """
    found: dict[str, Claim] = {}
    for path in (HERE, *paths):
        try:
            entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ResultsError(f"{path} cannot be read: {' '.join(str(error).split())}.") from error
        if not isinstance(entries, list):
            raise ResultsError(f"{path} must hold a list of claims; see results/claims.yaml.")
        for number, entry in enumerate(entries, 1):
            try:
                claim = Claim.model_validate(entry)
            except ValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(p) for p in first["loc"])
                raise ResultsError(f"{path}, claim {number}, {where}: {first['msg']}.") from error
            found[claim.id] = claim
    return list(found.values())
