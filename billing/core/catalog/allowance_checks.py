"""What no single field of an allowance shows: a burn order that cannot be, or never ends."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NoReturn

from billing.core.catalog.allowances import Allowance, Bucket
from billing.core.catalog.models import Package
from billing.core.catalog.prices import BadPrice
from billing.core.catalog.units import BASE_UNITS, Unit, measure_of
from billing.core.catalog.windows import ALWAYS, Window, uncovered_minute
from billing.core.money import decimal_text

# What pays when no bucket does is called so where buckets are named.
_TAKEN = ("overage", "slow", "stopped")
_FIELD_OF = {"charge": "overage", "slow": "speeds", "top-up": "top_up"}


def check_allowance(allowance: Allowance, unit: Unit, path: str) -> None:
    """BadPrice, with path and fix, when the burn order has no end or a part of it is never used."""
    codes: set[str] = set()
    for place, bucket in enumerate(allowance.buckets):
        here = f"{path}.buckets[{place}]"
        if bucket.code in codes or bucket.code in _TAKEN:
            problem = "stands for what no bucket pays" if bucket.code in _TAKEN else "is used twice"
            _refuse(f"{here}.code", f"{bucket.code!r} {problem}", "give it another code")
        codes.add(bucket.code)
        _check_bucket(bucket, unit, here)
    _check_reachable(allowance.buckets, path)
    _check_after(allowance, path)
    _check_top_up(allowance, path)
    _check_speeds(allowance, unit, path)
    _check_courtesy(allowance, path)
    _check_alerts(allowance, path)


def _check_bucket(bucket: Bucket, unit: Unit, path: str) -> None:
    if bucket.size is not None:
        _check_whole(bucket.size, unit, f"{path}.size")
    if bucket.window is not None and (bucket.window.start % 60 or bucket.window.end % 60):
        _refuse(
            f"{path}.window",
            f"{bucket.window.name!r} does not begin and end on whole hours, by which usage counts",
            'write hours such as "22:00-06:00"',
        )
    if bucket.size is None:
        for field in ("price", "validity", "rollover"):
            if getattr(bucket, field) is not None:
                _refuse(f"{path}.{field}", "the bucket has no end", "give it a size")
    rollover = bucket.rollover
    if rollover is None:
        return
    if bucket.validity is not None and bucket.validity.unit != "period":
        never = bucket.validity.unit == "never"
        _refuse(
            f"{path}.rollover",
            f"the bucket {'never expires' if never else 'outlasts its period by itself'}",
            "leave out rollover, or validity",
        )
    if rollover.cap is not None:
        if rollover.cap == 0:
            _refuse(f"{path}.rollover.cap", "nothing would roll over", "leave out rollover")
        _check_whole(rollover.cap, unit, f"{path}.rollover.cap")


def _check_reachable(buckets: Sequence[Bucket], path: str) -> None:
    """What stands behind buckets without end is burnt only in hours in which those are closed."""
    for place, bucket in enumerate(buckets):
        endless = _endless(buckets[:place])
        if uncovered_minute(endless.values(), bucket.window or ALWAYS) is None:
            blocking = " and ".join(map(repr, endless))
            _refuse(
                f"{path}.buckets[{place}]",
                f"{bucket.code!r} is never burnt: {blocking} before it"
                f" {'has' if len(endless) == 1 else 'have'} no end",
                f"put it before {blocking}, or give {'that' if len(endless) == 1 else 'one'}"
                " a size or a window",
            )


def _endless(buckets: Sequence[Bucket]) -> dict[str, Window]:
    """When the buckets are open that have no end, by their codes."""
    return {one.code: one.window or ALWAYS for one in buckets if one.size is None}


def _check_after(allowance: Allowance, path: str) -> None:
    after = allowance.after
    field = _FIELD_OF.get(after)
    if field is not None and not getattr(allowance, field):
        fix = {
            "overage": 'give overage, such as {"model": "per_unit", "per_unit": "0.50"}',
            "speeds": 'give speeds, such as [{"above": "500", "policy": "1M"}]',
            "top_up": 'give top_up, such as {"bucket": "more", "at_most": 3}',
        }[field]
        _refuse(f"{path}.{field}", f'it is missing, and after is "{after}"', fix)
    for name, other in (("overage", "charge"), ("top_up", "top-up")):
        if getattr(allowance, name) is not None and after != other:
            _refuse(
                f"{path}.{name}",
                f'it is never used: after is "{after}"',
                f'write after = "{other}", or leave it out',
            )
    if not allowance.buckets and after in ("stop", "top-up"):
        _refuse(f"{path}.buckets", "there is none", "list at least one")
    always_paid = uncovered_minute(_endless(allowance.buckets).values()) is None
    if after in ("charge", "top-up") and always_paid:
        _refuse(
            f"{path}.after",
            f'"{after}" is never reached: a bucket has no end',
            'write "stop" or "slow", or give the bucket a size',
        )


def _check_top_up(allowance: Allowance, path: str) -> None:
    if allowance.top_up is None:
        return
    code, here = allowance.top_up.bucket, f"{path}.top_up.bucket"
    bucket = next((bucket for bucket in allowance.buckets if bucket.code == code), None)
    if bucket is None:
        listed = ", ".join(bucket.code for bucket in allowance.buckets)
        _refuse(here, f"there is no bucket {code!r}", f"the buckets are {listed}")
    if bucket.price is None:
        _refuse(here, f"{code!r} has no price", "give the bucket a price")
    if bucket.window is not None:
        _refuse(here, f"{code!r} cannot pay at any hour", "leave out its window")


def _check_speeds(allowance: Allowance, unit: Unit, path: str) -> None:
    before = None
    for place, step in enumerate(allowance.speeds):
        here = f"{path}.speeds[{place}].above"
        _check_whole(step.above, unit, here)
        if before is not None and step.above <= before:
            _refuse(
                here,
                f"{decimal_text(step.above)} does not lie above {decimal_text(before)}",
                "list speeds by rising thresholds",
            )
        before = step.above


def _check_courtesy(allowance: Allowance, path: str) -> None:
    courtesy = allowance.courtesy
    if courtesy is None:
        return
    if allowance.after != "charge":
        _refuse(f"{path}.courtesy", "there is no overage to forgive", "leave it out")
    if courtesy.months > courtesy.of:
        _refuse(
            f"{path}.courtesy.months",
            f"{courtesy.months} are more than the {courtesy.of} they are taken of",
            f"write {courtesy.of} at most",
        )


def _check_alerts(allowance: Allowance, path: str) -> None:
    alerts = allowance.alerts
    if alerts is None:
        return
    sized = any(bucket.size is not None and bucket.price is None for bucket in allowance.buckets)
    if alerts.percents and not sized:
        _refuse(f"{path}.alerts.percents", "no bucket that is granted has a size", "leave it out")
    before = Fraction(0)
    for place, percent in enumerate(alerts.percents):
        if percent <= before:
            _refuse(
                f"{path}.alerts.percents[{place}]",
                f"{decimal_text(percent)} does not lie above {decimal_text(before)}",
                "list percents that rise from above zero",
            )
        before = percent
    if alerts.blocks and not isinstance(allowance.overage, Package):
        _refuse(
            f"{path}.alerts.blocks",
            "overage is not charged by blocks",
            'leave it out, or give overage the model "package"',
        )


def _check_whole(size: Fraction, unit: Unit, path: str) -> None:
    if (size * BASE_UNITS[unit]).denominator != 1:
        _refuse(
            path,
            f"{decimal_text(size)} {unit} is no whole number of {measure_of(unit)}",
            f"1 {unit} has {BASE_UNITS[unit]:,}: round it",
        )


def _refuse(path: str, problem: str, fix: str) -> NoReturn:
    raise BadPrice(path, problem, fix)
