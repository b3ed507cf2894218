"""What a click on "pay" leads to, with the processor's own library and the stand-in."""

from datetime import timedelta

import pytest
import time_machine

from billing.adapters import processor
from billing.adapters.checkout import PageUrls, open_checkout_for
from billing.adapters.processor import ProcessorRefused, ProcessorUnreachable, connected
from billing.core.money import Money
from billing.core.payment import AmountNotChargeable, NothingToPay
from billing.store import payments
from tests.functions.payments_webhook.world import (
    ACCOUNT,
    URLS,
    World,
    issue_invoice,
    now,
    open_account,
    put_secret,
)


def pages(world: World) -> list[dict]:
    """Every page at the processor, newest first."""
    return world.standin.objects.list("cs", {"limit": 100})["data"]


def test_a_click_opens_a_page_for_what_is_open_of_the_bill(world: World):
    invoice = issue_invoice("30.00")
    url = world.click_pay(invoice)

    (page,) = pages(world)
    assert (page["url"], page["amount_total"], page["currency"]) == (url, 3000, "eur")
    assert page["client_reference_id"] == invoice.id
    assert page["metadata"] == {
        "account_id": ACCOUNT,
        "invoice_id": invoice.id,
        "invoice_number": invoice.number,
        "attempt_id": f"{invoice.id}:checkout:1",
    }
    assert (page["success_url"], page["cancel_url"]) == (URLS.success, URLS.cancel)


def test_a_double_click_leads_to_one_page(world: World):
    invoice = issue_invoice("30.00")
    assert world.click_pay(invoice) == world.click_pay(invoice)
    assert len(pages(world)) == 1


class AtTheSameTime:
    """The processor, with a second click arriving while it opens the page of the first."""

    def __init__(self, second_click) -> None:
        self.second_click, self.url = second_click, None

    def __getattr__(self, name: str):
        return getattr(connected(), name)

    def open_checkout(self, attempt):
        self.url = self.second_click()
        return connected().open_checkout(attempt)


def test_two_clicks_at_the_same_time_lead_to_one_page(world: World):
    invoice = issue_invoice("30.00")
    both = AtTheSameTime(lambda: world.click_pay(invoice))

    url = open_checkout_for(invoice, now(), URLS, both)

    assert url == both.url
    assert len(pages(world)) == 1
    assert payments.latest_attempt(invoice.id).n == 1


def test_a_lost_answer_is_asked_for_again_and_opens_no_second_page(world: World, monkeypatch):
    monkeypatch.setattr(processor, "RETRIES_MAX", 0)
    invoice = issue_invoice("30.00")
    world.standin.replies_to_lose = 1

    with pytest.raises(ProcessorUnreachable, match="try again"):
        world.click_pay(invoice)
    assert payments.latest_attempt(invoice.id).state == "claimed"

    # Other return addresses by now: what was asked first is asked again.
    url = open_checkout_for(invoice, now() + timedelta(minutes=3), PageUrls("http://x", "http://y"))
    assert [page["url"] for page in pages(world)] == [url]


def test_the_library_asks_again_by_itself_under_the_same_key(world: World):
    world.standin.replies_to_lose = 2
    world.click_pay(issue_invoice("30.00"))
    assert len(pages(world)) == 1


def test_an_attempt_nobody_heard_of_again_makes_room_when_its_page_would_have_closed(
    world: World, monkeypatch
):
    monkeypatch.setattr(processor, "RETRIES_MAX", 0)
    invoice = issue_invoice("30.00")
    world.standin.replies_to_lose = 1
    with pytest.raises(ProcessorUnreachable):
        world.click_pay(invoice)

    with time_machine.travel(now() + timedelta(hours=12, minutes=1)):
        open_checkout_for(invoice, now(), URLS)
    assert payments.latest_attempt(invoice.id).n == 2


def test_a_page_that_is_about_to_close_is_replaced(world: World):
    invoice = issue_invoice("30.00")
    first = world.click_pay(invoice)
    second = open_checkout_for(invoice, now() + timedelta(hours=11, minutes=56), URLS)
    assert second != first
    assert [page["status"] for page in pages(world)] == ["open", "expired"]


def test_when_less_is_owed_by_now_the_page_is_replaced(world: World):
    invoice = issue_invoice("30.00")
    first = world.click_pay(invoice)
    world.pay_directly(Money(1000, "EUR"), invoice_id=invoice.id)
    world.deliver_all()

    assert world.click_pay(invoice) != first
    assert [(page["status"], page["amount_total"]) for page in pages(world)] == [
        ("open", 2000),
        ("expired", 3000),
    ]


def test_a_page_paid_a_moment_ago_is_shown_again_and_not_replaced(world: World):
    invoice = issue_invoice("30.00")
    url = world.click_pay(invoice)
    world.choose(url, "succeed")  # the webhook is still on its way
    assert world.click_pay(invoice) == url


def test_a_settled_bill_has_nothing_to_pay(world: World):
    invoice = issue_invoice("30.00")
    world.pay(invoice)
    world.deliver_all()
    with pytest.raises(NothingToPay, match=invoice.number):
        world.click_pay(invoice)


def test_an_amount_the_processor_cannot_collect_takes_no_slot(world: World):
    account = open_account("KWD", id=ACCOUNT[:-1] + "7")
    invoice = issue_invoice("1.234", account_id=account)
    with pytest.raises(AmountNotChargeable, match="steps of 10"):
        world.click_pay(invoice)
    assert payments.latest_attempt(invoice.id) is None


@pytest.mark.parametrize(
    ("currency", "total", "sent"),
    [("JPY", "500", 500), ("KWD", "1.230", 1230), ("UGX", "5000", 500000), ("ISK", "990", 99000)],
)
def test_a_bill_in_an_odd_currency_is_paid_to_the_last_unit(
    world: World, currency: str, total: str, sent: int
):
    account = open_account(currency, id=ACCOUNT[:-1] + "8")
    invoice = issue_invoice(total, account_id=account)
    world.pay(invoice)
    world.deliver_all()
    assert pages(world)[0]["amount_total"] == sent
    with pytest.raises(NothingToPay):
        world.click_pay(invoice)


def test_a_refused_page_frees_its_slot(world: World):
    invoice = issue_invoice("30.00")
    with pytest.raises(ProcessorRefused):
        open_checkout_for(invoice, now() - timedelta(days=2), URLS)  # the page would be closed
    assert payments.latest_attempt(invoice.id).state == "expired"
    assert world.click_pay(invoice)


def test_a_rolled_key_is_read_anew_and_a_wrong_one_refused(world: World):
    invoice = issue_invoice("30.00")
    put_secret(api_key="sk_test_old")
    with pytest.raises(ProcessorRefused, match="key is not accepted"):
        world.click_pay(invoice)
    put_secret()
    assert world.click_pay(invoice)
