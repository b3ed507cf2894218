"""What things cost on AWS, to the call and the unit: a change that costs more turns red here.

The sizes behind the units are those of DynamoDB's Developer Guide (bench/units.py); `make bench`
holds them against the emulator. Times are never asserted.
"""

from fractions import Fraction

import pytest

from bench import counts, meter, naive, units, world
from bench.world import interims, kinesis_event

meter.install()


def test_a_thousand_records_of_200_sessions_cost_two_calls_and_fourteen_write_units():
    spent = counts.ingested(sessions=200, rounds=5)

    # Four segments, one for each bucket, of 50 sessions and 2.4 KB or so: 3 units each. Beside
    # them what was received and who was heard, 1 unit each.
    assert spent.calls == {"dynamodb.BatchWriteItem": 2}
    assert spent.write_units == 4 * 3 + 2
    assert (spent.read_units, spent.index_units) == (0, 0)
    assert spent.bytes_sent < 15_000


def test_the_naive_row_and_counter_cost_two_units_for_each_record():
    spent = counts.ingested_naively(sessions=20, rounds=5)

    assert spent.total_calls == spent.write_units == 100 * (1 + 1)


def test_a_batch_of_few_records_costs_as_many_units_as_it_has_segments():
    spent = counts.ingested(sessions=20, rounds=1)

    assert spent.write_units == 4 + 2  # 300 for 1,000 records: why batches should be large


def test_folding_an_hour_writes_each_item_once_and_each_segment_away_once():
    spent = counts.folded(sessions=40, batches=12)

    assert spent.writes == {
        "dynamodb.PutItem": 40,  # half a day of one session: below 1 KB
        "dynamodb.BatchWriteItem": 12 * 4,  # the segments, deleted
    }
    assert spent.calls["dynamodb.BatchGetItem"] == 4  # one for each bucket


@pytest.fixture(scope="module")
def bill():
    """What one more invoice adds to each workflow, in a cycle of metered customers."""
    return counts.billed(customers=4)  # one in each bucket


def test_a_draft_costs_five_write_units(bill):
    each = bill["prepare"].each

    # The draft, of 3 to 4 KB with the prices it names, and how it differs from the last bill.
    assert each.writes == {"dynamodb.PutItem": 4, "dynamodb.BatchWriteItem": 1}
    assert each.calls == {
        "dynamodb.Query": 3,  # the account, the usage of its identity, its earlier bills
        "dynamodb.GetItem": 2,  # party and subject
        "dynamodb.BatchGetItem": 1,  # identities
        "dynamodb.PutItem": 1,  # the draft; differences go 25 in a call
    }


def test_an_invoice_is_issued_in_one_transaction_of_nine_items(bill):
    each = bill["issue"].each

    assert each.calls["dynamodb.TransactWriteItems"] == 1
    # Invoice 4 KB; its two pointers, pay link, posting, balance, open item, event, mail 1 KB each:
    # all twice, as transactions are charged.
    assert each.items_written == 9
    assert each.writes == {"dynamodb.TransactWriteItems": 2 * (4 + 8)}
    assert each.index_units == 2  # overdue, and to be sent
    assert each.calls["s3.PutObject"] == 1


def test_a_letter_costs_two_small_transactions_and_one_mail(bill):
    each = bill["deliver"].each

    assert each.calls["sesv2.SendEmail"] == 1
    assert each.writes == {"dynamodb.TransactWriteItems": 2 * 2}  # claimed, and sent
    assert each.index_units == 2  # the claim is in the index; sent, it leaves it


def test_a_run_of_many_bills_costs_no_more_writes_than_a_run_of_few(bill):
    assert {name: one.run.write_units for name, one in bill.items()} == {
        "prepare": 26,  # of these, 16 for the marks of its cycle, which move when it is opened
        "issue": 10,
        "deliver": 0,
    }


def test_the_naive_transaction_of_four_items_costs_fourteen_units():
    assert counts.issued_naively(customers=1).writes == {
        "dynamodb.TransactWriteItems": Fraction(2 * (1 + 4 + 1 + 1))
    }


def test_a_payment_costs_one_posting_whatever_events_tell_of_it():
    spent = counts.paid()

    # Four events are kept, and queued; the first that is settled posts eight rows.
    assert spent.calls["sqs.SendMessage"] == spent.writes["dynamodb.PutItem"] == 4
    assert spent.calls["dynamodb.TransactWriteItems"] == 1
    assert spent.write_units == 4 + 2 * 8


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 1), ("7", 2), ("12", 2), ("100", 2), ("-5", 3), ("1795348800", 5), ("0.001", 2)],
)
def test_a_number_is_charged_by_its_significant_digits(text, size):
    assert units.number_bytes(text) == size


def test_an_image_is_charged_by_the_larger_of_old_and_new():
    small, large = ({"pk": {"S": "x" * (size - 2)}} for size in (1024, 1025))

    assert units.write_units(None, small) == 1
    assert units.write_units(None, large) == units.write_units(large, small) == 2
    assert units.write_units(small, None) == 1


def test_an_index_is_charged_when_its_entry_changes():
    def row(key):
        return {"pk": {"S": "p"}, "gsi1pk": {"S": "G"}, "gsi1sk": {"S": key}}

    assert units.index_units(None, {"pk": {"S": "p"}}) == 0
    assert units.index_units(row("1"), row("1")) == 0
    assert units.index_units(None, row("1")) == units.index_units(row("1"), None) == 1
    assert units.index_units(row("1"), row("2")) == 2


def test_a_tape_refuses_a_program_that_calls_something_else():
    tape = [meter.Answer("dynamodb.GetItem", 200, {}, b"{}")]

    with world.aws(), meter.played(tape), pytest.raises(meter.TapeDiffers):
        naive.ingest(kinesis_event(interims(1, 1)))
