"""Usage, suspense and imports, as JSON."""

from billing.core.usage import Used
from billing.store.imports import Import
from billing.store.suspense import Suspense
from billing.store.usage import Unbilled
from functions.portal_api.usecases.usage_view import Series
from functions.portal_api.wire.base import Day, Instant, Wire


class PointOut(Wire):
    """Usage from `start` to before `end`. In is from the subscriber (up), out to it (down)."""

    start: Instant
    end: Instant
    octets_in: int
    octets_out: int
    flags: list[str]


class SeriesOut(Wire):
    """A service's usage, oldest first. `newest` is the last measurement that counts."""

    service_id: str
    step: str
    octets_in: int
    octets_out: int
    newest: Instant | None
    flags: list[str]
    points: list[PointOut]


class UsageOut(Wire):
    """The usage of every service of an account. `asOf` is when this was read."""

    account_id: str
    as_of: Instant
    services: list[SeriesOut]


class UnbilledOut(Wire):
    identity: str
    octets_in: int
    octets_out: int
    flags: list[str]


class UnbilledListOut(Wire):
    """Usage that no service claims, most octets first."""

    data: list[UnbilledOut]


class SuspenseOut(Wire):
    """A suspended record: as it came (`raw`), and what replaces it once corrected."""

    id: str
    day: Day
    reason: str
    problem: str
    raw: str
    corrected: str
    collector: str
    boot: str
    sequence: int | None
    state: str
    actor: str
    at: Instant | None


class SuspenseListOut(Wire):
    data: list[SuspenseOut]


class ImportOut(Wire):
    """An import: `made` counts the new customers, the other rows were there before."""

    id: str
    state: str
    rows: int
    made: int
    at: Instant
    actor: str


def series(found: Series) -> SeriesOut:
    return SeriesOut(
        service_id=found.service_id,
        step=found.step,
        octets_in=found.octets_in,
        octets_out=found.octets_out,
        newest=found.newest,
        flags=list(found.flags),
        points=[point(one) for one in found.points],
    )


def point(used: Used) -> PointOut:
    return PointOut.model_validate(used)


def unbilled(found: Unbilled) -> UnbilledOut:
    return UnbilledOut(
        identity=found.identity,
        octets_in=found.used.octets_in,
        octets_out=found.used.octets_out,
        flags=list(found.used.flags),
    )


def suspense(found: Suspense) -> SuspenseOut:
    names = ("id", "day", "reason", "problem", "raw", "corrected", "collector", "boot", "state",
             "actor", "at")  # fmt: skip
    return SuspenseOut(**{name: getattr(found, name) for name in names}, sequence=found.seq)


def imported(found: Import) -> ImportOut:
    names = ("id", "state", "rows", "made", "at", "actor")
    return ImportOut(**{name: getattr(found, name) for name in names})
