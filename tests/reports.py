"""What long tests counted, said once at the end of a run, whichever worker counted it.

    report("pairs/pay-pay", ["pay/pay   6 x 6 calls   924 schedules   broken 0"])

A name is a file below .demarc/reports; its first part is the heading that it is printed under.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

PLACE = Path(__file__).parent.parent / ".demarc" / "reports"


def report(name: str, rows: Sequence[str]) -> None:
    """Say these rows when the run of tests ends; again: instead of what was said before."""
    path = PLACE / f"{name}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(rows) + "\n")


def forget() -> None:
    """Begin a run: what earlier ones counted is not said again."""
    shutil.rmtree(PLACE, ignore_errors=True)


def sections() -> Iterator[tuple[str, list[str]]]:
    """Each heading with its rows, in the order of their names."""
    rows: dict[str, list[str]] = {}
    for path in sorted(PLACE.rglob("*.txt")):
        heading = path.relative_to(PLACE).with_suffix("").parts[0]
        rows.setdefault(heading, []).extend(path.read_text().splitlines())
    yield from rows.items()
