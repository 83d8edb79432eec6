"""Mutants of ``results/`` that no test can kill, each with the reason."""

from __future__ import annotations

_DEFAULT = "it is the one that numpy takes"
_EACH = "where the search begins and ends; each count is looked at"
_ENDLESS = "what is endless stays so, whatever it is divided by"
INT64 = "whole numbers are of 64 bits by themselves where the tests run"
LAST = "the last of two dimensions is 1"
_OPEN = "numpy takes any negative size for the one that is open"
_ORDER = "the order in which a product is summed changes its time"
_PAIRS = "both arms have as many runs, a pair each"
_TIED = "a mean lies within a tie of itself, and no other just a tie away, to the last bit"
_TIE_SHARES = "no two shares of right answers differ by so little"
RESULTS: dict[str, str] = {
    "results/importers/columns.py: 2 for 1 :: "
    "near = difflib.get_close_matches(column.lower(), free, 1, 0.5)": (
        "of the nearest names only the first is read, and the nearest comes first"
    ),
    "results/importers/jsonfile.py: 2 for 1 :: block = self._file.read(1 << 16)": (
        "what is read is the same whatever is read at once"
    ),
    "results/importers/lines.py: False for True :: "
    'self.path, self.number, self.last, self.whole = path, 0, "", True': (
        "nobody asks before a line was read, which says it"
    ),
    "results/importers/lines.py: 2 for 1 :: while line := f.readline(LONGEST + 1):": (
        "what is longer by one is refused, and so is what is longer by two"
    ),
    "results/importers/logs.py: 2 for 1 :: near = difflib.get_close_matches(metrics[0], keys, 1)": (
        "of the nearest names only the first is read, and the nearest comes first"
    ),
    "results/importers/logs.py: 1 for 0 :: last: int = 0": (
        "set by the first step, before it is read"
    ),
    "results/importers/record.py: LtE in 1 < scaled <= 100 :: "
    'hint = " (percent? add --scale 0.01)" if 1 < scaled <= 100 else ""': ("one is a fraction"),
    "results/importers/shelf.py: GtE in now > done :: if now > done:": (
        "equal ones were told apart a line before"
    ),
    "results/importers/shelf.py: no isolation_level= in sqlite3.connect('', "
    "isolation_level=None) :: "
    'self._base = sqlite3.connect("", isolation_level=None)  # "": private, spills to '
    "disk": ("everything is within one transaction, which is begun in words"),
    "results/importers/tensorboard.py: 2 for 1 :: "
    "step, values, first = -1, dict[str, float](), 0": ("no step is below zero"),
    "results/importers/tensorboard.py: 1 for 0 :: "
    "step, values, first = -1, dict[str, float](), 0": (
        "it is set by the event that a row begins with"
    ),
    "results/importers/trl.py: Or in name in ('max_steps', 'global_step') and value is "
    'not None :: if name in ("max_steps", "global_step") and value is not None:': (
        "of what is kept two are read, and nothing is as unknown as null"
    ),
    "results/importers/verl.py: GtE in abs(responses - round(responses)) > 0.001 * "
    "responses :: if abs(responses - round(responses)) > 1e-3 * responses:": (
        "no quotient is off by a thousandth to the last bit"
    ),
    "results/importers/write.py: False for True :: _even: bool = True": (
        "set by the first evaluation, without which nothing is known"
    ),
    "results/importers/write.py: False for True :: _constant: bool = True": (
        "set by the first evaluation, without which nothing is known"
    ),
    "results/judgement/accuracy.py: no USub in -1 :: "
    "windows = np.lib.stride_tricks.sliding_window_view(later, min(SMOOTH, "
    "later.shape[-1]), axis=-1)": LAST,
    "results/judgement/grim.py: Div in (reported - unit) / 100 * n :: "
    "low = math.floor((reported - unit) / 100 * n)": (
        "where the search begins; each count is looked at"
    ),
    "results/judgement/grim.py: 2 for 1 :: "
    "unit = Decimal(1).scaleb(int(reported.as_tuple().exponent))": _EACH,
    "results/judgement/grim.py: 101 for 100 :: "
    "low = math.floor((reported - unit) / 100 * n)": _EACH,
    "results/judgement/grim.py: Mult in (reported + unit) / 100 :: "
    "high = math.ceil((reported + unit) / 100 * n)": _EACH,
    "results/judgement/rules.py: 1 for 0 :: if side < 0:": ("a side that is settled is -1 or 1"),
    "results/judgement/rules.py: LtE in side < 0 :: "
    'return "fewer steps" if side < 0 else "more steps"': (
        "a side of 0 was left out a line before"
    ),
    "results/judgement/rules.py: LtE in side < 0 :: if side < 0:": (
        "a side of 0 was left out before"
    ),
    'results/judgement/rules.py: 1 for 0 :: return "fewer steps" if side < 0 else "more steps"': (
        "a side of 0 was left out before"
    ),
    "results/judgement/rules.py: 1 for 0 :: c, n = contrast.challenger, len(race.arrived[0])": (
        _PAIRS
    ),
    "results/report/why.py: 1 for 0 :: race, n = cell.race, len(cell.race.arrived[0])": _PAIRS,
    "results/judgement/scored.py: 2 for 1 :: "
    "floor = sampling.variance(done) / max(len(d.complete), 1)": (
        "of fewer than two pairs no interval is read"
    ),
    "results/judgement/scored.py: no dtype= in np.array([score['correct'] for score in "
    "recorded], dtype=np.int64) :: "
    'counts: Counts = np.array([score["correct"] for score in recorded], dtype=np.int64)': INT64,
    'results/outcomes.py: 2 for 1 :: newest[match["seed"]] = max(': ("no step is below zero"),
    "results/outcomes.py: no dtype= in np.array([score['correct']], dtype=np.int64) :: "
    'correct = np.array([score["correct"]], dtype=np.int64)': INT64,
    "results/records.py: no dtype= in np.array(sorted(rows), dtype=float) :: "
    "step = np.array(sorted(rows), dtype=float)": ("steps are floats already"),
    "results/report/analysis.py: 2 for 1 :: return share(present, error / max(len(present), 1))": (
        "one run has no interval, whatever its error"
    ),
    "results/report/samples.py: 1 for 0 :: "
    "share = max(2, LIMIT // len(sources)) if sources else 0": (
        "a share of no sources is not asked for"
    ),
    "results/report/unit.py: LtE in ratio < 1 :: "
    "near = min(off, 100 - off) if ratio < 1 else off": ("of a ratio of 1 either is nothing"),
    "results/report/why.py: 2 for 1 :: side = 1 if total >= 0 else -1": (
        "of a side its sign is read"
    ),
    "results/runs.py: no chunksize= in pool.map(_run, folders, chunksize=8) :: "
    "return tuple(pool.map(_run, folders, chunksize=8))": (
        "how many runs a process takes at once changes no run"
    ),
    "results/runs.py: 9 for 8 :: return tuple(pool.map(_run, folders, chunksize=8))": (
        "how many runs a process takes at once changes no run"
    ),
    "results/statistics/across.py: 2 for 1 :: "
    "resampled = scores[picks].reshape(RESAMPLES, -1)": _OPEN,
    "results/statistics/across.py: no optimize= in np.einsum('rn,nm,rm->r', weight, "
    "wins, weight, optimize=True) :: "
    'drawn = np.einsum("rn,nm,rm->r", weight, wins, weight, optimize=True)': _ORDER,
    "results/statistics/across.py: False for True :: "
    'drawn = np.einsum("rn,nm,rm->r", weight, wins, weight, optimize=True)': _ORDER,
    "results/statistics/across.py: 2 for 1 :: "
    "above: Array = (scores.reshape(-1, 1) > thresholds).mean(0)": _OPEN,
    "results/statistics/across.py: 2 for 1 :: "
    "return {arm: (s.reshape(-1, 1) <= factors).mean(0) for arm, s in slowdown.items()}": _OPEN,
    "results/statistics/benchmarks.py: no dtype= in np.array([s['accuracy'] for s in "
    "scores], dtype=float) :: "
    'values = np.array([s["accuracy"] for s in scores], dtype=float)': (
        "means and deviations of whole numbers are those of the same floats"
    ),
    "results/statistics/contrast.py: no USub in -1 :: "
    "return Curves(steps, accuracy, np.maximum.accumulate(np.stack(spent), axis=-1), "
    "error)": LAST,
    "results/statistics/curves.py: LtE in _value(middle, *cubic) < short :: "
    "under = _value(middle, *cubic) < short": (
        "where a bisection meets its goal exactly, either half ends there, to the last halving"
    ),
    "results/statistics/curves.py: 1.0 for 0.0 :: "
    "return np.where(np.isfinite(goal), goal, 0.0) - TOLERANCE": (
        "what stands for no level is left out by both callers"
    ),
    "results/statistics/curves.py: no side= in np.searchsorted(step, inside, "
    "side='right') :: "
    'i = np.clip(np.searchsorted(step, inside, side="right") - 1, 0, k - 2)': (
        "at an evaluation the pieces on either side have one value"
    ),
    "results/statistics/curves.py: GtE in delta[0] * delta[1] > 0 :: "
    "return np.where(delta[0] * delta[1] > 0, mean, 0.0)": (
        "the harmonic mean with a slope of zero is zero"
    ),
    "results/statistics/curves.py: no USub in -1 :: "
    "start = np.argmin(value - _finite(goal)[:, None] * np.arange(k + 1), axis=-1)": LAST,
    "results/statistics/curves.py: no axis= in np.take_along_axis(x, j, axis=-1) :: "
    "y0, y1, d0, d1 = (": _DEFAULT,
    "results/statistics/curves.py: GtE in length > 0 :: "
    "mean /= np.where(length > 0, length, 1)": _ENDLESS,
    "results/statistics/curves.py: 1 for 0 :: mean /= np.where(length > 0, length, 1)": _ENDLESS,
    "results/statistics/curves.py: 2 for 1 :: mean /= np.where(length > 0, length, 1)": _ENDLESS,
    "results/statistics/curves.py: Lt in mean <= best + TIE :: "
    "return np.where(start < k, np.argmax(mean <= best + TIE, axis=1), start)": _TIED,
    "results/statistics/curves.py: Gt in mean >= best - TIE :: "
    "nearest = k - np.argmax((mean >= best - TIE)[:, ::-1], axis=1)": _TIED,
    "results/statistics/curves.py: no axis= in np.take_along_axis(value, index[:, None], "
    "axis=1) :: return np.take_along_axis(value, index[:, None], axis=1)": _DEFAULT,
    "results/statistics/curves.py: 3 for 2 :: "
    "d1 = np.where(left, _edge(h[1], h[2], delta[1], delta[2]), _inner(h[:2], delta[:2]))": (
        "of these the first two are read"
    ),
    "results/statistics/curves.py: no axis= in np.diff(curve, axis=-1) :: "
    "h, delta = np.diff(step), np.diff(curve, axis=-1) / np.diff(step)": _DEFAULT,
    "results/statistics/curves.py: GtE in np.abs(d) > 3 * np.abs(delta0) :: "
    "overshoots = (np.sign(delta0) != np.sign(delta1)) & (np.abs(d) > 3 * np.abs(delta0))": (
        "what is just at the bound is the bound"
    ),
    "results/statistics/inference.py: Gt in np.abs(signs @ d) >= observed :: "
    "return float((np.abs(signs @ d) >= observed).sum() + 1) / 10_000": (
        "a sum that equals what was observed lies above it less what sums round"
    ),
    "results/statistics/inference.py: Add in observed - left :: "
    "above = len(right) - np.searchsorted(right, observed - left)": (
        "every sum of signs is there with the other sign, too"
    ),
    "results/statistics/inversion.py: 2 for 1 :: "
    "flat = (x.reshape(-1, t.shape[-1]) for x in (np.broadcast_to(ratios, t.shape), t))": _OPEN,
    "results/statistics/problems.py: 2e-12 for 1e-12 :: tie = 1e-12": _TIE_SHARES,
    "results/statistics/problems.py: GtE in mean > tie :: return Paired(": _TIE_SHARES,
    "results/statistics/problems.py: LtE in mean < -tie :: return Paired(": _TIE_SHARES,
    "results/statistics/problems.py: Gt in correct >= share * k - 1e-09 :: "
    "mastered = correct >= share * k - 1e-9": (
        "right answers are whole numbers, a share of k is never a billionth below one"
    ),
    "results/statistics/problems.py: no axis= in "
    "np.logical_and.accumulate(mastered[::-1], axis=0) :: "
    "kept = np.logical_and.accumulate(mastered[::-1], axis=0)[::-1]": _DEFAULT,
    "results/statistics/race.py: no axis= in np.take_along_axis(smooth, best, axis=-1) "
    ":: each = np.take_along_axis(smooth, best, axis=-1)[..., 0] - smooth[..., -1]": _DEFAULT,
    "results/statistics/scores.py: 2 for 1 :: "
    "table = np.array([[c.get(s, np.nan), b.get(s, np.nan)] for s in seeds]).reshape(-1, "
    "2)": _OPEN,
    "results/statistics/sequential.py: 51 for 50 :: for _ in range(50):": (
        "a fixed point that twenty rounds reach to the last digit"
    ),
    "results/statistics/sequential.py: 20.0 for 10.0 :: x = 10.0": (
        "a fixed point that twenty rounds reach to the last digit, wherever they begin"
    ),
    "results/statistics/speed.py: GtE in first * second > 0 :: agree = first * second > 0": (
        "where either is nothing, so is the smaller"
    ),
    "results/statistics/speed.py: Div in first * second :: agree = first * second > 0": (
        "where either is nothing, so is the smaller"
    ),
    "results/statistics/speed.py: 2 for 1 :: "
    "floor = (ours.error + goal.variance(baseline.error)) / np.maximum(pairs, 1)": (
        "of fewer than two pairs no t is read"
    ),
    "results/statistics/speed.py: 2 for 1 :: "
    "rows = self.mean.reshape(-1, self.mean.shape[-1])": _OPEN,
    "results/statistics/speed.py: 2 for 1 :: "
    "flat = zip(step.reshape(-1), rows, some, strict=True)": _OPEN,
    "results/statistics/speed.py: 2 for 1 :: "
    "flat = zip(cost.reshape(-1, cost.shape[-1]), rows, strict=True)": _OPEN,
    "results/statistics/speed.py: 2 for 1 :: "
    "rows = ledger.mean[..., 0, :].reshape(-1, len(step))": _OPEN,
    "results/statistics/speed.py: 2 for 1 :: "
    "return costs.reshape(*ledger.mean.shape[:-2], -1)": _OPEN,
    "results/statistics/survival.py: Lt in below <= 0.5 + TIE :: "
    "half = np.flatnonzero(below <= 0.5 + TIE)": ("no share of runs is a half and a billionth"),
}
"""``Mutant.key`` -> why its behaviour is the same."""
