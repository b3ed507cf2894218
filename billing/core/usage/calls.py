"""Calls: what switches report of them, joined, and whose they are.

A report carries the seconds of a call so far. Of several reports of one call the longest counts,
so that repeats, order and cut of what was delivered change nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from billing.core.period import Span
from billing.core.usage.claims import Claim, holders
from billing.core.usage.fields import MALFORMED, Unmeasurable, measured_at, text, whole
from billing.core.usage.identities import dialled, e164, identity_of_number
from billing.core.usage.measured import Call

TOO_LONG = "call-too-long"
CALL_SECONDS_MAX = 86_400  # a switch that reports a longer one has missed its end

# A switch may count its call ids from one again; reports of one call differ by seconds at most.
CALL_CHAIN_SECONDS = 600


class CallReport(NamedTuple):
    """What one report says of a call: `seconds` so far, of `caller`, an identity."""

    caller: str
    id: str
    start: int  # when it was answered, epoch seconds
    seconds: int
    to: str  # digits


def call_report(fields: Mapping[str, Any]) -> CallReport:
    """What a record of type call measured. Raises Unmeasurable."""
    id = text(fields, "call_id")
    if not id:
        raise Unmeasurable(MALFORMED, "call_id is missing: the call cannot be told apart")
    caller, called = text(fields, "caller"), text(fields, "called")
    if not e164(caller):
        problem = f"caller is {caller!r}: use the country code, such as +353214960000"
        raise Unmeasurable(MALFORMED, problem)
    if not dialled(called):
        problem = f"called is {called!r}: use +353214960000, or a short code such as 112"
        raise Unmeasurable(MALFORMED, problem)
    seconds = whole(fields, "seconds", CALL_SECONDS_MAX, TOO_LONG, None)
    start = measured_at(fields, "start", seconds, "the call")
    return CallReport(identity_of_number(caller), id, start, seconds, dialled(called))


def calls_by_service(
    claims: Iterable[Claim], reports: Iterable[CallReport], span: Span
) -> dict[str, tuple[Call, ...]]:
    """The calls that began in a span, by the service that held the caller's number as they began.

    For each service of the claims, by start and then id. What nobody answered, 0 seconds, is none.
    """
    claims = list(claims)
    found: dict[str, list[Call]] = {claim.service_id: [] for claim in claims}
    holding = holders(claims)
    for one, start in _begun(reports, span):
        for service in holding(one.caller, start):
            found[service].append(Call(one.id, start, one.seconds, one.to))
    return {
        service: tuple(sorted(calls, key=lambda call: (call.start, call.id)))
        for service, calls in found.items()
    }


def unclaimed_calls(
    claims: Iterable[Claim], reports: Iterable[CallReport], span: Span
) -> list[CallReport]:
    """The calls that began in a span when nobody held the caller's number."""
    holding = holders(claims)
    return [one for one, start in _begun(reports, span) if not holding(one.caller, start)]


def joined(reports: Iterable[CallReport]) -> Iterator[CallReport]:
    """Each call once: its earliest start, and the seconds of the report that has most."""
    group: list[CallReport] = []
    for one in sorted(set(reports)):
        last = group[-1] if group else None
        if last and (one[:2] != last[:2] or one.start - last.start > CALL_CHAIN_SECONDS):
            yield _longest(group)
            group = []
        group.append(one)
    if group:
        yield _longest(group)


def _begun(reports: Iterable[CallReport], span: Span) -> Iterator[tuple[CallReport, datetime]]:
    """The calls that were answered in a span, and when."""
    for one in joined(reports):
        start = datetime.fromtimestamp(one.start, UTC)
        if one.seconds and span.contains(start):
            yield one, start


def _longest(group: list[CallReport]) -> CallReport:
    longest = max(group, key=lambda one: (one.seconds, one.to))
    return longest._replace(start=group[0].start)
