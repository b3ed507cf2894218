"""What befalls one account stays with it; what befalls the platform is tried again."""

from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pynamodb.exceptions import DoesNotExist, GetError, PynamoDBException

from billing.adapters import documents
from billing.core.errors import BillingError
from billing.store import invoices, ledger, runs, timeline
from billing.store.access import EVERY_ACCOUNT
from billing.store.platform import is_of_platform
from billing.store.tables import balance_key, draft_key, head_key, subscription_key
from functions.bill_cycle import draft_partition
from functions.bill_cycle.close_run import RunDoesNotAddUp
from tests import faults
from tests.cloud import Cloud
from tests.cycle.machines import ISSUE, PREPARE, walk
from tests.functions.bill_cycle.world import (
    OCTOBER,
    STAFF,
    Context,
    approve,
    issued_to,
    new_customer,
    paid,
)
from tests.invariants import broken

NAMES = ("Ada", "Ben", "Cara", "Dan", "Eve")
ACCOUNTS = [f"acc_{name.lower()}" for name in NAMES]


@pytest.fixture
def aws(isp: Cloud) -> Cloud:
    for name in NAMES:
        new_customer(name)
    return isp


def spoil(aws: Cloud, key: tuple[str, str]) -> Any:
    """Make a row unreadable, as a defect of ours might have written it; what it was before."""
    items = aws.dynamodb.tables["demarc-accounts-test"].items
    place = (("S", key[0].encode()), ("S", key[1].encode()))
    before = items[place]
    items[place] = {**before, "body": {"S": '{"surname": "Aoife Ní Bhriain"}'}}
    return lambda: items.update({place: before})


def run(machine: Any, given: Any) -> Any:
    return walk(machine, given, lambda _: False)


def approved() -> Any:
    review = run(PREPARE, OCTOBER)
    approve(review)
    return {"run": review["run"], "revision": review["revision"], "actor": STAFF}


@pytest.mark.parametrize(
    "key", [head_key("acc_cara"), balance_key("acc_cara"), subscription_key("acc_cara", "sub_cara")]
)
def test_an_account_that_raises_what_nobody_foresaw_is_parked_and_the_others_are_billed(
    aws: Cloud, caplog: pytest.LogCaptureFixture, key: tuple[str, str]
):
    spoil(aws, key)

    review = run(PREPARE, OCTOBER)

    [parked] = runs.list_parked(review["run"], 1)
    assert (review["state"], review["drafts"], review["parked"]) == ("review", 4, 1)
    assert (parked.account_id, parked.reason) == ("acc_cara", "Unexpected")
    assert parked.text == f"unexpected: KeyError; see the log under {review['run']}/acc_cara"
    [logged] = [one for one in caplog.records if one.msg == "unexpected fault in an account"]
    assert vars(logged)["place"] == f"{review['run']}/acc_cara"
    assert any("customers.py" in line for line in vars(logged)["trace"])
    assert "Aoife" not in parked.text + str(vars(logged))


@pytest.mark.parametrize("kind", ["throttled", "refused"])
def test_a_fault_of_the_platform_rises_from_a_partition_and_parks_nobody(
    aws: Cloud, kind: faults.Kind
):
    opened = run(PREPARE[:1], OCTOBER)
    [item] = documents.get_list(opened["partitions"])
    before = aws.state()
    calls = faults.calls_of(lambda: draft_partition.lambda_handler(item, Context()))

    for call in range(1, calls + 1):
        aws.put_back(before)
        strike = faults.struck(lambda: draft_partition.lambda_handler(item, Context()), call, kind)
        assert strike.raised is not None
        assert not isinstance(strike.raised, BillingError)
        assert runs.list_parked(opened["run"], 1) == []
        assert draft_partition.lambda_handler(item, Context())["drafts"] == 5


def test_one_document_that_cannot_be_issued_keeps_its_number_and_the_others_are_sent(aws: Cloud):
    paid("acc_dan", "10.00")
    start = approved()
    given = run(ISSUE[:2], start)
    [item] = documents.get_list(given["partitions"])
    mend = spoil(aws, balance_key("acc_ben"))

    with pytest.raises(RunDoesNotAddUp, match="acc_ben has no invoice MF-2026-000002"):
        run(ISSUE, start)

    assert item["documents"][1] == [1, "acc_ben"]
    assert [len(issued_to(one)) for one in ACCOUNTS] == [1, 0, 1, 1, 1]
    assert issued_to("acc_eve")[0].number == "MF-2026-000005"
    assert ledger.position("acc_dan").credit.minor == 0  # collected all the same
    assert runs.load_run(start["run"]).state == "approved"
    reasons = [one.text for one in timeline.list_isp_events().items]
    assert any(
        f"acc_ben: unexpected: KeyError; see the log under {start['run']}/acc_ben" in one
        for one in reasons
    )
    mend()
    closed = run(ISSUE, start)
    assert (closed["state"], closed["count"]) == ("closed", 5)
    assert issued_to("acc_ben")[0].number == "MF-2026-000002"
    assert broken(aws) == []


def test_credit_that_cannot_be_used_keeps_the_run_open_and_that_of_others_is_used(
    aws: Cloud,
):
    paid("acc_ben", "10.00")
    paid("acc_dan", "10.00")
    start = approved()
    given = run(ISSUE[:3], start)
    mend = spoil(aws, balance_key("acc_ben"))

    with pytest.raises(RunDoesNotAddUp, match="the credit of 1 accounts could not be used"):
        run(ISSUE[3:], given)

    assert ledger.position("acc_dan").credit.minor == 0
    mend()
    assert run(ISSUE, start)["state"] == "closed"
    assert ledger.position("acc_ben").credit.minor == 0
    assert broken(aws) == []


@dataclass
class Cause:
    """The AWS error that pynamodb wraps."""

    code: str

    @property
    def error(self) -> ClientError:
        return ClientError({"Error": {"Code": self.code}}, "PutItem")


@pytest.mark.parametrize(
    ("error", "of_platform"),
    [
        (Cause("ThrottlingException").error, True),
        (Cause("AccessDeniedException").error, True),
        (Cause("SlowDown").error, True),
        (Cause("ValidationException").error, False),  # refused at every try
        (GetError(cause=Cause("ProvisionedThroughputExceededException").error), True),
        (GetError(cause=Cause("ValidationException").error), False),
        (PynamoDBException("attempts used up"), True),
        (DoesNotExist(), False),
        (EndpointConnectionError(endpoint_url="https://dynamodb"), True),
        (TimeoutError(), True),
        (ConnectionResetError(), True),
        (MemoryError(), True),
        (KeyError("currency"), False),
        (ZeroDivisionError(), False),
    ],
)
def test_the_platform_is_at_fault_or_the_data(error: Exception, of_platform: bool):
    assert is_of_platform(error) is of_platform


def test_a_draft_that_is_lost_after_its_number_was_given_stops_only_itself(aws: Cloud):
    start = approved()
    given = run(ISSUE[:2], start)
    items = aws.dynamodb.tables["demarc-accounts-test"].items
    pk, sk = draft_key(start["run"], 1, "acc_ben")
    del items[("S", pk.encode()), ("S", sk.encode())]

    with pytest.raises(RunDoesNotAddUp, match="acc_ben has no invoice"):
        run(ISSUE[2:], given)

    assert invoices.list_invoices("acc_ben", EVERY_ACCOUNT).items == ()
    assert len(issued_to("acc_cara")) == 1
