"""An ISP in the middle of its work, for pages to show: made by the code that makes it in life."""

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime

import boto3
import pytest

from billing.config import load_isp
from billing.core import invoicing
from billing.core.period import Period
from billing.core.usage import mediate, open_pack
from billing.store import collectors, invoices, suspense, usage
from billing.store.timeline import Event
from functions.bill_cycle.shared import token_secret
from tests.core.usage.facts import ARRIVED, KEYS, MB, pack, record
from tests.examples import charge
from tests.functions.bill_cycle import world as cycle
from tests.functions.portal_api.world import NOW, give_login

ANCHOR_15 = {"cycle": {"anchor": 15, "period": "2026-09-15"}, "attempt": 1, "actor": "staff:mira"}
EARLIER_15 = {"cycle": {"anchor": 15, "period": "2026-08-15"}, "attempt": 1, "actor": "staff:mira"}
SCRIPT = "<script>alert(1)</script>"


@dataclass(frozen=True)
class House:
    """Ids of what is in it. Ada: bills, usage, a change of plan; Bela: parked; Cleo: overdue."""

    ada: str
    bela: str
    cleo: str
    dora: str
    ada_bill: str
    cleo_bill: str
    closed: str
    review: str
    approved: str


def build(patch: pytest.MonkeyPatch) -> House:
    """Fill the tables. The 2 November 2026, nine o'clock, is now."""
    for name in ("DOCUMENTS_BUCKET", "ARCHIVE_BUCKET"):
        place = {"LocationConstraint": "eu-west-1"}
        boto3.client("s3").create_bucket(Bucket=os.environ[name], CreateBucketConfiguration=place)
    token_secret()
    ada = cycle.new_customer("Ada")
    bela = cycle.new_customer("Bela", country="")
    cleo, dora = (
        cycle.new_customer(name, anchor=15, since="2026-08-15") for name in ("Cleo", "Dora")
    )
    cycle.change_plan_of(ada, "fibre-100", "2026-10-16")
    cycle.downloaded(ada, 700)
    told_today()
    closed = cycle.whole_cycle()
    approved = cycle.prepare(EARLIER_15)
    cycle.approve(approved)
    review = cycle.prepare(ANCHOR_15)
    late = overdue_bill(cleo)
    give_login("ada", ada)
    return House(
        ada, bela, cleo, dora, cycle.issued_to(ada)[0].id, late.id,
        closed["run"], review["run"], approved["run"],
    )  # fmt: skip


def told_today() -> None:
    """Usage of this morning: Ada's, a stranger's, an impossible record, and a hole."""
    began, measured = datetime(2026, 11, 2, 7, tzinfo=UTC), datetime(2026, 11, 2, 8, 50, tzinfo=UTC)
    settings = usage.settings_of(load_isp())
    for first_seq, records in (
        (1, [record(measured, 70 * MB, began, user_name="ada", nas_id="cork-bng-1")]),
        (2, [record(measured, 5 * MB, began, user_name="nobody", nas_id="cork-bng-1")]),
        (9, [record(measured, -1, began, user_name="ada", nas_id="cork-bng-1")]),
    ):
        batch = mediate([open_pack(pack(records, first_seq), KEYS, ARRIVED)], settings)
        usage.put(batch.segments, settings)
        suspense.put(batch.suspended, settings)
        collectors.put(batch.received, settings)


def overdue_bill(account_id: str) -> invoicing.Invoice:
    """A bill that was due two weeks ago and is still open."""
    made = invoicing.draft(
        account_id=account_id,
        run_id="run_old",
        revision=1,
        period=Period(date(2026, 8, 15), date(2026, 9, 15), "Europe/Dublin"),
        currency="EUR",
        language="en",
        seller={"id": "meridian", "name": "Meridian Fibre Ltd"},
        buyer={"name": "Cleo"},
        charges=[charge("45.00")],
        taxes=(),
        counted=(),
        pay_token="token-late",
    )
    issued = invoicing.number(made, "MF-2026-900001", date(2026, 10, 5), date(2026, 10, 19))
    invoices.issue(issued, Event("invoice.issued", "system:t", issued.id, "issued", NOW))
    return issued
