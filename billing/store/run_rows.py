"""What a bill run is, and how it stands in its rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, cast

from billing.core.invoicing import Cause, Difference, Parked, Totals
from billing.core.money import Money
from billing.core.period import Period, instant_from, rfc3339
from billing.store.rows import body_of, version_of
from billing.store.tables import AccountRow, run_key, runs_index

State = Literal["preparing", "review", "approved", "closed"]


@dataclass(frozen=True, slots=True)
class Run:
    """One cycle of bills: what is due for a period by its anchor, or what an earlier run parked."""

    id: str
    anchor: int
    period: Period
    opened_at: datetime
    actor: str
    supplement_of: str = ""  # the run whose parked accounts this one takes
    state: State = "preparing"
    revision: int = 1
    outdated: str = ""  # why the revision before is void; "": this one was begun by a person
    digest: str = ""  # of the revision in review
    approved_by: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """What a revision came to. `documents` names where its further files are stored."""

    revision: int
    digest: str
    totals: tuple[Totals, ...]
    drafts: int
    parked: int
    differences: Mapping[str, int]  # "new", "gone", "changed": how many accounts
    at: datetime
    documents: Mapping[str, str] = field(default_factory=dict[str, str])


def run_row(run: Run) -> AccountRow:
    row = AccountRow(*run_key(run.id), state=run.state)
    row.gsi1pk, row.gsi1sk = runs_index(run.period.label, run.id)
    row.body = _json(
        {
            "id": run.id,
            "anchor": run.anchor,
            "start": run.period.start.isoformat(),
            "end": run.period.end.isoformat(),
            "zone": run.period.zone,
            "opened_at": rfc3339(run.opened_at),
            "actor": run.actor,
            "supplement_of": run.supplement_of,
            "revision": run.revision,
            "outdated": run.outdated,
            "digest": run.digest,
            "approved_by": run.approved_by,
        }
    )
    return row


def run_of(row: AccountRow) -> Run:
    body = body_of(row)
    start, end = (date.fromisoformat(body.pop(name)) for name in ("start", "end"))
    period = Period(start, end, body.pop("zone"))
    opened_at = instant_from(body.pop("opened_at"))
    state = cast(State, row.state)
    return Run(**body, period=period, opened_at=opened_at, state=state, version=version_of(row))


def parked_body(parked: Parked) -> str:
    return _json({"account_id": parked.account_id, "reason": parked.reason, "text": parked.text})


def parked_of(body: Mapping[str, Any]) -> Parked:
    return Parked(body["account_id"], body["reason"], body["text"])


def difference_body(difference: Difference) -> str:
    return _json(
        {
            "account_id": difference.account_id,
            "kind": difference.kind,
            "before": None if difference.before is None else difference.before.to_wire(),
            "after": None if difference.after is None else difference.after.to_wire(),
            "causes": [
                {"name": cause.name, "delta": cause.delta.to_wire()} for cause in difference.causes
            ],
        }
    )


def difference_of(body: Mapping[str, Any]) -> Difference:
    before, after = body["before"], body["after"]
    return Difference(
        body["account_id"],
        body["kind"],
        None if before is None else Money.from_wire(before),
        None if after is None else Money.from_wire(after),
        tuple(Cause(one["name"], Money.from_wire(one["delta"])) for one in body["causes"]),
    )


def review_body(review: Review) -> str:
    return _json(
        {
            "revision": review.revision,
            "digest": review.digest,
            "totals": [
                {
                    "currency": one.currency,
                    "documents": one.documents,
                    "net": one.net.to_wire(),
                    "tax": one.tax.to_wire(),
                    "total": one.total.to_wire(),
                }
                for one in review.totals
            ],
            "drafts": review.drafts,
            "parked": review.parked,
            "differences": dict(review.differences),
            "at": rfc3339(review.at),
            "documents": dict(review.documents),
        }
    )


def review_of(body: Mapping[str, Any]) -> Review:
    totals = tuple(
        Totals(
            one["currency"],
            one["documents"],
            *(Money.from_wire(one[name]) for name in ("net", "tax", "total")),
        )
        for one in body["totals"]
    )
    fields: dict[str, Any] = {**body, "totals": totals, "at": instant_from(body["at"])}
    return Review(**fields)


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
