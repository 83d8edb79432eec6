"""Claims as data: what is said, by whom, and how it would be tested."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from srpo_bench import strict_yaml
from srpo_bench.plugins import nearest
from srpo_bench.results.judgement import grim
from srpo_bench.results.judgement.published import Published
from srpo_bench.results.records import Axis
from srpo_bench.results.schema import Unit
from srpo_bench.results.statistics.race import MARGIN
from srpo_bench.results.store import ResultsError
from srpo_bench.results.text import SHORT, number, signed

SHIPPED = Path(__file__).parent / "claims.yaml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Ratio(_Strict):
    """Cost to target on an axis, challenger over baseline, is at most a threshold."""

    kind: Literal["ratio"]
    axis: Axis = "steps"
    threshold: float = Field(gt=0)


class NonInferiority(_Strict):
    """The challenger at a share of the baseline's steps to its level against the baseline at its
    end. The margin is a share of the baseline's gain."""

    kind: Literal["noninferiority"]
    share: float = Field(gt=0, le=1)
    margin: float = Field(MARGIN, gt=0, lt=1)


class Equivalence(_Strict):
    """Scores within a margin of another arm's, a fraction: 0.01 is one point."""

    kind: Literal["equivalence"]
    tasks: tuple[str, ...] = Field(min_length=1)
    comparator: str
    margin: float = Field(gt=0, lt=1)


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


class BaseScore(_Strict):
    """The score of the base model that a claimed gain is counted from, and who else measured it."""

    task: str
    value: float = Field(ge=0, le=100, description="per cent, as reported with the claim")
    measured: float | None = Field(None, ge=0, le=100)
    by: str = ""

    @property
    def sanity(self) -> str:
        """How much of a gain over the reported base is left over the measured one."""
        if self.measured is None:
            return f"base on {self.task}: reported at {self.value:g}, not measured elsewhere"
        off = self.measured - self.value
        return (
            f"base on {self.task}: reported at {self.value:g}, measured at {self.measured:g} by "
            f"{self.by}; {signed(off / 100)} points of a gain that counts from the reported one "
            "are the base's own"
        )


class Claim(_Strict):
    """One claim: what is said, by whom, and how it would be tested."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    claim: str
    made_by: str
    where: str
    test: Ratio | NonInferiority | Equivalence | Superiority = Field(discriminator="kind")
    scale: str = ""
    algorithm: tuple[str, ...] = ()
    """What it is made of; empty: any."""
    baseline: str | None = None
    """The algorithm it compares with; null: any."""
    unit: Unit | None = None
    """What it calls a step."""
    base: str | None = None
    reported: tuple[Reported, ...] = ()
    base_score: BaseScore | None = None
    published: Published | None = None

    @property
    def sanity(self) -> list[str]:
        """The arithmetic of the reported figures, computed."""
        base = [self.base_score.sanity] if self.base_score else []
        return [*(figure.sanity for figure in self.reported), *base]

    @property
    def counts_steps(self) -> bool:
        """Is it judged on rollout batches, updates and responses side by side?"""
        return isinstance(self.test, Ratio) and self.test.axis == "steps"

    @property
    def needs(self) -> str:
        """What a ratio claim says in few words: ``90 % fewer steps``."""
        if not isinstance(self.test, Ratio):
            return self.claim
        name = SHORT.get(self.test.axis, self.test.axis)
        if self.test.threshold == 1:
            return f"fewer {name}"
        if self.test.threshold > 1:
            return f"at most {number(100 * (self.test.threshold - 1))} % more {name}"
        return f"{number(100 * (1 - self.test.threshold))} % fewer {name}"


def find(claims: Sequence[Claim], wanted: str) -> Claim:
    """One of some claims by its id.

    Raises:
        ResultsError: there is none; names the nearest.
    """
    ids = [claim.id for claim in claims]
    if wanted not in ids:
        raise ResultsError(f"There is no claim '{wanted}'; {nearest(wanted, ids)}")
    return claims[ids.index(wanted)]


def load(paths: Iterable[Path] = ()) -> list[Claim]:
    """The shipped claims, then those of the user's files; a later one replaces an id.

    Raises:
        ResultsError: a file that is no list of claims (file, entry and field named).
    """
    read = (*_shipped(), *(claim for path in paths for claim in _claims(path)))
    return list({claim.id: claim for claim in read}.values())


@cache
def _shipped() -> tuple[Claim, ...]:
    return tuple(_claims(SHIPPED))


def _claims(path: Path) -> Iterator[Claim]:
    """A file's claims, in its order."""
    try:
        entries = strict_yaml.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultsError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ResultsError(f"{path} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(entries, list):
        raise ResultsError(f"{path} must hold a list of claims, as {SHIPPED} does.")
    places: dict[str, int] = {}
    for place, entry in enumerate(entries, 1):
        try:
            claim = Claim.model_validate(entry)
        except ValidationError as error:
            raise ResultsError(f"{path}, claim {place}, {_fault(error)}") from error
        if (other := places.setdefault(claim.id, place)) != place:
            raise ResultsError(f"{path}, claims {other} and {place} are both called '{claim.id}'.")
        yield claim


PARTS: dict[int | str, type[BaseModel]] = {
    **{"ratio": Ratio, "noninferiority": NonInferiority},
    **{"equivalence": Equivalence, "superiority": Superiority},
    **{"reported": Reported, "base_score": BaseScore, "published": Published},
}
"""A claim's parts, by the names that pydantic's errors have for them."""


def _fault(error: ValidationError) -> str:
    """What is wrong with a claim; a field that there is not goes first, for it is one misspelt."""
    first = min(error.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    *outer, last = first["loc"] or ("",)
    where = ".".join(str(p) for p in (*outer, last))
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg']}."
    model = next((PARTS[part] for part in reversed(outer) if part in PARTS), Claim)
    return f"{where}: there is no such field; {nearest(str(last), model.model_fields)}"
