"""The closed month is billed: prepared, looked at, mended, prepared again, approved, issued."""

import re
import subprocess
from collections import Counter
from typing import Any

from local.demo.api import send
from local.demo.world import CYCLE_ANCHOR, EMAIL, World

PREPARED_SECONDS = 120
ISSUED_SECONDS = 240
CAUSES = {"usage", "plan", "new"}  # that the history must show


def prepare(world: World) -> Any:
    """Start the run, and what its approver sees: the review of its first revision."""
    journal, staff = world.journal, world.staff
    journal.step(f"Staff start the bill run of {world.month.start:%B %Y}")
    wanted = {"anchor": CYCLE_ANCHOR, "period": world.month.start.isoformat()}
    run = staff.post("/v1/bill-runs", wanted, status=202)
    world.run_id = run["id"]
    view = _in_review(world, 1)
    review = view["review"]
    for total in review["totals"]:
        journal.fact(
            f"revision 1: {total['documents']} drafts, {_money(total['net'])} net,"
            f" {_money(total['tax'])} tax, {_money(total['total'])}"
        )
    kinds = Counter(one["kind"] for one in view["changes"])
    causes = Counter(cause["name"] for one in view["changes"] for cause in one["causes"])
    journal.fact(f"against the last cycle: {_counted(kinds)}; causes: {_counted(causes)}")
    for change in sorted(view["changes"], key=lambda one: len(one["causes"]), reverse=True)[:3]:
        spoken = ", ".join(f"{one['name']} {_money(one['delta'])}" for one in change["causes"])
        journal.fact(f"  {change['name']}: {change['kind']}, {spoken}")
    journal.must(causes.keys() | kinds.keys() >= CAUSES, f"among them {', '.join(sorted(CAUSES))}")
    for parked in view["parkedAccounts"]:
        journal.fact(f"parked: {parked['name']}, {parked['reason']}: {parked['text']}")
    reasons = [parked["reason"] for parked in view["parkedAccounts"]]
    journal.must(reasons == ["MissingTaxPlace"], "one account cannot be billed, and says why")
    again = staff.ask("POST", "/v1/bill-runs", wanted)
    journal.must(again.status == 409, f"a second run for it: refused (409), {again.json['detail']}")
    return view


def mend(world: World, view: Any) -> Any:
    """Give the parked account its tax country, and prepare again."""
    journal, staff = world.journal, world.staff
    journal.step("A mistake found at review is mended")
    (parked,) = view["parkedAccounts"]
    account = f"/v1/accounts/{parked['accountId']}"
    seen = staff.expect(200, "GET", account)
    patch = {"taxPlace": {"country": "IE"}}
    staff.expect(200, "PATCH", account, patch, if_match=seen.etag)
    staff.post(f"/v1/bill-runs/{world.run_id}/prepare", {"reason": "tax country added"}, status=202)
    mended = _in_review(world, 2)
    drafts = view["review"]["drafts"], mended["review"]["drafts"]
    journal.must(
        not mended["parkedAccounts"] and drafts[1] == drafts[0] + 1,
        f"revision 2: {drafts[1]} drafts, nobody parked",
    )
    return mended


def approve(world: World, view: Any, old: Any) -> None:
    """Exactly what was seen is approved, while somebody else makes a single invoice."""
    journal, staff = world.journal, world.staff
    journal.step("The run is approved and issued")
    path = f"/v1/bill-runs/{world.run_id}/approve"
    stale = {"revision": 1, "digest": old["review"]["digest"]}
    refused = staff.expect(409, "POST", path, stale).json
    journal.fact(f"what was seen before: refused (409), {refused['detail']}")
    single = staff.post(
        "/v1/invoices",
        {
            "accountId": view["changes"][0]["accountId"],
            "lines": [{"text": "New socket", "amount": {"value": "49.00", "unit": "EUR"}}],
        },
    )
    journal.fact(f"meanwhile a single invoice takes number {single['number']}")
    wanted = {"revision": 2, "digest": view["review"]["digest"]}
    staff.post(path, wanted, status=202)

    def closed() -> Any:
        run = staff.get(f"/v1/bill-runs/{world.run_id}")
        return run if run["state"] == "closed" else None

    journal.soon(closed, "the run is closed", ISSUED_SECONDS)
    (total,) = view["review"]["totals"]
    journal.fact(f"closed: {total['documents']} invoices over {_money(total['total'])}")
    journal.must(
        staff.ask("POST", path, wanted).status in (200, 202), "approved again: nothing happens"
    )


def read_invoice(world: World) -> None:
    """The hand-made customer's bill: its lines, its document, its letter with the pay link."""
    journal, staff = world.journal, world.staff
    journal.step("The hand-made customer is billed")
    rows = staff.everything("/v1/invoices", accountId=world.account_id)
    journal.must(len(rows) == 1, f"one invoice: {rows[0]['number']}")
    world.invoice_id = rows[0]["id"]
    invoice = staff.get(f"/v1/invoices/{world.invoice_id}")
    for line in invoice["lines"]:
        journal.fact(
            f"  {line['description']}, {line['since']} to {line['until']}:"
            f" {line['quantity']} {line['unit']}, {_money(line['amount'])}"
        )
    journal.fact(f"  total {_money(invoice['total'])}, due {invoice['dueOn']}")
    pdf = staff.expect(200, "GET", f"/v1/invoices/{world.invoice_id}/pdf").body
    text = _text_of(pdf)
    number, total = invoice["number"], invoice["total"]["value"]
    journal.must(
        number in text and total in text,
        f"the PDF of {len(pdf):,} octets says {number} and {total}",
    )
    letter = journal.soon(lambda: _letter(world), f"a letter to {EMAIL}")
    link = re.search(rf"{re.escape(world.context.portal_url)}/pay/[\w-]+", letter["BodyText"])
    if link is None:
        journal.wrong("the letter has a pay link")
    world.pay_url = link.group()
    journal.must(number in letter["Subject"], f"mail: “{letter['Subject']}” with a pay link")


def _in_review(world: World, revision: int) -> Any:
    def ready() -> Any:
        run = world.staff.ask("GET", f"/v1/bill-runs/{world.run_id}")
        found = run.json if run.status == 200 else {"state": "", "revision": 0}
        return found if (found["state"], found["revision"]) == ("review", revision) else None

    return world.journal.soon(ready, f"revision {revision} is in review", PREPARED_SECONDS)


def _letter(world: World) -> Any:
    """What the mail service took for the customer."""
    sent = send("GET", f"{world.context.endpoint}/_ministack/ses/messages").json["messages"]
    letters = (letter for of_account in sent.values() for letter in of_account)
    return next((letter for letter in letters if EMAIL in letter["To"]), None)


def _text_of(pdf: bytes) -> str:
    read = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
    )
    return read.stdout.decode()


def _money(amount: Any) -> str:
    return f"{amount['value']} {amount['unit']}"


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.most_common()) or "none"
