"""Suspense: records that could not be counted, with the reason, until somebody has dealt with them.

  SUS#day / digest       one record or pack; put if absent, edited under its version
  SUS#day / digest#part  the rest of one too large for an item; a blind put
  SUS / day              the days that have any; a blind put

A record delivered again finds itself and changes nothing, so what was recycled stays recycled.
"""

import json
import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal, cast

from pynamodb.exceptions import PutError

from billing.core.errors import BillingError
from billing.core.period import rfc3339
from billing.core.usage import UNREADABLE, Settings, Suspended
from billing.store.tables import UsageRow
from billing.store.transactions import EditConflict
from billing.store.usage_rows import content, put_all

State = Literal["open", "recycled"]
# An item ends at 400 kB. Its first part stands beside the correction.
_PART_BYTES = 100_000
CORRECTION_BYTES_MAX = 250_000
_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.[0-9a-f]{64}")
_PROBLEM_MAX = 1_000  # letters; a problem may quote what was sent, and that is kept in full anyway


class SuspenseNotFound(BillingError):
    """No suspended record has this id."""

    def __init__(self, id: str) -> None:
        super().__init__(f"no suspended record {id[:100]!r}: take the id from the list of suspense")
        self.id = id


class NotCorrected(BillingError):
    """What is no JSON object cannot be judged again."""

    def __init__(self, id: str) -> None:
        super().__init__(f"suspended record {id} is no JSON object: correct it before recycling it")
        self.id = id


class CorrectionTooLarge(BillingError):
    """No record is that long."""

    def __init__(self, id: str) -> None:
        super().__init__(
            f"the correction of {id} is longer than {CORRECTION_BYTES_MAX} octets as it is stored:"
            " send what it should have said without the rest"
        )
        self.id = id


class NotOpen(BillingError):
    """Somebody has dealt with the record already."""

    def __init__(self, suspense: "Suspense") -> None:
        super().__init__(
            f"suspended record {suspense.id} is {suspense.state} already: only open ones go again"
        )
        self.id = suspense.id


@dataclass(frozen=True, slots=True)
class Suspense:
    """One suspended record or pack as it is kept."""

    id: str  # "2026-10-01.<digest>"
    day: date  # UTC, of its receipt
    reason: str
    problem: str
    raw: str  # JSON, or base64 when the reason is "unreadable"
    collector: str
    boot: str
    seq: int | None  # None: a whole pack
    state: State
    corrected: str  # JSON that replaces raw when it is recycled; "" until somebody corrects it
    actor: str  # who corrected or recycled it last
    at: datetime | None  # when
    version: int

    @property
    def recyclable(self) -> str:
        """What goes through mediation again."""
        return self.corrected or self.raw


def put(suspended: Iterable[Suspended], settings: Settings) -> int:
    """Keep records once; how many were new."""
    return sum(_put(one, settings) for one in suspended)


def load(id: str) -> Suspense:
    """One suspended record."""
    if not _ID.fullmatch(id):  # also: what no key could be
        raise SuspenseNotFound(id)
    day, _, digest = id.partition(".")
    rows = list(UsageRow.query(f"SUS#{day}", UsageRow.sk.startswith(digest), consistent_read=True))
    if not rows or rows[0].sk != digest:
        raise SuspenseNotFound(id)
    return _suspense(rows[0], b"".join(content(row) for row in rows))


def list_days() -> list[date]:
    """Days with suspended records, newest first."""
    rows = UsageRow.query("SUS", scan_index_forward=False, consistent_read=True)
    return [date.fromisoformat(row.sk) for row in rows]


def list_suspense(state: State = "open", limit: int = 200) -> list[Suspense]:
    """Suspended records in a state, those of the newest day first, up to a limit."""
    found: list[Suspense] = []
    for day in list_days():
        rows: dict[str, list[UsageRow]] = {}
        for row in UsageRow.query(f"SUS#{day.isoformat()}", consistent_read=True):
            rows.setdefault(row.sk.partition("#")[0], []).append(row)
        for head, *parts in rows.values():
            if head.state == state:
                found.append(_suspense(head, b"".join(content(row) for row in (head, *parts))))
            if len(found) == limit:
                return found
    return found


def save_correction(id: str, corrected: str, version: int, actor: str, at: datetime) -> Suspense:
    """Keep what the record should have said beside what it said. `version` is the one loaded.

    CorrectionTooLarge when it fits no item.
    """
    if len(json.dumps(corrected)) > CORRECTION_BYTES_MAX:
        raise CorrectionTooLarge(id)
    return _save(id, version, {"corrected": corrected, **_mark(actor, at)}, None)


def save_recycled(id: str, actor: str, at: datetime) -> bool:
    """It went through mediation and counts. False: that was known."""
    known = load(id)
    if known.state == "recycled":
        return False
    _save(id, known.version, _mark(actor, at), "recycled")
    return True


def save_refused(id: str, reason: str, problem: str, at: datetime) -> None:
    """Mediation refused it again: it is open, with the reason of now."""
    known = load(id)
    change = {"reason": reason, "problem": problem[:_PROBLEM_MAX], **_mark("mediation", at)}
    _save(id, known.version, change, "open")


def message_of(suspense: Suspense, actor: str) -> dict[str, str]:
    """What to put on the recycling queue: mediation loads it, judges it again and marks it.

    It names the record only: a suspended pack may be larger than any message.

    NotOpen when it was dealt with; NotCorrected when it is no JSON object and nobody has said what
    it should have been.
    """
    if suspense.state != "open":
        raise NotOpen(suspense)
    try:
        content: Any = json.loads(suspense.recyclable)
    except (ValueError, RecursionError):
        raise NotCorrected(suspense.id) from None
    # Unreadable bytes are kept as base64, which may look like a number.
    if not isinstance(content, dict) or (not suspense.corrected and suspense.reason == UNREADABLE):
        raise NotCorrected(suspense.id)
    return {"suspense": suspense.id, "actor": actor}


def rows_of(one: Suspended, settings: Settings) -> list[UsageRow]:
    """The item of a suspended record, then the rest of a large one, then its day."""
    pk, digest = f"SUS#{one.day.isoformat()}", one.digest
    data = zlib.compress(one.raw.encode())
    midnight = datetime(one.day.year, one.day.month, one.day.day, tzinfo=UTC)
    expires = int(midnight.timestamp()) + settings.retention_days * 86_400
    body = {
        "reason": one.reason,
        "problem": one.problem[:_PROBLEM_MAX],
        "collector": one.collector,
        "boot": one.boot,
        "seq": one.seq,
    }
    text = json.dumps(body, sort_keys=True)
    first, *rest = (data[i : i + _PART_BYTES] for i in range(0, len(data), _PART_BYTES))
    return [
        UsageRow(pk, digest, body=text, data=first, state="open", version=1, expires=expires),
        *(
            UsageRow(pk, f"{digest}#{number:03d}", data=part, expires=expires)
            for number, part in enumerate(rest)
        ),
        UsageRow("SUS", one.day.isoformat(), expires=expires),
    ]


def id_of(suspended: Suspended) -> str:
    """The id under which a record is kept."""
    return f"{suspended.day.isoformat()}.{suspended.digest}"


def _put(one: Suspended, settings: Settings) -> bool:
    head, *others = rows_of(one, settings)
    put_all(others)
    try:
        head.save(condition=UsageRow.pk.does_not_exist())
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _save(id: str, version: int, change: dict[str, Any], state: State | None) -> Suspense:
    day, _, digest = id.partition(".")
    row = UsageRow.get(f"SUS#{day}", digest, consistent_read=True)
    body: dict[str, Any] = json.loads(row.body or "{}")
    # Said again by a repeat, maybe later: it stands there already.
    if state in (None, row.state) and change.items() - {("at", change["at"])} <= body.items():
        return load(id)
    row.body = json.dumps(body | change, sort_keys=True)
    row.state, row.version = state or row.state, version + 1
    try:
        row.save(condition=UsageRow.version == version)
    except PutError as error:
        if error.cause_response_code != "ConditionalCheckFailedException":
            raise
        raise EditConflict(f"suspended record {id}") from error
    return load(id)


def _mark(actor: str, at: datetime) -> dict[str, Any]:
    return {"actor": actor, "at": rfc3339(at)}


def _suspense(row: UsageRow, data: bytes) -> Suspense:
    day = date.fromisoformat(row.pk.partition("#")[2])
    body: dict[str, Any] = json.loads(row.body or "{}")
    at = body.get("at")
    return Suspense(
        id=f"{day.isoformat()}.{row.sk}",
        day=day,
        reason=body["reason"],
        problem=body["problem"],
        raw=zlib.decompress(data).decode(),
        collector=body["collector"],
        boot=body["boot"],
        seq=body["seq"],
        state=cast(State, row.state),
        corrected=body.get("corrected", ""),
        actor=body.get("actor", ""),
        at=None if at is None else datetime.fromisoformat(at),
        version=int(row.version or 0),
    )
