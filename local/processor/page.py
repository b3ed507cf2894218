"""The hosted payment page of the stand-in: plain HTML, no script, nothing from elsewhere."""

from html import escape
from typing import Any

from billing.core.payment import from_processor

STYLE = """
:root { color-scheme: light; --ink: #1b2433; --muted: #5b6678; --line: #dde2ea; --main: #1d5fd0; }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
  color: var(--ink); background: #f3f5f9; }
.test { background: #fff3cd; color: #5c4500; text-align: center; padding: .6rem 1rem;
  font-weight: 600; border-bottom: 1px solid #ecd48a; }
main { max-width: 26rem; margin: 2rem auto; padding: 0 1rem; }
.card { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 1.5rem;
  box-shadow: 0 1px 3px rgb(20 30 50 / 6%); }
h1 { font-size: 1rem; font-weight: 500; color: var(--muted); margin: 0; }
.amount { font-size: 2.25rem; font-weight: 650; letter-spacing: -.02em; margin: .1rem 0 1.2rem;
  font-variant-numeric: tabular-nums; }
.note { border-radius: 8px; padding: .7rem .9rem; margin: 0 0 1rem; }
.bad { background: #fdecea; color: #8a1c13; } .good { background: #e7f6ec; color: #14532d; }
button { width: 100%; min-height: 48px; padding: .6rem 1rem; margin-top: .6rem; font: inherit;
  font-weight: 600; border-radius: 8px; border: 1px solid var(--line); background: #fff;
  color: var(--ink); cursor: pointer; text-align: left; }
button:hover { border-color: #9aa7bb; } button.main:hover { background: #174fae; }
button.main { background: var(--main); border-color: var(--main); color: #fff; text-align: center; }
button:focus-visible, a:focus-visible { outline: 3px solid #9cc0ff; outline-offset: 2px; }
button small { display: block; font-weight: 400; color: var(--muted); }
h2 { font-size: .8rem; font-weight: 600; color: var(--muted); margin: 1.6rem 0 .2rem;
  text-transform: uppercase; letter-spacing: .05em; }
.back { display: block; text-align: center; margin: 1.2rem; color: var(--muted); }
"""

OUTCOMES = (
    ("delayed", "Bank debit", "Accepted now; the money arrives a few seconds later"),
    ("decline", "Declined card", "The bank refuses; you may try again on this page"),
    ("delayed-failure", "Bank debit that fails", "Accepted now, returned by the bank later"),
)


def payment_page(session: dict[str, Any], name: str, problem: str = "") -> str:
    """The page of one checkout session in the state it is in."""
    amount = from_processor(session["amount_total"], session["currency"]).to_wire()
    sum_due = f"{amount['value']} {amount['unit']}"
    if session["status"] == "open":
        body = _form(session["id"], sum_due)
    elif session["status"] == "expired":
        body = '<p class="note bad">This payment page has expired. Open your bill again to pay.</p>'
    else:
        body = '<p class="note good">Thank you. There is nothing left to do on this page.</p>'
    if problem:
        body = f'<p class="note bad" role="alert">{escape(problem)}</p>' + body
    return _document(f"Pay {sum_due}", name, sum_due, body, session.get("cancel_url"))


def missing_page() -> str:
    body = '<p class="note bad">There is no such payment page. Open your bill again to pay.</p>'
    return _document("Not found", "Payment", "", body, None)


def _form(id: str, sum_due: str) -> str:
    more = "".join(
        f'<button name="outcome" value="{value}">{label}<small>{hint}</small></button>'
        for value, label, hint in OUTCOMES
    )
    return (
        f'<form method="post" action="/pay/{escape(id)}">'
        f'<button class="main" name="outcome" value="succeed">Pay {escape(sum_due)}</button>'
        f"<h2>Or try what else can happen</h2>{more}</form>"
    )


def _document(title: str, name: str, sum_due: str, body: str, back: str | None) -> str:
    link = f'<a class="back" href="{escape(back)}">Back without paying</a>' if back else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)} · test payment page</title><style>{STYLE}</style></head><body>"
        '<header class="test">Test payment page: no money moves, no card is needed</header>'
        f'<main><div class="card"><h1>{escape(name)}</h1>'
        f'<div class="amount">{escape(sum_due)}</div>'
        f"{body}</div>{link}</main></body></html>"
    )
