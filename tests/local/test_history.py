"""The invented customers and their traffic: believable, refused by nobody, always the same."""

import base64
from datetime import UTC, date, datetime

from billing.config import load_isp, load_plans
from billing.core.usage import mediate, open_pack
from billing.store.usage import settings_of
from functions.portal_api.usecases.imports import COLUMNS
from local.context import COLLECTOR, COLLECTOR_KEY
from local.people import OVERDUE, Person, csv_of, people
from local.traffic import Deliveries, days_of_traffic

MONTHS = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]
ISP, PLANS = load_isp(), load_plans()
NOW = datetime(2026, 8, 4, 15, 20, tzinfo=UTC)


def everybody(count: int = 20) -> list[Person]:
    return people(count, MONTHS, ISP, PLANS)


def reports() -> list[dict]:
    days = days_of_traffic(everybody(), MONTHS[0], NOW, ISP.isp.zone)
    return [report for day in days for report in day]


def sessions() -> list[dict]:
    return [one for one in reports() if one["type"] in ("start", "interim", "stop")]


def test_telephones_have_called() -> None:
    calls = [one for one in reports() if one["type"] == "call"]
    assert calls
    assert {one["caller"] for one in calls} == {"+353209110017"}


def test_the_same_number_is_always_the_same_person_with_the_same_traffic() -> None:
    assert everybody() == everybody()
    assert reports() == reports()


def test_every_size_of_demo_has_two_who_pay_late_one_who_leaves_and_one_without_tax_country() -> (
    None
):
    found = people(1, MONTHS, ISP, PLANS)
    assert [person.number for person in found if person.pays_late] == list(OVERDUE)
    assert sum(person.end is not None for person in found) == 2  # one before the term
    assert sum(person.faster_on is not None for person in found) == 1
    assert sum(not person.tax_country for person in found) == 1


def test_the_file_of_customers_has_the_columns_of_the_import() -> None:
    text = csv_of(everybody(), {offering.code: offering.id for offering in PLANS})
    assert tuple(text.split("\r\n")[0].split(",")) == COLUMNS


def test_no_customer_carries_more_than_the_line_can() -> None:
    speeds = {person.user_name: person.line_mbps * 10**6 for person in everybody()}
    for one in sessions():
        octets = max(one["octets_in"], one["octets_out"])
        assert octets * 8 <= speeds[one["user_name"]] * (one["session_time"] + 60)


def test_mediation_refuses_nothing_of_it_and_misses_no_number() -> None:
    deliveries, packs = Deliveries("boot-1"), []
    for day in days_of_traffic(everybody(), MONTHS[0], NOW, ISP.isp.zone):
        for record in deliveries.event(day)["Records"]:
            data = record["kinesis"]["data"]
            key = {COLLECTOR: bytes.fromhex(COLLECTOR_KEY)}
            packs.append(open_pack(base64.b64decode(data), key, NOW.date()))

    batch = mediate(packs, settings_of(ISP))

    assert not batch.suspended
    assert batch.stored == deliveries.reports
    assert [(run.first, run.last) for run in batch.received] == [(1, deliveries.reports)]


def test_nothing_is_reported_in_the_future_and_every_session_ends() -> None:
    assert max(datetime.fromisoformat(one["received_at"]) for one in reports()) <= NOW
    last = {one["user_name"]: one["type"] for one in sessions()}
    assert set(last.values()) == {"stop"}
