"""Folding: segments become one item per identity and local day, and are deleted.

Joined under the item's version, and only the segments that were read are deleted, so it may be
killed anywhere, run twice at once or never: what usage is read as does not change.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from pynamodb.exceptions import PutError

from billing.core.usage import Sessions, Settings, join, pack_sessions, unpack_sessions
from billing.store.tables import UsageRow
from billing.store.usage_rows import (
    content,
    delete_all,
    hour_key,
    item_row,
    put_all,
    seen_row,
    segment_rows,
)

_TRIES_MAX = 4
_FIRST, _LAST = "0", "9999"  # before and after every day


@dataclass(frozen=True, slots=True)
class Folded:
    """What folding did: how many items it wrote and how many segments it is done with."""

    items: int
    segments: int


def fold(
    bucket: int,
    settings: Settings,
    *,
    before: datetime | None = None,
    days: Iterable[date] | None = None,
) -> Folded:
    """Join the segments of a bucket into the days of its identities; then delete just those.

    before  only segments whose first hour is earlier than the hour of this instant
    days    only segments of these local days
    """
    wanted = None if days is None else {day.isoformat() for day in days}
    until = _LAST if before is None else hour_key(before, settings.grid)
    items = segments = 0
    rows = segment_rows(bucket, _FIRST, until)
    for day, group in groupby(rows, key=lambda row: row.sk.partition("#")[0]):
        if wanted is None or day in wanted:
            read = list(group)
            items += _fold_day(bucket, day, read, settings)
            segments += len(read)
    return Folded(items, segments)


def _fold_day(bucket: int, day: str, rows: Sequence[UsageRow], settings: Settings) -> int:
    parts: dict[str, list[Sessions]] = {}
    for row in rows:
        for identity, sessions in unpack_sessions(content(row)).items():
            parts.setdefault(identity, []).append(sessions)
    keys = [(f"USE#{identity}", day) for identity in sorted(parts)]
    items = {row.pk[4:]: row for row in UsageRow.batch_get(keys, consistent_read=True)}
    # Whoever gets a first item is listed before it: a kill between the two loses nobody.
    put_all(seen_row(bucket, i, day, settings) for i in parts if i not in items)
    written = sum(
        _save_joined(identity, day, join(*known), items.get(identity), settings)
        for identity, known in parts.items()
    )
    delete_all(rows)
    return written


def _save_joined(
    identity: str, day: str, news: Sessions, row: UsageRow | None, settings: Settings
) -> bool:
    """Join news into the item of a day. False: it knew all that. Another folder: read and again."""
    tries = 0
    while True:
        known = () if row is None else unpack_sessions(content(row))[identity]
        joined = join(known, news)
        if joined == known:
            return False
        version = 0 if row is None else int(row.version or 0)
        new = item_row(identity, day, pack_sessions({identity: joined}), version + 1, settings)
        unseen = UsageRow.pk.does_not_exist()
        try:
            new.save(condition=UsageRow.version == version if version else unseen)
        except PutError as error:
            tries += 1
            if error.cause_response_code != "ConditionalCheckFailedException" or tries > _TRIES_MAX:
                raise
            row = UsageRow.get(new.pk, day, consistent_read=True)
        else:
            return True
