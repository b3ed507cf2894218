"""A sweep that finds nothing proves nothing: with a bug planted in a handler, it must speak."""

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from billing.adapters import checkout, mail
from billing.core.errors import BillingError
from billing.store import accounts, folding, invoices, ledger, outbox, runs, series
from billing.store.transactions import Put, commit
from functions.bill_cycle import deliver, drafting, start_due
from functions.ingest_usage import shared
from functions.payments_webhook import receive
from functions.runtime import clock
from tests.sweep import cycle, ingest, payments, portal
from tests.sweep.doors import doors
from tests.sweep.scenario import Place, sweep
from tests.sweep.test_every_writer import SWEPT

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Bug:
    """What is wrong, planted by a patch of the module that it stands in."""

    name: str
    given: Callable[[Place], Any]
    plant: Callable[[Patch], None]


def committed_apart(module: Any) -> Callable[[Patch], None]:
    """The rows of a decision are written one after the other."""

    def one_by_one(puts: Sequence[Put]) -> bool:
        done = [commit([put]) for put in puts]
        return all(done)

    return lambda patch: patch.setattr(module, "commit", one_by_one)


def failure_unheard(module: Any, name: str) -> Callable[[Patch], None]:
    """A write that failed is reported as a success."""
    write = getattr(module, name)

    def swallowed(*given: Any) -> None:
        with contextlib.suppress(Exception):
            write(*given)

    return lambda patch: patch.setattr(module, name, swallowed)


def drawn_anew(module: Any, name: str) -> Callable[[Patch], None]:
    """What should follow from facts is another at each try."""
    tries = itertools.count()
    return lambda patch: patch.setattr(module, name, lambda *_: f"try-{next(tries)}")


def deleted_first(patch: Patch) -> None:
    """Segments are gone before the items that hold their usage are written."""
    fold_day = folding._fold_day

    def fold_deleted(bucket: int, day: str, rows: Any, settings: Any) -> int:
        folding.delete_all(rows)
        return fold_day(bucket, day, rows, settings)

    patch.setattr(folding, "_fold_day", fold_deleted)


def marked_before_sent(patch: Patch) -> None:
    """A letter is marked as sent, and sent after."""

    def hasty(message: Any, isp: Any, place: Any) -> bool:
        with contextlib.suppress(BillingError):
            letter = deliver.letter_of(message, isp, place)
            outbox.save_sent(message, clock())
            mail.send(letter, place.bucket)
        return True

    patch.setattr(deliver, "deliver", hasty)


def queued_when_new(patch: Patch) -> None:
    """A hint that was kept before is not queued: the one who kept it may have died."""
    put_event, send, new = receive.payments.put_event, receive.queues.send, [True]

    def keep(*given: Any) -> None:
        new[0] = put_event(*given)

    patch.setattr(receive.payments, "put_event", keep)
    patch.setattr(receive.queues, "send", lambda *given: send(*given) if new[0] else None)


BUGS: dict[str, Bug] = {
    "functions.ingest_usage.live": Bug(
        "success for a batch that was not stored",
        ingest.a_batch_of_the_stream,
        failure_unheard(shared, "store"),
    ),
    "functions.ingest_usage.recycled": Bug(
        "success for messages that were not stored",
        ingest.messages_of_the_queue,
        failure_unheard(shared, "store"),
    ),
    "functions.ingest_usage.fold": Bug(
        "segments deleted before they are joined", ingest.closed_hours, deleted_first
    ),
    "functions.bill_cycle.open_run": Bug(
        "a run opened apart from its event", cycle.a_due_cycle, committed_apart(runs)
    ),
    "functions.bill_cycle.draft_partition": Bug(
        "a pay token drawn anew", cycle.a_partition_to_draft, drawn_anew(drafting, "pay_token")
    ),
    "functions.bill_cycle.compare": Bug(
        "a run in review apart from its review", cycle.drafts_to_compare, committed_apart(runs)
    ),
    "functions.bill_cycle.number": Bug(
        "numbers taken apart from who took them", cycle.a_frozen_manifest, committed_apart(series)
    ),
    "functions.bill_cycle.issue_partition": Bug(
        "an invoice apart from its posting", cycle.a_partition_to_issue, committed_apart(invoices)
    ),
    "functions.bill_cycle.collect": Bug(
        "credit used apart from what it settles", cycle.credit_to_use, committed_apart(ledger)
    ),
    "functions.bill_cycle.close_run": Bug(
        "a run closed apart from its event", cycle.a_run_to_close, committed_apart(runs)
    ),
    "functions.bill_cycle.deliver": Bug(
        "a letter marked before it is sent", cycle.letters_to_send, marked_before_sent
    ),
    "functions.bill_cycle.start_due": Bug(
        "an execution named anew", cycle.cycles_that_ended, drawn_anew(start_due, "prepare_name")
    ),
    "functions.payments_webhook.receive": Bug(
        "a hint queued only when it is new", payments.an_event_of_the_processor, queued_when_new
    ),
    "functions.payments_webhook.worker": Bug(
        "a payment posted apart from its record",
        payments.events_that_were_queued("succeed"),
        committed_apart(ledger),
    ),
    "functions.payments_webhook.janitor": Bug(
        "a payment found and posted apart from its record",
        payments.events_that_were_lost,
        committed_apart(ledger),
    ),
    "functions.portal_api.staff": Bug(
        "a service apart from its identity",
        portal.SCENARIOS["staff POST /v1/accounts/<account_id>/services"],
        committed_apart(accounts),
    ),
    "functions.portal_api.customer": Bug(
        "a payment page that was opened and not kept",
        portal.SCENARIOS["customer POST /pay/<token>"],
        failure_unheard(checkout.payments, "save_attempt"),
    ),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with doors(tmp_path_factory.mktemp("isp")) as furnished:
        yield furnished


def test_every_handler_has_a_bug_of_its_own() -> None:
    assert BUGS.keys() == SWEPT


@pytest.mark.parametrize("handler", BUGS)
def test_a_planted_bug_is_found(place: Place, handler: str) -> None:
    before, bug = place.state(), BUGS[handler]
    scenario = bug.given(place)
    try:
        with pytest.MonkeyPatch.context() as patch:
            bug.plant(patch)
            assert scenario.handler == f"{handler}.lambda_handler"
            assert sweep(place, scenario, before, first_only=True).wrong, bug.name
    finally:
        place.put_back(before)
