"""The pages' fences: what every answer forbids, forged forms, and text that wants to be code."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment

from billing.config import ROOT, load_isp
from billing.core.usage import mediate, open_pack
from billing.store import usage
from billing.store.tables import AccountRow
from functions.portal_api import customer, staff
from functions.portal_api.pages import render
from tests.core.usage.facts import ARRIVED, KEYS, MB, pack, record
from tests.functions.portal_api import rights
from tests.functions.portal_api.asking import (
    CSV_TYPE,
    ORIGINS,
    PLANS,
    VERSION,
    Request,
    Things,
    furnish,
    request_for,
)
from tests.functions.portal_api.browsing import FORM_TYPE, words
from tests.functions.portal_api.conftest import enter, enter_staff
from tests.functions.portal_api.test_rights import contents
from tests.functions.portal_api.world import ADDRESS, NOW, Answer, Door, token

HOSTILE = """<script>alert(1)</script>"><img src=x onerror=alert(1)>'x{{7*7}}x${7*7}"""
NAMELESS = '"><img/src=x/onerror=alert(1)>'  # where blanks are no part of a name
RAW = ("<script>alert", "<img", "x49x", "${49}", 'onerror=alert(1)>"')
HANDLERS = {"staff": staff.lambda_handler, "customer": customer.lambda_handler}
TABLES = {"staff": rights.read(rights.CONSOLE), "customer": rights.read(rights.PORTAL)}


@pytest.fixture(scope="module")
def things(shared_doors) -> Things:
    """The house, in which everything that somebody may write wants to be code."""
    furnished = furnish(shared_doors)
    mira = enter_staff(shared_doors, "billing")
    account = f"/v1/accounts/{furnished.account}"
    place = ADDRESS | {"street": HOSTILE, "town": HOSTILE}
    contact = {"role": "billing", "name": HOSTILE, "email": "b@isp.example", "phone": HOSTILE}
    told = [
        mira.patch("/v1/parties/pty_ada", {
            "name": HOSTILE, "phone": HOSTILE, "vatId": HOSTILE, "contacts": [contact]}, 1),
        mira.patch(account, {"billingAddress": place}, 1),
        mira.post(f"{account}/notes", {"text": HOSTILE}),
        mira.post(f"{account}/services", {
            "name": HOSTILE, "site": place, "identities": [f"user:{NAMELESS}"]}),
        mira.patch(f"{account}/services/svc_ada", {"name": HOSTILE, "site": place}, 1),
        mira.post(f"/v1/offerings/{PLANS['fibre-500']}/versions", VERSION | {
            "name": HOSTILE, "validFrom": "2026-11-03"}),
        mira.post("/v1/invoices", {"accountId": furnished.account, "lines": [
            {"text": HOSTILE, "amount": {"value": "1.00", "unit": "EUR"}}]}),
        mira.post(f"/v1/bill-runs/{furnished.house.review}/prepare", {"reason": HOSTILE}),
    ]  # fmt: skip
    assert [one.status for one in told] == [200, 200, 201, 201, 200, 201, 201, 202], told
    began = datetime(2026, 11, 2, 7, tzinfo=UTC)
    strange = record(NOW, 5 * MB, began, user_name=NAMELESS, nas_id="cork-bng-1")
    settings = usage.settings_of(load_isp())
    usage.put(mediate([open_pack(pack([strange], 50), KEYS, ARRIVED)], settings).segments, settings)
    return furnished


def ask(patch, kind: str, request: Request, public_url: str = "", **headers: str) -> Answer:
    """As a browser that is signed in."""
    enter(patch, kind, public_url)
    bearer = token("staff", "mira", "billing") if kind == "staff" else token("customer", "ada")
    prefix = "__Host-" if public_url else ""
    return Door(HANDLERS[kind])(
        request.method,
        request.path,
        request.body,
        query=request.query,
        headers={**request.headers, **headers},
        cookies=[f"{prefix}demarc-{kind}-access={bearer}"],
    )


def pages(things: Things) -> Iterator[tuple[str, Request]]:
    """Every page and answer of both doors, and the pages that show what was typed."""
    for kind, table in TABLES.items():
        for method, rule in table:
            if method == "GET":
                yield kind, request_for(method, rule, things, 0)
    yield "staff", Request("GET", "/console/customers", query={"q": HOSTILE})
    for name in ("next", "done"):
        yield "staff", Request("GET", "/signin", query={name: f"javascript:alert(1)//{HOSTILE}"})
    yield "staff", Request("GET", f"/console/{HOSTILE}")
    yield "staff", Request("GET", f"/console/customers/{HOSTILE}")
    yield "customer", Request("GET", f"/pay/{NAMELESS}")
    typed = f"name={HOSTILE}&street={HOSTILE}&csv={HOSTILE}&text=&idempotency_key=k"
    ada = f"/console/customers/{things.account}"
    for path in (
        "/signin", "/console/customers/new", "/console/customers/import", f"{ada}/edit",
        f"{ada}/services/new", f"{ada}/invoices/new", f"{ada}/services/{things.service}/plan",
        f"/console/suspense/{things.record}/recycle",
    ):  # fmt: skip
        yield "staff", Request("POST", path, typed, headers=FORM_TYPE)


class Code(HTMLParser):
    """What of a page a browser would run, or load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "script" and not given.get("src", "").startswith("/static/"):
            self.found.append("script")
        if tag in ("style", "iframe", "object", "embed", "base", "img"):
            self.found.append(tag)
        for name, value in given.items():
            runs = name.startswith("on") or name in ("style", "srcdoc")
            scheme = re.match(r"\s*(javascript|data|vbscript):", value, re.IGNORECASE)
            if runs or (scheme and name in ("href", "src", "action", "formaction", "hx-get")):
                self.found.append(f"{tag} {name}={value}")


def code_in(page: Answer) -> list[str]:
    parser = Code()
    parser.feed(page.text)
    return parser.found + [one for one in RAW if one in page.text]


def test_what_somebody_typed_is_text_on_every_page(shared_doors, things):
    shown, found, walked = 0, [], 0
    for kind, request in pages(things):
        page = ask(shared_doors, kind, request, origin=ORIGINS[kind])
        if not page.headers.get("Content-Type", "").startswith("text/html"):
            continue
        walked += 1
        shown += "alert(1)" in words(page)
        found += [f"{kind} {request.path}: {one}" for one in code_in(page)]

    print(f"{walked} pages, {shown} of them show it")
    assert not found, "\n".join(found)
    assert shown >= 20


def test_a_template_that_trusts_its_text_is_seen(shared_doors, things, monkeypatch):
    trusting = Environment(
        loader=render.environment().loader, autoescape=False, undefined=render.StrictUndefined
    )
    trusting.filters |= render.environment().filters
    trusting.globals |= render.environment().globals
    monkeypatch.setattr(render, "environment", lambda: trusting)
    page = ask(shared_doors, "staff", Request("GET", f"/console/customers/{things.account}"))

    assert {"script", "img", "<script>alert", "img onerror=alert(1)"} <= set(code_in(page))


def test_a_document_prints_what_somebody_typed_and_runs_none_of_it(shared_doors, things):
    listed = Request("GET", "/v1/invoices", query={"accountId": things.account})
    newest = ask(shared_doors, "customer", listed).json["data"][0]["id"]
    paper = ask(shared_doors, "customer", Request("GET", f"/bills/{newest}/pdf"))

    assert paper.octets.startswith(b"%PDF")
    assert not re.search(rb"/(JavaScript|JS|Launch|OpenAction)\b", paper.octets)


# ---- the headers of every answer


def refusals(things: Things) -> Iterator[tuple[str, str, Request, int]]:
    """One answer of each kind: (kind of answer, door, request, status)."""
    ours = {"sec-fetch-site": "same-origin"}
    notes = f"/console/customers/{things.account}/notes"
    yield "a page", "staff", Request("GET", "/console"), 200
    yield "another place", "staff", Request("GET", "/"), 303
    yield "JSON", "staff", Request("GET", "/v1/accounts"), 200
    yield "a document", "customer", Request("GET", f"/bills/{things.house.ada_bill}/pdf"), 200
    yield "a page refused", "staff", Request("GET", "/console/customers/nobody"), 404
    yield "JSON refused", "staff", Request("GET", "/v1/accounts/nobody"), 404
    yield "no page", "staff", Request("GET", "/nowhere"), 404
    yield "no address", "customer", Request("GET", "/v1/nowhere"), 404
    yield "another method", "customer", Request("DELETE", "/bills"), 405
    yield "another method of JSON", "customer", Request("DELETE", "/v1/usage"), 405
    yield "too much", "staff", Request("POST", "/v1/parties", "x" * 70_000), 413
    yield "another kind", "staff", Request("POST", "/v1/parties", "x", headers=CSV_TYPE), 415
    yield "a wrong field", "staff", Request("POST", "/v1/parties", {}, headers=ours), 422
    yield (
        "a forged form",
        "staff",
        Request("POST", notes, "text=x"),
        403,
    )
    yield "no file", "customer", Request("GET", "/static/nothing.js"), 404


def wrong_headers(answer: Answer, *, page: bool, static: bool, https: bool) -> list[str]:
    sent = {name.lower(): str(value) for name, value in answer.headers.items()}
    policy = sent.get("content-security-policy", "")
    held = {
        "nosniff": sent.get("x-content-type-options") == "nosniff",
        "frames": "frame-ancestors 'none'" in policy and sent.get("x-frame-options") == "DENY",
        "policy": "default-src 'self'" in policy if page else "default-src 'none'" in policy,
        "inline": "unsafe" not in policy and "*" not in policy,
        "base": not page or ("base-uri 'none'" in policy and "object-src 'none'" in policy),
        "forms": not page or "form-action 'self'" in policy,
        "referrer": sent.get("referrer-policy") == "same-origin",
        "opener": sent.get("cross-origin-opener-policy") == "same-origin",
        "resource": sent.get("cross-origin-resource-policy") == "same-origin",
        "stored": ("max-age" if static else "no-store") in sent.get("cache-control", ""),
        "https": ("max-age=63072000" in sent.get("strict-transport-security", "")) is https,
        "cors": not any(name.startswith("access-control") for name in sent),
    }
    return [name for name, holds in held.items() if not holds]


def test_an_answer_without_headers_is_seen():
    bare = Answer(200, {"Content-Type": "text/html"}, [], "", {})

    assert len(wrong_headers(bare, page=True, static=False, https=True)) == 10


@pytest.mark.parametrize("https", [False, True], ids=["http", "https"])
def test_every_kind_of_answer_carries_the_headers(shared_doors, things, https):
    url = "https://isp.example" if https else ""
    found = []
    for what, kind, request, status in refusals(things):
        answer = ask(shared_doors, kind, request, url)
        assert answer.status == status, (what, answer.text)
        page = answer.headers.get("Content-Type", "").startswith("text/html")
        found += [
            (what, one) for one in wrong_headers(answer, page=page, static=False, https=https)
        ]
    assert found == []


def test_every_address_that_is_asked_for_carries_the_headers(shared_doors, things):
    found, walked = [], 0
    for kind, request in pages(things):
        answer = ask(shared_doors, kind, request, origin=ORIGINS[kind])
        page = answer.headers.get("Content-Type", "").startswith("text/html")
        static = request.path.startswith("/static") and answer.status == 200
        walked += 1
        wrong = wrong_headers(answer, page=page, static=static, https=False)
        found += [(request.path, one) for one in wrong]

    print(f"{walked} answers carry their headers")
    assert found == []


@pytest.mark.parametrize(
    ("path", "media"), [("/console", "text/html"), ("/v1/accounts", "problem")]
)
def test_a_fault_has_the_headers_and_tells_nothing_but_a_number(
    shared_doors, things, monkeypatch, path, media
):
    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is s3cret")

    monkeypatch.setattr(AccountRow, "query", failing)
    answer = ask(shared_doors, "staff", Request("GET", path))

    assert (answer.status, media in answer.headers["Content-Type"]) == (500, True)
    assert wrong_headers(answer, page=media == "text/html", static=False, https=False) == []
    assert "tell us the number 00000000-" in answer.text
    assert not re.search("s3cret|Traceback|RuntimeError", answer.text)


@pytest.mark.parametrize("kind", ["staff", "customer"])
def test_the_cookies_are_bound_to_the_host_and_out_of_reach(shared_doors, things, kind):
    out = Request("POST", "/signout", "", headers=FORM_TYPE)
    url = "https://isp.example"
    lines = ask(shared_doors, kind, out, url, origin=url).cookies

    assert len(lines) == 2
    for line in lines:
        assert line.startswith("__Host-demarc-")
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(line.split("; "))
        assert "Domain" not in line


# ---- forged forms

FORGERIES = {
    "no Origin": {},
    "another site": {"origin": "https://evil.example"},
    "a site without a name": {"origin": "null"},
    "another port of this host": {"origin": "http://127.0.0.1:8099"},
    "another scheme": {"origin": "https://127.0.0.1:8081"},
    "a longer name": {"origin": "http://127.0.0.1:8081.evil.example"},
    "told by the browser": {"sec-fetch-site": "cross-site"},
    "told of the same site": {"sec-fetch-site": "same-site"},
    "another site that says same-origin": {
        "origin": "https://evil.example", "sec-fetch-site": "same-origin"},
}  # fmt: skip


@pytest.mark.parametrize("kind", ["staff", "customer"])
def test_no_form_of_another_site_does_anything(shared_doors, things, kind):
    content, asked = contents(), 0
    posts = [(method, rule) for method, rule in TABLES[kind] if method == "POST"]
    for method, rule in posts:
        if rule.startswith("/v1/"):
            continue
        for name, headers in FORGERIES.items():
            asked += 1
            request = request_for(method, rule, things, asked)
            answer = ask(shared_doors, kind, request, **headers)
            assert answer.status == 403, (rule, name, answer.status)
    assert contents() == content
    print(f"{kind}: {asked} forged forms refused")
    own = request_for("POST", "/signout", things, 0)
    assert ask(shared_doors, kind, own, origin=ORIGINS[kind]).status == 303


# ---- formulas in tables


def test_no_table_for_a_spreadsheet_leaves_the_product():
    """Imports store what a cell says as text. Whoever adds an export must disarm = + - @ first."""
    writes = re.compile(r"csv\.(writer|DictWriter)|content_type=\"text/csv|text/tab-separated")
    parts = ("billing", "functions", "edge")
    sources = [path for part in parts for path in Path(ROOT, part).rglob("*.py")]

    assert len(sources) > 100
    assert [path.name for path in sources if writes.search(path.read_text("utf-8"))] == []
