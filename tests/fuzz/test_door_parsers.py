"""What programs and people send to the portal's doors: CSV, cursors, keys, tokens, JSON forms."""

import base64
import json
from random import Random
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import ValidationError

from billing.store.pages import BadCursor as BadPosition
from billing.store.pages import Page, page_of
from billing.store.tables import token_key
from functions.portal_api.once import IdempotencyKeyMissing, checked_key, digest_of
from functions.portal_api.paging import BadCursor, Cursors, bound_to
from functions.portal_api.usecases import imports
from functions.portal_api.wire import requests
from tests.fuzz.mutations import TEXTS, bent_fields, bent_octets, bent_text, each, survives

HEADER = ",".join(imports.COLUMNS)
LINE = (
    'X-1,"Zita ""Zee"" Yarrow",person,zita@example.net,+353 21 555 0199,,Mill Lane,7,T45 X0A0,'
    "Ballycraic,,IE,IE,1,fibre-100,user:zita@isp.example,2026-11-01"
)
CSV = f"{HEADER}\r\n{LINE}\r\n{LINE.replace('X-1', 'X-2')}\r\n"


class Refused(Exception):
    """Rows that are wrong are named; the file is refused as a whole."""


def rows_of(text: str) -> None:
    """What an import reads before it looks into any table."""
    rows = list(imports._lines(text))
    errors = []
    for number, fields in rows:
        try:
            row = imports.Row.model_validate(fields)
        except ValidationError as error:
            errors += [imports._row_error(number, one) for one in error.errors()]
        else:
            assert 1 <= row.anchor <= 31
            assert "\x00" not in row.name
    assert all(one.row >= 2 and one.problem for one in errors)
    if errors:
        raise Refused


def one_cell(draw: Random) -> str:
    """A file with one cell bent: what quoting and columns leave intact."""
    cells = LINE.replace('"', "").split(",")
    place = draw.randrange(len(cells))
    cells[place] = bent_text(cells[place], draw).replace('"', "").replace(",", "")
    return f"{HEADER}\n{','.join(cells)}\n"


def test_a_file_of_customers_is_rows_or_refused_with_row_and_column():
    survives(
        rows_of,
        each(one_cell, one_cell, lambda draw: bent_text(CSV, draw)),
        Refused,
        imports.NotACustomerFile,
        noise=st.text(max_size=200),
    )


CURSORS = Cursors(b"key of the deployment", ("/v1/accounts", "q=ada", "mira"))
POSITION = {"pk": "ACC#acc_1", "sk": "HEAD", "gs": "2026-11-01"}
SEALED = CURSORS.sealed(json.dumps(POSITION, sort_keys=True)) or ""


def bent_cursor(draw: Random) -> str:
    if draw.random() < 0.05:
        return SEALED + draw.choice(("", "=", "=="))
    if draw.random() < 0.3:
        raw = base64.urlsafe_b64decode(SEALED + "=" * (-len(SEALED) % 4))
        return base64.urlsafe_b64encode(bent_octets(raw, draw)).decode()
    return bent_text(SEALED, draw)


def test_a_cursor_is_our_own_or_refused():
    def opened(cursor: str) -> None:
        assert json.loads(CURSORS.opened(cursor)) == POSITION

    survives(opened, bent_cursor, BadCursor, noise=st.text(max_size=100))


def test_a_position_is_a_key_or_refused():
    class Rows(list[Any]):
        last_evaluated_key = None

    def query(limit: int, last_evaluated_key: dict[str, Any] | None) -> Rows:
        assert last_evaluated_key is None or isinstance(last_evaluated_key, dict)
        return Rows()

    def read(cursor: str) -> Page[Any]:
        return page_of(query, lambda row: row, cursor, 10)

    survives(
        read,
        lambda draw: (
            bent_text(json.dumps(POSITION), draw)
            if draw.random() < 0.8
            else json.dumps(bent_fields(POSITION, Random(draw.randrange(50))))
        ),
        BadPosition,
        noise=st.text(max_size=100),
    )


def test_a_cursor_is_bound_to_any_address_and_query():
    def bend(draw: Random) -> tuple[str, dict[str, str]]:
        path = bent_text("/v1/accounts", draw)
        return path, {draw.choice(TEXTS): draw.choice(TEXTS), "cursor": "x"}

    def seal(given: tuple[str, dict[str, str]]) -> None:
        bound = Cursors(b"key", bound_to(*given, "mira"))
        assert bound.opened(bound.sealed("x")) == "x"

    survives(seal, bend)


def test_an_idempotency_key_is_taken_or_refused():
    def take(key: str) -> None:
        assert checked_key(key).isprintable()
        assert len(digest_of("POST", key, key)) == 64

    survives(
        take,
        lambda draw: bent_text("5f1c9f0e-7a2b-4d1e-9c3f-1a2b3c4d5e6f", draw),
        IdempotencyKeyMissing,
        noise=st.text(max_size=300),
    )


def test_any_text_may_be_asked_for_as_a_pay_token_or_digested_as_a_body():
    def look_up(token: str) -> None:
        pk, sk = token_key(token)
        assert (len(pk), sk) == (68, "TOK")
        assert len(digest_of("POST", token, token)) == 64

    survives(look_up, lambda draw: bent_text("4b1f0e2a9c8d7e6f5a4b3c2d1e0f", draw))


ADDRESS = {"street": "Mill Lane", "number": "7", "postcode": "T45", "town": "Cork", "country": "IE"}
FORMS: dict[str, dict[str, Any]] = {
    "PartyIn": {"kind": "person", "name": "Zita", "email": "z@example.net", "phone": "+353 21",
                "contacts": [{"role": "billing", "name": "Z", "language": "de-DE"}]},
    "PartyPatch": {"name": "Zita", "contacts": []},
    "AccountIn": {"partyId": "pty_1", "billingAddress": ADDRESS, "taxPlace": {"country": "IE"},
                  "cycleAnchor": 1, "currency": "EUR", "openedOn": "2026-11-01"},
    "AccountPatch": {"billingAddress": ADDRESS, "state": "closed"},
    "ServiceIn": {"name": "Home", "site": ADDRESS, "identities": ["user:z"],
                  "since": "2026-11-01T00:00:00Z"},
    "IdentityIn": {"identity": "user:z", "since": "2026-11-01T00:00:00Z", "until": None},
    "SubscriptionIn": {"serviceId": "svc_1", "offeringId": "ofr_1",
                       "since": "2026-11-01T00:00:00.5+01:00"},
    "PlanChangeIn": {"offeringId": "ofr_1", "at": "2026-11-01T00:00:00Z"},
    "VersionIn": {"version": 2, "name": "Fibre", "validFrom": "2026-12-01", "currency": "EUR",
                  "prices": [{"model": "flat", "amount": "1"}]},
    "RunIn": {"anchor": 1, "period": "2026-10-01"},
    "ApprovalIn": {"revision": 1, "digest": "0" * 64},
    "InvoiceIn": {"accountId": "acc_1", "lines": [
        {"text": "Router", "quantity": "1", "amount": {"value": "99.00", "unit": "EUR"}}]},
    "RecycleIn": {"record": {"type": "stop"}, "reason": "sign slipped"},
    "LoginIn": {"email": "zita@example.net"},
    "NoteIn": {"text": "called"},
}  # fmt: skip


@pytest.mark.parametrize("valid", FORMS)
def test_the_samples_are_valid(valid: str):
    getattr(requests, valid).model_validate(FORMS[valid])


def test_a_form_of_the_wire_is_read_or_every_wrong_field_is_named():
    def read(given: tuple[str, dict[str, Any]]) -> None:
        form = getattr(requests, given[0]).model_validate(given[1])
        if given[0] in ("RecycleIn", "VersionIn"):  # mediation and price_from judge what is inside
            return
        text = form.model_dump_json(by_alias=True, exclude_unset=True)
        assert getattr(requests, given[0]).model_validate_json(text) == form

    def bend(draw: Random) -> tuple[str, dict[str, Any]]:
        name = draw.choice(list(FORMS))
        return name, bent_fields(FORMS[name], draw)

    survives(read, bend, ValidationError)
