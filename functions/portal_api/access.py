"""Who may do what: every address of the JSON API with the roles it opens for.

A route that is missing here cannot be reached, and an entry without a route fails a test. The
auditor reads everything and writes nothing; support edits customers, their plans and notes, and
does not touch what things cost or money that moves: prices, runs, approvals, invoices, catalogue.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

READERS = frozenset({"billing", "support", "auditor"})
EDITORS = frozenset({"billing", "support"})
BILLERS = frozenset({"billing"})
CUSTOMERS = frozenset({"customer"})
PUBLIC: frozenset[str] = frozenset()


class Route(NamedTuple):
    method: str
    rule: str


@dataclass(frozen=True, slots=True)
class Access:
    """Roles that may come in (none named: everybody), and whether a POST there changes anything."""

    roles: frozenset[str]
    writes: bool = False


def table(groups: Mapping[Access, str]) -> dict[Route, Access]:
    return {
        Route(*line.split()): access
        for access, lines in groups.items()
        for line in lines.strip().splitlines()
    }


STAFF: Mapping[Route, Access] = table(
    {
        Access(READERS): """
            GET  /v1/parties/<party_id>
            GET  /v1/accounts
            GET  /v1/accounts/<account_id>
            GET  /v1/accounts/<account_id>/timeline
            GET  /v1/accounts/<account_id>/logins
            GET  /v1/accounts/<account_id>/services/<service_id>
            GET  /v1/accounts/<account_id>/subscriptions/<subscription_id>
            POST /v1/accounts/<account_id>/subscriptions/preview
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-change
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-quantity
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-override
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-pause
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-resume
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-withdraw
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-end
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/preview-purchase
            POST /v1/offerings/<offering_id>/preview-rise
            GET  /v1/offerings
            GET  /v1/offerings/<offering_id>
            POST /v1/what-if
            GET  /v1/invoices
            GET  /v1/invoices/overdue
            GET  /v1/invoices/<invoice_id>
            GET  /v1/invoices/<invoice_id>/explanation
            GET  /v1/invoices/<invoice_id>/pdf
            GET  /v1/payments
            GET  /v1/payments/held
            GET  /v1/usage
            GET  /v1/usage/unbilled
            GET  /v1/suspense
            GET  /v1/bill-runs
            GET  /v1/bill-runs/<run_id>
            GET  /v1/imports/<import_id>
        """,
        Access(EDITORS, writes=True): """
            POST  /v1/parties
            PATCH /v1/parties/<party_id>
            POST  /v1/accounts
            PATCH /v1/accounts/<account_id>
            POST  /v1/accounts/<account_id>/notes
            POST  /v1/accounts/<account_id>/logins
            POST  /v1/accounts/<account_id>/logins/<subject>/end
            POST  /v1/accounts/<account_id>/services
            PATCH /v1/accounts/<account_id>/services/<service_id>
            POST  /v1/accounts/<account_id>/services/<service_id>/identities
            POST  /v1/accounts/<account_id>/services/<service_id>/identities/end
            POST  /v1/accounts/<account_id>/subscriptions
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/change
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/quantity
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/pause
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/resume
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/withdraw
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/end
            POST  /v1/accounts/<account_id>/subscriptions/<subscription_id>/purchases
            POST  /v1/imports
        """,
        Access(BILLERS, writes=True): """
            POST /v1/offerings/take-over
            POST /v1/accounts/<account_id>/subscriptions/<subscription_id>/override
            POST /v1/offerings/<offering_id>/versions
            POST /v1/offerings/<offering_id>/rise
            POST /v1/invoices
            POST /v1/suspense/<record_id>/recycle
            POST /v1/bill-runs
            POST /v1/bill-runs/<run_id>/prepare
            POST /v1/bill-runs/<run_id>/approve
            POST /v1/bill-runs/<run_id>/issue
            POST /v1/bill-runs/<run_id>/supplementary
        """,
    }
)

CUSTOMER: Mapping[Route, Access] = table(
    {
        Access(CUSTOMERS): """
            GET /v1/accounts
            GET /v1/accounts/<account_id>
            GET /v1/invoices
            GET /v1/invoices/<invoice_id>
            GET /v1/invoices/<invoice_id>/explanation
            GET /v1/invoices/<invoice_id>/pdf
            GET /v1/payments
            GET /v1/usage
        """,
        Access(PUBLIC): """
            GET /pay/<token>
        """,
        Access(PUBLIC, writes=True): """
            POST /pay/<token>
        """,
    }
)


def find(table: Mapping[Route, Access], method: str, path: str) -> Route | None:
    """The entry a request asks for; an address without parameters wins over one with them."""
    rules = sorted(
        (route for route in table if route.method == method),
        key=lambda route: route.rule.count("<"),
    )
    return next((route for route in rules if _pattern(route.rule).fullmatch(path)), None)


def methods_at(table: Mapping[Route, Access], path: str) -> list[str]:
    """The methods an address knows, for the Allow header of a 405 (RFC 9110 §15.5.6)."""
    return sorted({route.method for route in table if _pattern(route.rule).fullmatch(path)})


@cache
def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<\w+>", "[^/]+", rule))
