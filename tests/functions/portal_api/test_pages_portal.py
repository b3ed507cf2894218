"""The portal's pages, opened as a subscriber does; signing in; and the pay link."""

import re
from dataclasses import dataclass
from itertools import count

import boto3
import pytest

from billing.adapters import processor
from billing.store import invoices, ledger
from billing.store.access import EVERY_ACCOUNT
from billing.store.tables import AccountRow, LedgerRow
from billing.store.timeline import Event
from functions.portal_api import session
from functions.portal_api.pages.doors import CUSTOMER_PAGES
from local.processor import Standin
from tests.functions.portal_api import house as houses
from tests.functions.portal_api import world
from tests.functions.portal_api.browsing import forms, post, press, problems, words
from tests.functions.portal_api.conftest import enter_portal, enter_staff
from tests.functions.portal_api.house import House
from tests.functions.portal_api.world import NOW, Door, give_login

PASSWORD = "Correct-horse-7-battery"
FIRST = "First-time-1-only"
NAMES = count(1)


@pytest.fixture(scope="module")
def house(shared_doors) -> House:
    return houses.build(shared_doors)


@pytest.fixture
def ada(shared_doors, house) -> Door:
    return enter_portal(shared_doors, "ada")


@pytest.fixture
def nobody(shared_doors, house) -> Door:
    return enter_portal(shared_doors, None)


def rows() -> tuple[int, int]:
    return AccountRow.count(), LedgerRow.count()


def token_of(invoice_id: str) -> str:
    return invoices.load_invoice(invoice_id, EVERY_ACCOUNT).pay_token


def test_every_page_opens_for_a_customer_and_leads_others_to_the_sign_in_page(ada, nobody, house):
    known = {"<invoice_id>": house.ada_bill, "<service_id>": "svc_ada",
             "<token>": token_of(house.ada_bill)}  # fmt: skip
    for method, rule in CUSTOMER_PAGES:
        if method == "GET" and not rule.startswith("/static"):
            path = re.sub(r"<\w+>", lambda found: known[found.group()], rule)
            page = ada.get(path)
            assert page.status == 200, (path, words(page))
            if not path.endswith("/pdf"):
                assert page.headers["Content-Type"].startswith("text/html")
                assert "unsafe" not in page.headers["Content-Security-Policy"]
                assert " style=" not in page.text
            public = path.startswith(("/paid", "/signin"))
            assert nobody.get(path).status == (200 if public else 303), path


def test_the_first_page_says_what_is_owed_and_what_was_used(ada, house):
    text = words(ada.get("/"))

    assert "Hello, Ada" in text
    assert "Due on 16 Nov 2026." in text
    assert "77.0 MB since 1 Nov 2026 of 500 GB included" in text
    assert "As of 10 minutes ago." in text
    assert f"/pay/{token_of(house.ada_bill)}" in ada.get("/").text


def test_a_bill_says_its_total_first_and_explains_each_line(ada, house):
    page = ada.get(f"/bills/{house.ada_bill}")
    text = words(page)

    total = re.search(r"€[0-9.]+", text).group()
    assert f"Pay {total}" in text
    assert "Explain" in text
    assert "VAT 23 % of €" in text
    assert ada.get(f"/bills/{house.ada_bill}/pdf").octets.startswith(b"%PDF")


def test_usage_is_drawn_by_day_and_stands_in_a_table_too(ada):
    page = ada.get("/usage")

    assert '<rect class="down"' in page.text
    assert "2 Nov 70.0 MB 7.0 MB 77.0 MB" in words(page)
    assert words(ada.get("/usage/svc_ada")) in words(page)


@pytest.mark.parametrize("path", ["/bills/{bill}", "/bills/{bill}/pdf", "/usage/svc_cleo"])
def test_another_customers_id_is_a_page_that_says_it_is_not_there(ada, house, path):
    before = rows()
    page = ada.get(path.format(bill=house.cleo_bill))

    assert page.status == 404
    assert page.headers["Content-Type"].startswith("text/html")
    assert "MF-2026-900001" not in page.text
    assert rows() == before


def test_the_console_is_not_there_for_a_customer(ada, house):
    for path in ("/console", f"/console/customers/{house.ada}", "/console/bill-runs"):
        assert ada.get(path).status == 404


def test_a_customer_without_a_bill_or_a_service_is_greeted_too(shared_doors, house):
    from tests.functions.bill_cycle import world as cycle

    give_login("otto", cycle.new_customer("Otto", since="2026-11-01"))
    otto = enter_portal(shared_doors, "otto")

    assert "Nothing to pay. Thank you." in words(otto.get("/"))
    assert "No bill yet." in words(otto.get("/bills"))
    assert "No usage in this period." in words(otto.get("/usage"))


# ---- the pay link


def test_a_pay_link_shows_the_bill_to_whoever_holds_it_and_changes_nothing(nobody, house):
    before = rows()
    page = nobody.get("/pay/token-late")

    assert "Pay €45.00" in words(page)
    assert "It was due on 19 Oct 2026, 14 days ago." in words(page)
    assert "Sign out" not in page.text
    assert rows() == before
    assert nobody.get("/pay/guess").status == 404
    assert nobody.get("/paid/guess").status == 404


def test_the_button_leads_to_the_processor_and_the_page_allows_it(nobody, house, monkeypatch):
    secret = '{"api_key": "sk_test_local", "webhook_secrets": ["whsec_1"]}'
    boto3.client("secretsmanager").create_secret(Name="processor", SecretString=secret)
    with Standin(delay_seconds=3600) as standin:
        monkeypatch.setenv("PROCESSOR_SECRET", "processor")
        monkeypatch.setenv("PROCESSOR_API_BASE", standin.url)
        processor.connected.cache_clear()
        page = nobody.get("/pay/token-late")
        paid = press(nobody, page, "/pay/token-late")
        processor.connected.cache_clear()

        assert f"form-action 'self' {standin.url};" in page.headers["Content-Security-Policy"]
        assert paid.status == 303, problems(paid)
        assert paid.headers["Location"].startswith(standin.url)


def test_a_processor_that_does_not_answer_is_told_on_the_page_of_the_bill(
    nobody, house, monkeypatch
):
    monkeypatch.setenv("PROCESSOR_SECRET", "processor")
    monkeypatch.setenv("PROCESSOR_API_BASE", "http://127.0.0.1:9")
    processor.connected.cache_clear()
    page = post(nobody, f"/pay/{token_of(house.ada_bill)}")
    processor.connected.cache_clear()

    assert page.status == 503
    assert problems(page)[0].startswith("Paying is not possible at the moment.")
    assert "Pay €" in words(page)


def test_the_page_after_paying_waits_until_the_money_is_posted(nobody, house):
    waiting = nobody.get("/paid/token-late")
    assert "on its way" in words(waiting)
    assert "every 2s" in waiting.text

    settle(house.cleo)
    paid = nobody.get("/paid/token-late")
    assert "Paid. Thank you!" in words(paid)
    assert "every 2s" not in paid.text
    assert "Nothing is open on this bill." in words(nobody.get("/pay/token-late"))


def settle(account_id: str) -> None:
    """What the payments' worker does when the money is there."""
    from billing.core.ledger import allocate, payment_transaction

    position = ledger.position(account_id)
    items = position.open_items
    amount = items[0].open
    allocations, surplus = allocate(amount, items)
    transaction = payment_transaction(
        account_id=account_id, object_id="pi_late", at=NOW, allocations=allocations,
        surplus=surplus, source="stripe",
    )  # fmt: skip
    event = Event("payment.received", "system:payments", "pi_late", "paid", NOW)
    assert ledger.post(transaction, position, event)


# ---- signing in


@dataclass
class Cognito:
    """A user pool as moto plays it, in place of the pool of our own keys."""

    pool: str
    client: str

    def add(self) -> str:
        """Somebody new, with a first password; their name."""
        name = f"ann-{next(NAMES)}"
        boto3.client("cognito-idp").admin_create_user(
            UserPoolId=self.pool, Username=name, TemporaryPassword=FIRST
        )
        return name


@pytest.fixture(scope="module")
def made_pool(house) -> Cognito:
    client = boto3.client("cognito-idp")
    pool = client.create_user_pool(PoolName="people")["UserPool"]["Id"]
    made = client.create_user_pool_client(
        UserPoolId=pool, ClientName="web", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"]
    )
    return Cognito(pool, made["UserPoolClient"]["ClientId"])


@pytest.fixture
def pool(made_pool, monkeypatch) -> Cognito:
    for kind in world.POOLS:
        monkeypatch.setitem(world.POOLS, kind, (made_pool.pool, made_pool.client))
    return made_pool


@pytest.fixture(params=["staff", "customer"])
def door(request, shared_doors) -> Door:
    if request.param == "staff":
        return enter_staff(shared_doors).as_bearer(None)
    return enter_portal(shared_doors, None)


def test_a_wrong_password_and_an_unknown_name_are_told_in_the_same_words(door, pool):
    name = pool.add()
    page = door.get("/signin", query={"next": "/console"})
    again = press(door, page, "/signin", username=name, password="wrong")
    unknown = press(door, page, "/signin", username="nobody-of-ours", password="wrong")

    assert (again.status, unknown.status) == (401, 401)
    assert problems(again) == problems(unknown) == ["The user name or the password is wrong."]
    kept = forms(again)["/signin"].fields
    assert (kept["username"], kept["next"]) == (name, "/console")
    assert kept["password"] == ""
    assert not again.cookies


def test_the_first_password_is_replaced_before_the_door_opens(door, pool):
    name = pool.add()
    asked = press(door, door.get("/signin"), "/signin", username=name, password=FIRST)
    assert asked.status == 200
    assert not asked.cookies
    assert "Choose a new password" in words(asked)

    entered = press(door, asked, "/signin", new_password=PASSWORD)
    assert (entered.status, entered.headers["Location"]) == (303, "/")
    assert len(entered.cookies) == 2


def test_a_conversation_that_died_begins_again_with_the_password(door, pool):
    for name, text in (("NEW_PASSWORD_REQUIRED", "dead"), ("SELECT_CHALLENGE", "s" * 40)):
        dead = {"challenge": name, "session": text, "username": "mira"}
        again = post(door, "/signin", **dead, new_password=PASSWORD)

        assert again.status == 401
        assert problems(again) == ["That took too long. Please sign in again."]
        assert "password" in forms(again)["/signin"].fields


def test_an_empty_form_is_refused_like_a_wrong_password(door, pool):
    assert problems(post(door, "/signin")) == ["The user name or the password is wrong."]


def test_a_second_factor_is_set_up_with_a_secret_that_is_shown_once(door, monkeypatch):
    from billing.adapters import sign_in
    from billing.adapters.sign_in import Challenge, WrongCode

    asked = Challenge("MFA_SETUP", "session-1" * 4, "mira")
    monkeypatch.setattr(sign_in, "sign_in", lambda pool, user, password: asked)
    shown = Challenge("MFA_SETUP", "session-2" * 4, "mira")
    monkeypatch.setattr(sign_in, "begin_authenticator", lambda known: ("JBSWY3DPEHPK3PXP", shown))

    def refuse(pool, challenge, code):
        assert (challenge.session, code) == ("session-2" * 4, "123456")
        raise WrongCode

    monkeypatch.setattr(sign_in, "confirm_authenticator", refuse)
    page = press(door, door.get("/signin"), "/signin", username="mira", password=PASSWORD)
    assert "JBSWY3DPEHPK3PXP" in page.text
    again = press(door, page, "/signin", code="123456")

    assert again.status == 401
    assert "The code is wrong or too old" in problems(again)[0]
    assert forms(again)["/signin"].fields["session"] == "session-2" * 4


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/console/customers?q=a", "/console/customers?q=a"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_our_own_pages(wanted, place):
    assert session.place_after_sign_in(wanted) == place


def test_signing_out_ends_the_session_in_the_browser(door):
    out = post(door, "/signout")

    assert (out.status, out.headers["Location"]) == (303, "/signin")
    assert all("Max-Age=0" in line for line in out.cookies)
