"""What people do with a browser: staff approve a run, the customer pays; nothing breaks a page."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from functions.portal_api.access import Route
from functions.portal_api.pages.doors import CUSTOMER_PAGES, STAFF_PAGES
from local.context import HOME, Context
from local.demo.api import Api
from local.logins import PASSWORD
from tests.acceptance.conftest import last_month

pytestmark = pytest.mark.browser

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
CUSTOMER = "c00001@customers.example"
SHOTS = HOME / "screenshots"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
PATIENT = 90_000  # milliseconds, for a workflow to end


class Visit:
    """One person's window, which keeps what the browser complained about."""

    def __init__(self, browser: Browser, size: dict[str, int]) -> None:
        self.width = size["width"]
        self.page: Page = browser.new_context(viewport=size).new_page()
        self.page.set_default_timeout(30_000)
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)

    def shot(self, name: str) -> None:
        """A screenshot of a page that must be fit to be seen."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}-{self.width}.png", full_page=True)
        self.judge(name)

    def judge(self, name: str) -> None:
        """The page fits its window, and axe finds nothing that keeps anybody from using it."""
        overflow = self.page.evaluate("document.documentElement.scrollWidth") - self.width
        assert overflow <= 0, f"{name} is {overflow} px wider than its window"
        found = Axe().run(self.page, options={"resultTypes": ["violations"]}).response
        barriers = [
            f"{name}: {one['help']}: {one['nodes'][0]['html'][:200]}" for one in found["violations"]
        ]
        assert not barriers, "\n".join(barriers)

    def _heard(self, message: ConsoleMessage) -> None:
        at = message.location["url"]
        if message.type == "error" and not at.endswith("/favicon.ico"):  # the processor has none
            self.complaints.append(f"{message.text} at {at}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        yield chromium
        chromium.close()


def test_staff_approve_a_run_and_the_customer_pays(system: Context, browser: Browser) -> None:
    desk = Visit(browser, DESK)
    _sign_in(desk, system.console_url, "clara")
    desk.shot("today")
    _look_at_a_customer(desk, system)
    pay_link = _bill_the_last_month(desk, system)

    phone = Visit(browser, PHONE)
    _pay(phone, pay_link)
    desk.page.reload()
    expect(desk.page.get_by_text("settled").first).to_be_visible()

    assert not desk.complaints + phone.complaints


def test_a_customer_reads_bills_and_usage_on_a_phone(system: Context, browser: Browser) -> None:
    phone = Visit(browser, PHONE)
    _sign_in(phone, system.portal_url, CUSTOMER)
    phone.shot("home")
    for name in ("bills", "usage"):
        phone.page.goto(f"{system.portal_url}/{name}")
        expect(phone.page.locator("h1").first).to_be_visible()
        phone.shot(name)
    assert not phone.complaints


def test_the_console_fits_a_phone(system: Context, browser: Browser) -> None:
    phone = Visit(browser, PHONE)
    _sign_in(phone, system.console_url, "ruth")
    for name in ("", "/customers", "/bill-runs", "/suspense"):
        phone.page.goto(f"{system.console_url}/console{name}")
        phone.shot(f"console{name.replace('/', '-')}")
    assert not phone.complaints


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_fits_its_window_and_is_usable_by_everybody(
    system: Context, browser: Browser, size: dict[str, int]
) -> None:
    desk, phone = Visit(browser, size), Visit(browser, size)
    staff = Api.signed_in(system.console_url, "clara", PASSWORD)
    [row] = staff.get("/v1/accounts", search=CUSTOMER.partition("@")[0].upper())["data"]
    account, runs = row["accountId"], staff.get("/v1/bill-runs")["data"]
    whole = staff.get(f"/v1/accounts/{account}")
    other = next(o["id"] for o in staff.get("/v1/offerings")["data"] if o["name"] != row["plan"])
    bill = staff.get("/v1/invoices", accountId=account)["data"][0]["id"]
    late = staff.get("/v1/invoices/overdue")["data"][0]
    ids = {
        "<account_id>": account,
        "<subscription_id>": whole["subscriptions"][0]["id"],
        "<service_id>": whole["services"][0]["id"],
        "<invoice_id>": bill,
        "<run_id>": runs[0]["id"],
        "<token>": staff.get(f"/v1/invoices/{late['invoiceId']}")["payPath"].rpartition("/")[2],
    }
    _sign_in(desk, system.console_url, "clara")
    _sign_in(phone, system.portal_url, CUSTOMER)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    seen = [
        *_walk(desk, system.console_url, STAFF_PAGES, ids,
               f"?offering={other}&day={tomorrow}&code=access&amount=30.00&reason=match"),
        *_walk(phone, system.portal_url, [*CUSTOMER_PAGES, Route("GET", "/pay/<token>")], ids),
    ]  # fmt: skip
    for visit, place in ((desk, system.console_url), (phone, system.portal_url)):
        visit.page.goto(f"{place}/nowhere")
        visit.judge("nowhere")
    print(f"{len(seen)} pages at {size['width']} px")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_plan_is_tried_on_past_months(
    system: Context, browser: Browser, size: dict[str, int]
) -> None:
    visit = Visit(browser, size)
    _sign_in(visit, system.console_url, "clara")
    page = visit.page
    page.goto(f"{system.console_url}/console/plans")
    page.get_by_role("link", name="Try Fibre 500").click()
    page.locator("#months").select_option("2")
    page.get_by_role("button", name="Compare").click()
    expect(page.locator("svg.bars")).to_be_visible()
    expect(page.get_by_text("Largest rises")).to_be_visible()
    visit.shot("what-if")
    assert not visit.complaints


# Documents and parts of pages; a draft is shown while a run is in review, which another test sees.
NO_PAGES = {
    "/console/customers/<account_id>/usage",
    "/console/bill-runs/<run_id>/drafts/<account_id>",
    "/console/invoices/<invoice_id>/pdf",
    "/bills/<invoice_id>/pdf",
    "/usage/<service_id>",
}


def _walk(
    visit: Visit, place: str, table: Iterable[Route], ids: Mapping[str, str], preview: str = ""
) -> list[str]:
    """Open every page of a door that is a page of its own; their addresses."""
    seen: list[str] = []
    for method, rule in table:
        path = re.sub(r"<\w+>", lambda found: ids.get(found.group(), found.group()), rule)
        if method != "GET" or "<" in path or rule in NO_PAGES:
            continue
        answer = visit.page.goto(place + path + (preview if "<subscription_id>" in rule else ""))
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        visit.judge(path)
        seen.append(path)
    return seen


def _sign_in(visit: Visit, address: str, name: str) -> None:
    visit.page.goto(f"{address}/signin")
    visit.page.locator("#username").fill(name)
    visit.page.locator("#password").fill(PASSWORD)
    visit.page.get_by_role("button", name="Sign in").click()
    expect(visit.page.get_by_role("button", name="Sign out")).to_be_visible()


def _look_at_a_customer(desk: Visit, system: Context) -> None:
    page = desk.page
    page.goto(f"{system.console_url}/console/customers?q=C00001")
    page.locator("tbody a").first.click()
    expect(page.locator("#usage svg.chart")).to_be_visible()
    expect(page.locator("#usage")).to_contain_text("last record")
    desk.shot("customer")


def _bill_the_last_month(desk: Visit, system: Context) -> str:
    """Prepare, review and approve; the pay link of one of the bills."""
    page = desk.page
    page.goto(f"{system.console_url}/console/bill-runs")
    desk.shot("bill-runs")
    page.locator("#period").select_option(f"1:{last_month()}")
    page.get_by_role("button", name="Prepare the run").click()
    approve = page.get_by_role("button", name="Approve and issue")
    expect(approve).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("Parked: not billed until mended")).to_be_visible()
    desk.shot("run-in-review")
    approve.click()
    expect(page.locator("#main .badge", has_text="closed")).to_be_visible(timeout=PATIENT)
    desk.shot("run-closed")
    page.get_by_role("link", name="MF-").first.click()
    expect(page.locator("h1")).to_contain_text("MF-")
    desk.shot("invoice")
    link = page.locator(f"a[href^='{system.portal_url}/pay/']").first.get_attribute("href")
    assert link
    return link


def _pay(phone: Visit, link: str) -> None:
    page = phone.page
    page.goto(link)
    phone.shot("pay")
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_text("Test payment page")).to_be_visible()
    page.get_by_role("button", name="Declined card").click()
    expect(page.get_by_text("Your card was declined")).to_be_visible()
    page.get_by_role("button", name="Pay").click()
    expect(page.get_by_role("heading", name="Paid. Thank you!")).to_be_visible()
    phone.shot("paid")
    page.get_by_role("link", name="Back to the bill").click()
    expect(page.get_by_text("Nothing is open on this bill.")).to_be_visible()
    phone.shot("pay-settled")
