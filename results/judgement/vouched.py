"""What a verdict says that rests on the user's word."""

from __future__ import annotations

from srpo_bench.results.judgement.matched import Matched
from srpo_bench.results.runs import Comparison


def by_word(comparison: Comparison, proof: Matched, epoch: bool) -> str:
    """The end of such a verdict's sentence: what is known to differ stays in it, and what was
    noticed at the import.

    Args:
        comparison: the runs. proof: what theirs lacks. epoch: is its length vouched for, too?
    """
    differ = f"; known to differ: {proof.known_to_differ}" if proof.known_to_differ else ""
    vouched_for = "that the runs are matched" + " but for that" * bool(differ)
    if epoch:
        vouched_for += ", and that an epoch, whose length is unknown, left headroom"
    return f"{differ}{_noticed(comparison)}; vouched for, not proved: {vouched_for}"


def _noticed(comparison: Comparison) -> str:
    """Doubts, and an accuracy that is not held out: perhaps harmless, so only reported."""
    source = comparison.plan.get("imported")
    if not source:
        return ""
    kind = str(source.get("kind", ""))
    named = kind if kind.startswith("not ") else f"a {kind}"
    odd = [] if not kind or kind.startswith("held-out") else [f"its accuracy is {named}"]
    notes = [str(note).rstrip(".") for note in comparison.plan.get("notes", [])]
    return "".join(f"; {remark}" for remark in odd + notes)
