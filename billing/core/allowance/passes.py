"""Passes: time that is paid at an instant, and the gaps between, in which nothing is due."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

from billing.core.catalog import PassPrice
from billing.core.period import Period, Span, Validity, local_time


def pass_span(
    price: PassPrice,
    bought_at: datetime,
    zone: str,
    running_until: datetime | None = None,
    since: datetime | None = None,
    period: Period | None = None,
) -> Span:
    """When a pass that is paid at an instant runs, to the second. No end: for ever.

    running_until  the end of the pass that runs already: with "extends" the new one begins there,
                   with "restarts" it begins at once, and what was left of the old one is given up
    since          when the unbroken row of passes began: months are counted from there, so that
                   31 January, 28 February, 31 March follow each other
    period         with the validity "period": the bill's period in which the pass begins
    """
    extends = (
        price.renewal == "extends" and running_until is not None and running_until >= bought_at
    )
    start = running_until if extends and running_until is not None else bought_at
    if not extends or since is None or price.validity.unit != "months":
        return Span(start, price.validity.end(start, zone, period))
    first, last = local_time(since, zone), local_time(start, zone)
    months = (last.year - first.year) * 12 + last.month - first.month + price.validity.count
    return Span(start, Validity("months", months).end(since, zone))


def pass_spans(price: PassPrice, payments: Iterable[datetime], zone: str) -> tuple[Span, ...]:
    """The spans of passes that were paid at these instants, in the order of time.

    A pass that a restart cut short ends where the next one begins.
    """
    spans: list[Span] = []
    since: datetime | None = None
    for paid_at in sorted(payments):
        until = spans[-1].end if spans else None
        if spans and until is None:
            break  # one runs for ever
        span = pass_span(price, paid_at, zone, until, since)
        if until is None or span.start != until:
            since = span.start
            if until is not None and span.start < until:
                spans[-1] = Span(spans[-1].start, span.start)
        spans.append(span)
    return tuple(spans)


def suspended_spans(spans: Sequence[Span], until: datetime | None = None) -> tuple[Span, ...]:
    """The gaps between passes, and from the last one's end on (to `until`, if it is given)."""
    gaps: list[Span] = []
    for before, after in pairwise(spans):
        if before.end is not None and before.end < after.start:
            gaps.append(Span(before.end, after.start))
    end = spans[-1].end if spans else None
    if end is not None and (until is None or end < until):
        gaps.append(Span(end, until))
    return tuple(gaps)
