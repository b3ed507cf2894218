"""What a bill cycle is called: its run, and the executions that work on it.

All names follow from the cycle, so that whoever asks twice asks for the same run.
"""

from billing.core.ids import derived_id
from billing.core.period import Period


def run_id_of(anchor: int, period: Period, supplement_of: str = "") -> str:
    """The run of a cycle; with `supplement_of`, the one that takes what that run left parked."""
    end = period.span.end
    assert end is not None  # noqa: S101  a Period always ends
    return derived_id("run", end, "cycle", str(anchor), period.label, supplement_of)


def prepare_name(anchor: int, period: Period, attempt: int | str) -> str:
    """An execution of *prepare*: "cycle-01-2026-10-01-1". A closed name stays taken for 90 days."""
    return f"cycle-{anchor:02d}-{period.label}-{attempt}"


def issue_name(run_id: str, revision: int, attempt: int | str) -> str:
    """An execution of *issue*: "issue-run_01…-r1-1"."""
    return f"issue-{run_id}-r{revision}-{attempt}"


def prepare_input(
    anchor: int, period: Period, attempt: int, actor: str, *, supplementary: bool = False
) -> dict[str, object]:
    """What *prepare* starts with."""
    cycle = {"anchor": anchor, "period": period.label}
    return {"cycle": cycle, "attempt": attempt, "actor": actor, "supplementary": supplementary}


def issue_input(run_id: str, revision: int, actor: str) -> dict[str, object]:
    """What *issue* starts with, after an approval."""
    return {"run": run_id, "revision": revision, "actor": actor}
