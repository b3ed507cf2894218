"""What the sweeps of a run came to, as a table: handlers, calls, kinds of fault, points, broken."""

from collections.abc import Iterable

from tests import reports
from tests.faults import KINDS
from tests.sweep.scenario import Swept

COLUMNS = ("deliveries", "calls", *KINDS, "broken")
ALL = "all"


def tell(module: str, swept: Iterable[Swept]) -> None:
    """Add the handlers that a module has swept to the table that the run ends with."""
    rows: dict[str, list[int]] = {}
    for one in swept:
        points = (one.points.get(kind, 0) for kind in KINDS)
        counted = [1, len(one.calls), *points, len(one.wrong)]
        name = one.handler.removeprefix("functions.").removesuffix(".lambda_handler")
        before = rows.get(name, [0] * len(counted))
        rows[name] = [a + b for a, b in zip(before, counted, strict=True)]
    if rows:
        reports.report("sweep/0", [_line("handler", COLUMNS)])
        reports.report(f"sweep/1-{module}", [_line(name, rows[name]) for name in sorted(rows)])
        reports.report("sweep/2", _together())


def _together() -> list[str]:
    """The last rows: all that any module of the run has told so far."""
    lines = [
        line.split()
        for path in (reports.PLACE / "sweep").glob("1-*.txt")
        for line in path.read_text().splitlines()
    ]
    sums = [sum(map(int, column)) for column in list(zip(*lines, strict=True))[1:]]
    _, calls, *points, broken = sums
    handlers = len({name for name, *_ in lines})
    return [
        _line(ALL, sums),
        f"{handlers} handlers x {calls} calls x {len(KINDS)} kinds: {sum(points)} points,"
        f" {broken} broken",
    ]


def _line(name: str, cells: Iterable[object]) -> str:
    return f"{name:28}" + "".join(f"{cell!s:>11}" for cell in cells)
