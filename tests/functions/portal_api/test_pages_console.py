"""The console's pages, opened and used as staff do."""

import json
import os
from collections.abc import Callable
from datetime import timedelta

import boto3
import pytest

from billing.store import assignments, invoices, runs, suspense
from billing.store.access import EVERY_ACCOUNT
from billing.store.customers import load_customer
from functions.portal_api.pages.doors import STAFF_PAGES
from tests.functions.portal_api import house as houses
from tests.functions.portal_api.browsing import follow, forms, post, press, problems, words
from tests.functions.portal_api.conftest import enter_staff
from tests.functions.portal_api.house import SCRIPT, House
from tests.functions.portal_api.world import ADDRESS, PLANS, Door, events_of, open_customer


@pytest.fixture(scope="module")
def house(shared_doors) -> House:
    return houses.build(shared_doors)


@pytest.fixture
def staff(shared_doors, house) -> Callable[..., Door]:
    """The console's door for somebody with the roles named."""
    return lambda *roles: enter_staff(shared_doors, *roles, name="clara")


@pytest.fixture
def clara(staff) -> Door:
    return staff("billing")


def place(account_id: str, *rest: str) -> str:
    return "/".join(["/console/customers", account_id, *rest])


def service_of(account_id: str) -> str:
    return load_customer(account_id, EVERY_ACCOUNT).services[0].id


def subscription_of(account_id: str) -> str:
    return load_customer(account_id, EVERY_ACCOUNT).subscriptions[0].id


def pages(house: House) -> list[str]:
    """Every page of the console, each with something to show."""
    known = {
        "<account_id>": house.ada,
        "<subscription_id>": subscription_of(house.ada),
        "<service_id>": service_of(house.ada),
        "<run_id>": house.review,
        "<invoice_id>": house.ada_bill,
        "<offering_id>": PLANS["fibre-500"],
    }
    found = []
    for method, rule in STAFF_PAGES:
        if method == "GET" and not rule.startswith("/static"):
            for name, value in known.items():
                rule = rule.replace(name, value if "drafts" not in rule else {
                    **known, "<account_id>": house.cleo}[name])  # fmt: skip
            found.append(rule)
    return found


@pytest.mark.parametrize("role", ["billing", "support", "auditor"])
def test_every_page_opens_for_who_may_open_it_and_says_so_to_who_may_not(staff, house, role):
    door = staff(role)
    query = {"offering": PLANS["fibre-500"], "day": "2026-11-16", "code": "access",
             "amount": "30.00", "reason": "as agreed"}  # fmt: skip
    for path in pages(house):
        answer = door.get(path, query=query if "/plans/sub_" in path else None)
        if path == "/":
            assert answer.headers["Location"] == "/console"
            continue
        form_page = path.endswith(("/new", "/edit", "/import", "/identities", "/plan"))
        refused = (form_page and role == "auditor") or (
            path.endswith(("invoices/new", "/price", "/rise")) and role != "billing"
        )
        assert answer.status == (403 if refused else 200), (path, words(answer))
        if not path.endswith("/pdf"):
            assert answer.headers["Content-Type"].startswith("text/html")
            assert "unsafe" not in answer.headers["Content-Security-Policy"]
            assert " style=" not in answer.text
            assert "onclick" not in answer.text


@pytest.mark.parametrize("state", ["closed", "review", "approved"])
def test_a_run_is_shown_in_each_of_its_states(clara, house, state):
    page = clara.get(f"/console/bill-runs/{getattr(house, state)}")

    assert page.status == 200
    assert ("This page renews itself" in page.text) is (state == "approved")
    assert ("Approve and issue 2 bills" in words(page)) is (state == "review")
    assert ("Bela" in words(page)) is (state == "closed")
    assert ("supplementary run" in words(page)) is (state == "closed")


def test_today_names_what_waits_for_somebody(clara):
    text = words(clara.get("/console"))

    assert "2 bills wait for review" in text
    assert "1 account parked in October 2026" in text
    assert "Cleo is overdue €45.00 of MF-2026-900001 since 19 Oct 2026" in text
    assert "1 usage record in suspense" in text
    assert "1 identity that nobody claims" in text
    assert "10 minutes ago" in text


def test_a_customers_page_shows_bills_services_and_the_change_of_plan(clara, house):
    text = words(clara.get(place(house.ada)))

    assert "MF-2026-000001" in text
    assert "Fibre 500 since 1 Oct 2026 until 16 Oct 2026" in text
    assert "Fibre 100 since 16 Oct 2026" in text
    assert "user:ada since 1 Oct 2026" in text
    shown = clara.get(place(house.ada, "usage"))
    assert "77.0 MB in this period" in words(shown)
    assert "last record 10 minutes ago" in words(shown)


def test_an_account_that_cannot_be_billed_says_why_and_how_to_mend_it(clara, house):
    assert "cannot be billed. Edit it to mend that." in words(clara.get(place(house.bela)))


def test_an_invoice_explains_its_lines_and_what_was_counted(clara, house):
    text = words(clara.get(f"/console/invoices/{house.ada_bill}"))

    for said in ("Explain", "What was counted", "VAT 23 % of €", "Open €"):
        assert said in text


def test_suspense_shows_the_record_the_stranger_and_the_hole(clara):
    text = words(clara.get("/console/suspense"))

    assert "user:nobody" in text
    assert "3–8, noticed" in text


def test_a_name_is_text_and_never_markup(clara):
    wanted = {"kind": "person", "name": SCRIPT}
    party = clara.post("/v1/parties", wanted).json["id"]
    account = {"partyId": party, "billingAddress": {**ADDRESS, "street": SCRIPT},
               "taxPlace": {"country": "IE"}}  # fmt: skip
    account_id = clara.post("/v1/accounts", account).json["id"]
    post(clara, place(account_id, "notes"), text=SCRIPT, idempotency_key="note-script")
    for path in ("/console/customers", place(account_id), place(account_id, "edit")):
        page = clara.get(path, query={"q": "<"} if path == "/console/customers" else None)
        assert SCRIPT not in page.text, path
        assert "&lt;script&gt;" in page.text, path
    assert SCRIPT not in clara.get("/console/customers", query={"q": SCRIPT}).text


# ---- what its forms do


def test_a_new_customer_is_made_once_however_often_the_button_is_pressed(clara):
    page = clara.get("/console/customers/new")
    typed = {"name": "Finn Walsh", "street": "Mill Road", "town": "Cork", "user_name": "finn",
             "offering": PLANS["fibre-100"], "start": "2026-11-02"}  # fmt: skip
    first = press(clara, page, "/console/customers/new", **typed)
    again = press(clara, page, "/console/customers/new", **typed)

    assert first.headers["Location"] == again.headers["Location"]
    shown = words(follow(clara, first))
    assert "Finn Walsh" in shown
    assert "Fibre 100 since 2 Nov 2026" in shown
    assert words(clara.get("/console/customers", query={"q": "Finn"})).count("Finn Walsh") == 1


def test_wrong_fields_are_named_and_what_was_typed_stays(clara):
    page = clara.get("/console/customers/new")
    typed = {"name": "", "email": "nobody", "street": "Mill Road", "town": "Cork",
             "country": "Ireland", "anchor": "7", "start": "tomorrow",
             "user_name": "two words"}  # fmt: skip
    again = press(clara, page, "/console/customers/new", **typed)

    assert again.status == 422
    assert "This is needed." in problems(again)
    assert "A day is written as 2026-10-31." in problems(again)
    assert problems(again).count("This does not have the right form.") == 3
    sent = forms(again)["/console/customers/new"].fields
    assert (sent["email"], sent["street"], sent["user_name"]) == (
        "nobody",
        "Mill Road",
        "two words",
    )
    assert (
        sent["idempotency_key"] != forms(page)["/console/customers/new"].fields["idempotency_key"]
    )


def test_a_day_of_the_month_on_which_nobody_is_billed_is_refused(clara):
    page = clara.get("/console/customers/new")
    again = press(clara, page, "/console/customers/new", name="Gus", street="Quay", town="Cork",
                  anchor="7")  # fmt: skip

    assert problems(again) == ["Please mend the marked fields.", "Choose one of the list."]


def test_an_identity_that_is_taken_makes_no_customer(clara, house):
    page = clara.get("/console/customers/new")
    again = press(clara, page, "/console/customers/new", name="Hugo", street="Quay", town="Cork",
                  user_name="ada")  # fmt: skip

    assert again.status == 409
    assert "user:ada belongs to service" in problems(again)[0]
    assert "Nobody matches" in clara.get("/console/customers", query={"q": "Hugo"}).text


def test_a_file_with_one_bad_row_writes_nothing_and_names_the_row(clara):
    from functions.portal_api.usecases.imports import COLUMNS

    good = "X-1,Ines Roe,person,,,,Quay Street,7,T12,Cork,,IE,IE,1,Fibre 100,user:ines,2026-11-01"
    bad = good.replace("X-1", "X-2").replace("Fibre 100", "Fibre 900").replace("ines", "jo")
    page = clara.get("/console/customers/import")
    text = "\r\n".join((",".join(COLUMNS), good, bad))
    again = press(clara, page, "/console/customers/import", csv=text)

    assert again.status == 422
    assert "Nothing was imported: 1 row is wrong." in words(again)
    assert "Fibre 900" in forms(again)["/console/customers/import"].fields["csv"]
    assert "Nobody matches" in clara.get("/console/customers", query={"q": "X-1"}).text

    mended = press(clara, again, "/console/customers/import",
                   csv=text.replace("Fibre 900", "Fibre 500"))  # fmt: skip
    assert "The file is imported." in words(follow(clara, mended))
    assert "Ines Roe" in clara.get("/console/customers", query={"q": "X-1"}).text


def test_a_note_is_on_the_timeline_once_with_its_writer(staff, house):
    sam = staff("support")
    page = sam.get(place(house.dora))
    for _ in range(2):
        answer = press(sam, page, place(house.dora, "notes"), text="Called about the bill")

    assert words(follow(sam, answer)).count("Called about the bill · clara") == 1


def test_an_edit_changes_what_differs_and_pressing_twice_writes_once(staff, house):
    sam = staff("support")
    page = sam.get(place(house.bela, "edit"))
    typed = {"tax_country": "ie", "billing_name": "Bela's office", "billing_email": "b@isp.example"}
    for _ in range(2):
        answer = press(sam, page, place(house.bela, "edit"), **typed)

    shown = words(follow(sam, answer))
    assert "cannot be billed" not in shown
    assert "Billing contact Bela's office, b@isp.example" in shown
    kept = load_customer(house.bela, EVERY_ACCOUNT).subject.contacts
    assert {one.role for one in kept} == {"owner", "billing"}
    changes = [kind for kind, _ in events_of(house.bela) if kind.endswith(".changed")]
    assert sorted(changes) == ["account.changed", "party.changed"]


def test_who_saves_second_sees_both_and_overwrites_nothing_unasked(staff, clara):
    account_id = open_customer(clara, "Kim")
    edit = place(account_id, "edit")
    mine, theirs = clara.get(edit), staff("support").get(edit)
    assert press(staff("support"), theirs, edit, phone="+353 21 555").status == 303
    again = press(clara, mine, edit, phone="+353 1 444", town="Dublin")

    assert again.status == 412
    assert "Somebody else saved this customer" in problems(again)[0]
    assert "Saved meanwhile: +353 21 555" in problems(again)
    found = load_customer(account_id, EVERY_ACCOUNT)
    assert (found.subject.phone, found.account.billing_address.town) == ("+353 21 555", "Cork")

    assert press(clara, again, edit).status == 303
    found = load_customer(account_id, EVERY_ACCOUNT)
    assert (found.subject.phone, found.account.billing_address.town) == ("+353 1 444", "Dublin")


def test_a_contact_needs_a_name(clara, house):
    edit = place(house.dora, "edit")
    again = press(clara, clara.get(edit), edit, technical_phone="+353 1")

    assert problems(again) == ["Please mend the marked fields.", "This is needed."]


def test_a_plan_is_changed_after_its_preview_and_only_once(clara):
    account_id = open_customer(clara, "Lena")
    change = place(account_id, "plans", subscription_of(account_id))
    page = clara.get(place(account_id))
    preview = press(clara, page, change, offering=PLANS["fibre-500"], day="2026-11-16")
    assert "Change to Fibre 500" in words(preview)
    for _ in range(2):
        done = press(clara, preview, change)

    shown = words(follow(clara, done))
    assert "The plan changes as previewed." in shown
    assert "Fibre 500 since 16 Nov 2026" in shown
    assert [kind for kind, _ in events_of(account_id)].count("subscription.changed") == 1

    late = press(clara, preview, change, idempotency_key="another")
    assert late.status == 412
    assert "was changed since you read it" in problems(late)[0]


def test_a_change_before_the_plan_began_is_refused_on_the_customers_page(clara, house):
    change = place(house.ada, "plans", subscription_of(house.ada))
    for day, said in (("2026-10-01", "Cannot change"), ("soon", "A day is written as")):
        again = press(clara, clara.get(place(house.ada)), change,
                      offering=PLANS["fibre-500"], day=day)  # fmt: skip
        assert again.status == (422 if day == "soon" else 409)
        assert said in problems(again)[0]


def test_a_subscription_ends_and_another_begins_on_the_same_service(clara):
    account_id = open_customer(clara, "Moss")
    change = place(account_id, "plans", subscription_of(account_id))
    begin = place(account_id, "services", service_of(account_id), "plan")
    preview = press(clara, clara.get(place(account_id)), change, offering="end", day="2026-11-20")
    assert "that day is not charged any more" in words(preview)
    assert "ends as previewed" in words(follow(clara, press(clara, preview, change)))

    refused = press(clara, clara.get(begin), begin, since="2026-11-10")
    assert refused.status == 422
    assert "runs until 20 Nov 2026" in problems(refused)[0]
    page = clara.get(begin)
    for _ in range(2):
        begun = press(clara, page, begin, since="2026-11-20", offering=PLANS["fibre-500"])
    assert "Fibre 500 since 20 Nov 2026" in words(follow(clara, begun))
    assert len(load_customer(account_id, EVERY_ACCOUNT).subscriptions) == 2


def test_a_service_is_added_with_its_identity_once(staff, clara):
    account_id = open_customer(clara, "Nora")
    sam = staff("support")
    page = sam.get(place(account_id, "services", "new"))
    for _ in range(2):
        added = press(sam, page, place(account_id, "services", "new"), name="Office",
                      user_name="nora-office")  # fmt: skip

    shown = words(follow(sam, added))
    assert "user:nora-office since 2 Nov 2026" in shown
    assert "No plan: nothing is charged." in shown
    assert len(load_customer(account_id, EVERY_ACCOUNT).services) == 2


def test_an_identity_moves_only_when_that_is_ticked(clara):
    old, new = open_customer(clara, "Olaf"), open_customer(clara, "Petra")
    give = place(new, "services", service_of(new), "identities")
    typed = {"identity": "olaf@isp.example", "since": "2026-11-05"}
    refused = press(clara, clara.get(give), give, **typed)

    assert refused.status == 409
    assert "user:olaf@isp.example belongs to service" in problems(refused)[0]
    assert forms(refused)[give].fields["identity"] == "olaf@isp.example"
    for _ in range(2):
        moved = press(clara, refused, give, take_over="yes")
    assert "user:olaf@isp.example since 5 Nov 2026" in words(follow(clara, moved))
    held = assignments.who_has("user:olaf@isp.example")
    assert [(one.account_id, one.span.end is None) for one in held] == [(old, False), (new, True)]


def test_a_phone_number_is_given_with_its_country_and_kept_as_records_spell_it(clara):
    account_id = open_customer(clara, "Una")
    give = place(account_id, "services", service_of(account_id), "identities")
    typed = {"kind": "tel", "since": "2026-11-05"}
    refused = press(clara, clara.get(give), give, identity="021-496-0000", **typed)

    assert "Use the country code, such as +353214960000." in words(refused)
    given = press(clara, refused, give, identity="+353-21-496-0000")
    assert "tel:+353214960000 since 5 Nov 2026" in words(follow(clara, given))


def test_an_identity_is_ended_and_its_name_is_free_again(staff, clara):
    account_id = open_customer(clara, "Rosa")
    end = place(account_id, "services", service_of(account_id), "identities", "end")
    page = clara.get(place(account_id))
    bent = press(clara, page, end, day="soon", idempotency_key="bent-day")
    assert problems(bent) == ["A day is written as 2026-10-31."]
    for _ in range(2):
        ended = press(clara, page, end, day="2026-11-20")

    assert "since 2 Nov 2026 until 20 Nov 2026" in words(follow(clara, ended))
    assert end not in forms(clara.get(place(account_id)))


def test_staff_lets_a_customer_into_the_portal_and_out_again(staff, monkeypatch, clara):
    pool = boto3.client("cognito-idp").create_user_pool(
        PoolName="customers", UsernameAttributes=["email"]
    )["UserPool"]["Id"]
    monkeypatch.setenv("CUSTOMERS_POOL_ID", pool)
    account_id, sam = open_customer(clara, "Suri"), staff("support")
    invite = place(account_id, "logins")
    bent = press(sam, sam.get(place(account_id)), invite, email="nobody")
    assert problems(bent) == ["An e-mail address looks like ada@isp.example."]
    page = sam.get(place(account_id))
    for _ in range(2):
        invited = press(sam, page, invite, email="suri@isp.example")
    shown = follow(sam, invited)
    assert "suri@isp.example Take access away" in words(shown)

    end = next(action for action in forms(shown) if action.startswith(f"{invite}/"))
    gone = follow(sam, press(sam, shown, end))
    assert "Nobody signs in for this account yet." in words(gone)


def test_a_bill_outside_the_cycle_is_issued_once(clara):
    account_id = open_customer(clara, "Quinn")
    new = place(account_id, "invoices", "new")
    bad = press(clara, clara.get(new), new, text="Engineer's visit", amount="-5")
    assert (bad.status, problems(bad)[1]) == (422, "This must be above zero.")
    for _ in range(2):
        made = press(clara, bad, new, amount="60.00", tax_category="standard")

    shown = follow(clara, made)
    assert "€73.80" in words(shown)
    assert len(invoices.list_invoices(account_id, EVERY_ACCOUNT).items) == 1
    pdf = clara.get(made.headers["Location"].partition("?")[0] + "/pdf")
    assert pdf.octets.startswith(b"%PDF")


# ---- bill runs and suspense


def executions(machine: str) -> list[str]:
    arn = os.environ[f"{machine}_MACHINE_ARN"]
    found = boto3.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]
    return sorted(one["name"] for one in found)


def stop(machine: str) -> None:
    """What runs of it fails, as executions do."""
    states = boto3.client("stepfunctions")
    arn = os.environ[f"{machine}_MACHINE_ARN"]
    for one in states.list_executions(stateMachineArn=arn, statusFilter="RUNNING")["executions"]:
        states.stop_execution(executionArn=one["executionArn"])


def test_a_closed_period_is_prepared_once_and_the_page_follows_it(clara):
    page = clara.get("/console/bill-runs")
    assert "Preparing is a dry run" in words(page)
    for _ in range(2):
        started = press(clara, page, "/console/bill-runs", period="1:2026-09-01")
    assert "This page renews itself" in words(follow(clara, started))
    assert executions("PREPARE") == ["cycle-01-2026-09-01-1"]

    again = press(clara, clara.get("/console/bill-runs"), "/console/bill-runs",
                  period="1:2026-09-01")  # fmt: skip
    assert again.status == 409
    assert "already has the run" in problems(again)[0]
    bent = press(clara, page, "/console/bill-runs", period="soon", idempotency_key="bent")
    assert bent.status == 422
    assert problems(bent) == ["Choose one of the closed periods."]


def test_an_approval_names_what_was_seen_and_another_is_refused(clara, house):
    run = f"/console/bill-runs/{house.review}"
    page = clara.get(run)
    wrong = press(clara, page, f"{run}/approve", digest="b" * 64, idempotency_key="wrong")
    assert wrong.status == 409
    assert runs.load_run(house.review).state == "review"
    assert executions("ISSUE") == []

    for _ in range(2):
        approved = press(clara, page, f"{run}/approve")
    assert "Approved. The bills are being issued." in words(follow(clara, approved))
    assert executions("ISSUE") == [f"issue-{house.review}-r1-1"]

    again = press(clara, clara.get(run), f"{run}/issue")
    assert again.status == 409
    assert "wait until it ends" in problems(again)[0]
    stop("ISSUE")
    assert "goes on where it stopped" in words(follow(clara, press(clara, again, f"{run}/issue")))
    assert len(executions("ISSUE")) == 2


def test_a_draft_is_shown_as_the_bill_it_will_be(clara, house):
    text = words(clara.get(f"/console/bill-runs/{house.review}/drafts/{house.cleo}"))

    assert "Draft" in text
    assert "Fibre 500" in text


def test_a_form_that_lost_a_field_is_refused_in_words(clara, house):
    run = f"/console/bill-runs/{house.review}/approve"
    lost = post(clara, run, idempotency_key="lost")
    change = place(house.ada, "plans", subscription_of(house.ada))

    assert lost.status == 422
    assert "this form is not complete" in words(lost)
    assert post(clara, change, idempotency_key="lost-2", version="1", at="soon").status == 422


def test_a_record_is_corrected_and_a_correction_that_is_no_json_is_kept(clara):
    page = clara.get("/console/suspense")
    action = next(one for one in forms(page) if one.endswith("/recycle"))
    bad = press(clara, page, action, record="{not json")
    assert bad.status == 422
    assert "The record is not JSON" in problems(bad)[0]
    assert forms(bad)[action].fields["record"] == "{not json"

    record = json.loads(forms(page)[action].fields["record"]) | {"octets_out": 5}
    for _ in range(2):
        sent = press(clara, page, action, record=json.dumps(record))
    assert "sent again" in words(follow(clara, sent))
    url = os.environ["RECYCLE_QUEUE_URL"]
    told = boto3.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    (only,) = (json.loads(one["Body"]) for one in told)
    assert json.loads(suspense.load(only["suspense"]).corrected)["octets_out"] == 5


# ---- who may do what


def test_what_a_role_may_not_do_it_does_not_see_and_is_refused_when_it_tries(staff, house):
    sam, ruth = staff("support"), staff("auditor")
    run = f"/console/bill-runs/{house.closed}"
    for door in (sam, ruth):
        assert "Prepare the run" not in door.get("/console/bill-runs").text
        assert "supplementary" not in door.get(run).text
        assert "Send through again" not in door.get("/console/suspense").text
        assert "One-off bill" not in door.get(place(house.ada)).text
    assert "Edit" in words(sam.get(place(house.ada)))
    for hidden in ("Edit", "Write a note", "Add a line identity", "Preview the change"):
        assert hidden not in ruth.get(place(house.ada)).text
    assert "New customer" not in ruth.get("/console/customers").text

    billing_only = ("bill-runs", "recycle", "invoices/new")
    for (_, rule), entry in STAFF_PAGES.items():
        if entry.writes and rule not in ("/signin", "/signout"):
            path = rule.replace("<account_id>", house.ada).replace("<run_id>", house.closed)
            assert post(ruth, path.replace("<", "").replace(">", "")).status == 403, rule
            if any(part in rule for part in billing_only):
                assert post(sam, path.replace("<", "").replace(">", "")).status == 403, rule


def test_what_is_not_there_is_a_page_that_says_so(clara, house):
    service = place(house.ada, "services", service_of(house.cleo), "identities")
    for path in ("/console/customers/acc_no", place("acc_no", "edit"), "/console/invoices/inv_no",
                 "/console/bill-runs/run_no", place("acc_no", "usage"), service,
                 f"/console/bill-runs/{house.review}/drafts/acc_no"):  # fmt: skip
        page = clara.get(path)
        assert page.status == 404, path
        assert page.headers["Content-Type"].startswith("text/html")


def test_a_cookie_carries_staff_and_a_form_of_another_site_is_refused(clara, house):
    nobody = clara.as_bearer(None)
    cookies = [f"demarc-staff-access={clara.bearer}"]
    assert nobody.get("/console", cookies=cookies).status == 200
    sent = {"content-type": "application/x-www-form-urlencoded", "origin": "https://evil.example"}
    forged = nobody.post(place(house.ada, "notes"), "text=hello", headers=sent, cookies=cookies)
    assert forged.status == 403
    led = nobody.get("/console/customers", query={"q": "ada"})
    assert (led.status, led.headers["Location"]) == (
        303, "/signin?next=%2Fconsole%2Fcustomers%3Fq%3Dada"
    )  # fmt: skip


def test_lists_go_on_by_a_link_and_a_bent_cursor_is_refused(clara, house, monkeypatch):
    from functions.portal_api.pages import customers as module

    monkeypatch.setattr(module, "TIMELINE_LENGTH", 2)
    page = clara.get(place(house.ada))
    assert "Earlier" in words(page)
    assert clara.get(place(house.ada), query={"cursor": "bent"}).status == 400


def test_static_files_carry_their_type_and_may_be_kept(clara):
    nobody = clara.as_bearer(None)
    for name, kind in (
        ("app.css", "text/css"),
        ("app.js", "text/javascript"),
        ("icon.svg", "image/svg"),
    ):
        file = nobody.get(f"/static/{name}")
        assert file.headers["Content-Type"].startswith(kind)
        assert file.headers["Cache-Control"] == "public, max-age=3600"
        assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert nobody.get("/static/..%2Fsettings.py").status == 404
    assert nobody.get("/static/vendor/ready").status == 404


def test_a_run_that_stays_in_preparation_can_be_started_again(clara, house):
    import time_machine

    from tests.functions.portal_api import world

    later = world.NOW + timedelta(minutes=30)
    started = runs.list_runs().items
    run = next(one for one in started if one.state == "preparing")
    with time_machine.travel(later, tick=False):
        fresh = clara.as_bearer(world.token("staff", "clara", "billing", exp=1_900_000_000))
        page = fresh.get(f"/console/bill-runs/{run.id}")
        assert "This takes longer than it should" in words(page)
        stop("PREPARE")
        again = press(fresh, page, f"/console/bill-runs/{run.id}/prepare")
    assert again.status == 303
    assert len(executions("PREPARE")) == 2
