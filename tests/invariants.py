"""What must hold of the books in an account at any moment, read from its raw rows and objects.

    assert broken(aws) == []

Each check is a function named for what it says; it yields a sentence for everything that says
otherwise. Nothing here calls the program's queries: what is asked is what is stored. The sweep, the
interleavings and the whole bill cycle share these checks.
"""

import hashlib
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from billing.adapters.issuing import DOCUMENT_BYTES_MAX
from billing.config import load_isp
from billing.core.invoicing import Parked, digest_of
from billing.core.money import Money
from billing.core.payment import UNRESOLVED, AttemptState, attempt_from
from billing.core.period import rfc3339
from billing.core.tax import tax_item_from
from billing.core.usage import Sessions, join, unpack_sessions
from billing.store.tables import token_key
from tests.cloud import Cloud
from tests.cloud.dynamodb import Write
from tests.cloud.rows import Row, row_of, rows_of

ITEM_BYTES_MAX = 300 * 1024
CLAIMED = "sending was begun and never confirmed"

Json = dict[str, Any]
Octets = Mapping[str, tuple[int, int]]


def broken(aws: Cloud, *, at_rest: bool = True, octets: Octets | None = None) -> list[str]:
    """Everything that is wrong with the books of an account; nothing: they are in order.

    at_rest  False while something is under way that has to be delivered again
    octets   in and out by identity, all that was ever measured (of a number: calls and their
             seconds; of a port: its levels summed up); None: that is not known here
    """
    books = Books(aws)
    checks = CHECKS + (AT_REST if at_rest else ())
    found = [f"{check.__name__}: {one}" for check in checks for one in check(books)]
    if octets is not None and octets_stored(aws) != octets:
        found.append(f"what was measured is counted once: {octets_stored(aws)} of {octets}")
    return found


class Books:
    """The rows of an account, by what they are."""

    def __init__(self, aws: Cloud) -> None:
        tables = aws.dynamodb.tables
        self.accounts, self.ledger, self.usage = (
            [row_of(item) for item in tables[os.environ[name]].items.values()]
            for name in ("ACCOUNTS_TABLE", "LEDGER_TABLE", "USAGE_TABLE")
        )
        self.steps = aws.dynamodb.steps
        self.documents = dict(aws.s3.objects)
        self.bucket = os.environ["DOCUMENTS_BUCKET"]

    @cached_property
    def invoices(self) -> list[Json]:
        return [row.json for row in rows_of(self.ledger, "ACC#", "INV#")]

    @cached_property
    def transactions(self) -> list[Json]:
        return [row.json for row in rows_of(self.ledger, "ACC#", "TXN#")]

    @cached_property
    def events(self) -> list[Json]:
        return [row.json for row in rows_of(self.ledger, sk="EVT#")]

    @cached_property
    def allocations(self) -> list[tuple[Row, Json]]:
        """Who took numbers, by series and first number."""
        held = [*rows_of(self.accounts, "RUN#", "ALLOC#"), *rows_of(self.accounts, "ALLOC#")]
        found = [(row, row.json) for row in held]
        return sorted(found, key=lambda pair: (_series(pair[1]), pair[1]["first"]))

    @cached_property
    def payments(self) -> list[Row]:
        return rows_of(self.accounts, "PMT#")

    @cached_property
    def messages(self) -> list[Row]:
        return rows_of(self.accounts, "OUT#")

    @cached_property
    def runs(self) -> list[Row]:
        return rows_of(self.accounts, "RUN#", "RUN")

    def one(self, pk: str, sk: str) -> Row | None:
        """The row under a key, of the tables for accounts and documents."""
        return self._by_key.get((pk, sk))

    def told(self, kind: str, object_id: str) -> list[Json]:
        return [one for one in self.events if (one["kind"], one["object"]) == (kind, object_id)]

    @cached_property
    def _by_key(self) -> dict[tuple[str, str], Row]:
        return {(row.pk, row.sk): row for row in (*self.accounts, *self.ledger)}


Check = Callable[[Books], Iterable[str]]


# Money


def every_transaction_sums_to_zero(books: Books) -> Iterator[str]:
    """Debits equal credits, in each currency."""
    for one in books.transactions:
        sums: Counter[str] = Counter()
        for entry in one["entries"]:
            sums[entry["amount"]["unit"]] += _minor(entry["amount"])
        if any(sums.values()):
            yield f"{one['id']} is off by {dict(sums)}"


def a_balance_is_the_sum_of_its_entries(books: Books) -> Iterator[str]:
    """Balance: all entries on the account; credit: those on its credit side, never below zero."""
    for row in rows_of(books.accounts, "ACC#", "BALANCE"):
        owed, credited = (_entries(books, f"{side}:{row.of}") for side in ("receivable", "credit"))
        if any(unit != row.json["currency"] for unit in (*owed, *credited)):
            yield f"{row.of} is kept in {row.json['currency']} and has {dict(owed + credited)}"
        if row.minor != owed.total() + credited.total():
            yield f"{row.of} stands at {row.minor}, not {owed.total() + credited.total()}"
        if row.credit != -credited.total() or row.credit < 0:
            yield f"{row.of} has credit {row.credit}, its entries say {-credited.total()}"


def open_items_are_what_is_receivable(books: Books) -> Iterator[str]:
    """Together what the account owes; each its total less what was allocated to it, never below
    zero; in the list of what is overdue as long as something is open."""
    allocated: Counter[str] = Counter()
    for one in books.transactions:
        for allocation in one["allocations"]:
            allocated[allocation["invoice_id"]] += _minor(allocation["amount"])
    left: Counter[str] = Counter()
    for row in rows_of(books.accounts, "ACC#", "OPEN#"):
        item = row.json
        total, open_ = _minor(item["total"]), _minor(item["open"])
        left[row.of] += open_
        if open_ != max(total, 0) - allocated[item["invoice_id"]] or open_ != row.minor:
            yield f"{item['number']} has {open_} open of {total}, {row.minor} in its row"
        if open_ < 0:
            yield f"{item['number']} was settled {-open_} too far"
        listed = None if not open_ else f"{item['due_on']}#{item['invoice_id']}"
        if row.gsi1sk != listed:
            yield f"{item['number']} is listed as {row.gsi1sk}"
    for row in rows_of(books.accounts, "ACC#", "BALANCE"):
        owed = _entries(books, f"receivable:{row.of}").total()
        if left[row.of] != owed:
            yield f"{row.of} owes {owed}, its open items say {left[row.of]}"


def what_settles_is_what_is_allocated(books: Books) -> Iterator[str]:
    """A payment, a use of credit and their reversals lower what is owed by their allocations."""
    for one in books.transactions:
        moved = _entry(one, f"receivable:{one['account_id']}")
        allocated = sum(_minor(allocation["amount"]) for allocation in one["allocations"])
        if one["kind"] != "invoice" and moved != -allocated:
            yield f"{one['id']} moves {moved} and allocates {allocated}"


# Invoices


def numbers_are_taken_without_gap_or_double(books: Books) -> Iterator[str]:
    """In each series the allocations tile 1..n, their dates never decrease, and the series knows
    the last number and date."""
    by_series: dict[tuple[str, str, int], list[Json]] = defaultdict(list)
    for _, allocation in books.allocations:
        by_series[_series(allocation)].append(allocation)
    for series, taken in by_series.items():
        following, day = 1, ""
        for one in taken:
            if one["first"] != following:
                yield f"{series}: {one['first']} was taken when {following} was next"
            if one["issued_on"] < day:
                yield f"{series}: {one['first']} bears {one['issued_on']} after {day}"
            following, day = one["first"] + one["count"], one["issued_on"]
        row = books.one("SER#" + "#".join(map(str, series)), "SERIES")
        if row is None or (row.json["n"], row.json["date"]) != (following - 1, day):
            yield f"{series} stands at {row and row.json}, {following - 1} of {day} was taken"
    known = {"SER#" + "#".join(map(str, series)) for series in by_series}
    for row in rows_of(books.accounts, "SER#"):
        if row.pk not in known:
            yield f"{row.pk} moved and nobody took a number"


def an_invoice_bears_a_number_that_was_taken_for_it(books: Books) -> Iterator[str]:
    """The number and the date are of an allocation of its run, or its own; no two share one."""
    prefixes = {seller.id: seller.prefix for seller in load_isp().sellers}
    taken = {
        f"{prefixes[one['seller_id']]}{one['year']}-{n:06d}": (row.of, one["issued_on"])
        for row, one in books.allocations
        for n in range(one["first"], one["first"] + one["count"])
    }
    for number, count in Counter(one["number"] for one in books.invoices).items():
        if count > 1:
            yield f"{number} stands on {count} invoices"
    for one in books.invoices:
        holder, issued_on = taken.get(one["number"], ("", ""))
        if holder not in (one["run_id"], one["id"]):
            yield f"{one['id']} bears {one['number']}, taken by {holder or 'nobody'}"
        elif issued_on != one["issued_on"]:
            yield f"{one['number']} is dated {one['issued_on']}, its number {issued_on}"


def an_account_is_billed_once(books: Books) -> Iterator[str]:
    """At most one invoice for an account and run, and for a charge of a subscription."""
    runs = Counter((one["account_id"], one["run_id"]) for one in books.invoices)
    lines = Counter(
        (one["account_id"], line["key"])
        for one in books.invoices
        for line in one["lines"]
        if line["subscription_id"]
    )
    for billed, count in (*runs.items(), *lines.items()):
        if count > 1:
            yield f"{' / '.join(billed)} was billed {count} times"


def totals_add_up(books: Books) -> Iterator[str]:
    """Total = net + tax; net: the lines; tax: each rate once, on the lines that it taxes."""
    for one in books.invoices:
        net = sum(_minor(line["amount"]) for line in one["lines"])
        items = [tax_item_from(item) for item in one["taxes"]]
        tax = sum(item.amount.minor for item in items)
        said = tuple(_minor(one[name]) for name in ("net", "tax", "total"))
        if said != (net, tax, net + tax):
            yield f"{one['number']} says {said}, its parts {(net, tax, net + tax)}"
        if sum(item.base.minor for item in items) != net:
            yield f"{one['number']} does not tax each line once"
        for item in items:
            if item.amount != item.base.times(item.percent / 100):
                yield f"{one['number']} takes {item.amount} of {item.base}"


def an_invoice_has_all_that_belongs_to_it(books: Books) -> Iterator[str]:
    """Its document under the hash of what it says, its posting, open item, event, message, both
    pointers and its pay link; each once."""
    posted = Counter(one["reference"] for one in books.transactions if one["kind"] == "invoice")
    messages = Counter(row.json["id"] for row in books.messages)
    for row in rows_of(books.ledger, "ACC#", "INV#"):
        one, pointer = row.json, {"account_id": row.of, "invoice_id": row.json["id"]}
        hashed = hashlib.sha256(row.body.encode()).hexdigest()
        missing = {
            "document": f"{books.bucket}/invoices/{one['id']}/{hashed}.pdf" in books.documents,
            "posting": posted[one["id"]] == 1 and _posted(books, one["id"]) == _minor(one["total"]),
            "open item": books.one(row.pk, f"OPEN#{one['id']}") is not None,
            "event": len(books.told("invoice.issued", one["id"])) == 1,
            "message": messages[f"mail:{one['id']}"] == 1,
            "id": _points(books, f"INV#{one['id']}", "DOC", pointer),
            "number": _points(books, f"NUM#{one['number']}", "DOC", pointer),
            "pay link": _points(books, *token_key(one["pay_token"]), pointer),
        }
        for what, there in missing.items():
            if not there:
                yield f"{one['number']} has no {what} of its own"


def nothing_of_an_invoice_stands_without_it(books: Books) -> Iterator[str]:
    """Postings, open items, events, messages, pointers and pay links are of invoices there are."""
    ids = {one["id"] for one in books.invoices}
    pointers = [*rows_of(books.ledger, sk="DOC"), *rows_of(books.accounts, "TOK#")]
    named = [
        *(one["reference"] for one in books.transactions if one["kind"] == "invoice"),
        *(row.json["invoice_id"] for row in rows_of(books.accounts, "ACC#", "OPEN#")),
        *(one["object"] for one in books.events if one["kind"] == "invoice.issued"),
        *(row.json["data"]["invoice_id"] for row in books.messages if _is(row, "invoice.issued")),
        *(row.json["invoice_id"] for row in pointers),
    ]
    for invoice_id in sorted(set(named) - ids):
        yield f"there is no invoice {invoice_id}"


# Bill runs


def a_run_tells_each_of_its_states_once(books: Books) -> Iterator[str]:
    """Opened, each review, approved, numbered, closed: as often on the timeline as it happened."""
    for row in books.runs:
        run, told = row.of, Counter(e["kind"] for e in books.events if e["object"] == row.of)
        reviews = rows_of(books.accounts, row.pk, "REV#")
        numbered = rows_of(books.accounts, row.pk, "ALLOC#")
        wanted = {
            "bill-run.review": len(reviews),
            "bill-run.approved": row.state in ("approved", "closed"),
            "bill-run.numbered": len(numbered),
            "bill-run.closed": row.state == "closed",
        }
        opened = told["bill-run.opened"] + told["bill-run.started"]
        if opened != 1:
            yield f"{run} was opened {opened} times"
        moved = opened + sum(told[kind] for kind in RUN_MOVES)
        if moved != row.version:
            yield f"{run} moved {row.version} times and tells {dict(told)}"
        for kind, count in wanted.items():
            if told[kind] != count:
                yield f"{run} is {row.state} and tells {kind} {told[kind]} times"


RUN_MOVES = (
    "bill-run.review",
    "bill-run.prepared-again",
    "bill-run.outdated",
    "bill-run.approved",
    "bill-run.closed",
)


def a_review_stands_for_the_drafts_there_are(books: Books) -> Iterator[str]:
    """The digest in review is that of the revision's drafts and of who is parked, and its list is
    stored; an invoice of a run says what its draft said."""
    drafts = {(row.pk.rsplit("#", 1)[0], row.sk): row for row in rows_of(books.accounts, "DRF#")}
    for row in books.runs:
        if row.state == "preparing":
            continue
        revision = row.json["revision"]
        place = f"DRF#{row.of}#{revision:03d}"
        ours = {account: one for (at, account), one in drafts.items() if at == place}
        digests = [(account, _sha(one.body)) for account, one in ours.items()]
        listed = rows_of(books.accounts, row.pk, f"PARK#{revision:03d}#")
        parked = [Parked(**one.json) for one in listed if one.json["account_id"] not in ours]
        if digest_of(digests, parked) != row.json["digest"]:
            yield f"{row.of} is {row.state} under a digest that is not of its drafts"
        review = books.one(row.pk, f"REV#{revision:03d}")
        manifest = None if review is None else review.json["documents"]["manifest"]
        if f"{books.bucket}/{manifest}" not in books.documents:
            yield f"{row.of} has no list of revision {revision}"
    for one in books.invoices:
        draft = drafts.get((f"DRF#{one['run_id']}#{one['revision']:03d}", one["account_id"]))
        said = {name: one[name] for name in one if name not in ("number", "issued_on", "due_on")}
        if draft is None or draft.json != said:
            yield f"{one['number']} does not say what was drafted"


# Payments


def a_payment_is_posted_as_its_record_says(books: Books) -> Iterator[str]:
    """Received or held for an account: one posting of its amount; else none. Told once in the
    state it has, a receipt for what was received; and nothing posted without a record."""
    postings: dict[str, list[Json]] = defaultdict(list)
    for one in books.transactions:
        if one["kind"] == "payment":
            postings[one["reference"]].append(one)
    receipts = Counter(row.json["id"] for row in books.messages)
    for row in books.payments:
        one = row.json
        received = one["state"] == "succeeded"
        cash = [_entry(posting, "cash:stripe") for posting in postings.pop(one["object_id"], [])]
        due = received or (one["state"] == "held" and bool(one["account_id"]))
        if cash != ([_minor(one["amount"])] if due else []):
            yield f"{one['object_id']} is {one['state']} and posted {cash}"
        copy = books.one(f"ACC#{one['account_id']}", f"PMT#{one['id']}")
        if one["account_id"] and (copy is None or copy.json != one):
            yield f"{one['object_id']} says another thing in its account"
        if row.state != one["state"] or (row.gsi1pk == "HELD") != (one["state"] == "held"):
            yield f"{one['object_id']} is {one['state']}, listed as {row.state} {row.gsi1pk}"
        if receipts[f"mail:{one['id']}"] != received:
            yield f"{one['object_id']} has {receipts['mail:' + one['id']]} receipts"
        kind = {"succeeded": "payment.received"}.get(one["state"], f"payment.{one['state']}")
        if not books.told(kind, one["id"]) or len(books.told("payment.received", one["id"])) > 1:
            yield f"{one['object_id']} is {one['state']} and its account was not told so once"
    for object_id in postings:
        yield f"{object_id} was posted and has no record"


def one_page_is_open_for_an_invoice(books: Books) -> Iterator[str]:
    """Attempts are 1, 2, 3 …; the next begins when the one before can bring no money."""
    attempts: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(books.accounts, "CHK#"):
        one = attempt_from(row.json)
        attempts[row.of].append(one)
        if (row.gsi1pk == "CHECKOUTS") != (one.state in UNRESOLVED) or row.state != one.state:
            yield f"{one.id} is {one.state}, listed as {row.state} {row.gsi1pk}"
        if one.state is AttemptState.OPEN and not one.url:
            yield f"{one.id} is open and has no page"
    for invoice_id, tried in attempts.items():
        if [one.n for one in tried] != list(range(1, len(tried) + 1)):
            yield f"{invoice_id} was tried as {[one.n for one in tried]}"
        for before, after in itertools.pairwise(tried):
            if before.state in UNRESOLVED and before.expires_at > after.claimed_at:
                yield f"{after.id} was opened while {before.id} is {before.state}"


# Messages


def a_message_is_pending_or_done(books: Books) -> Iterator[str]:
    """What is pending is in the list of what is due, and only that; what is sent expires."""
    for row in books.messages:
        if row.state not in ("pending", "sent", "failed"):
            yield f"{row.json['id']} is {row.state}"
        if (row.gsi1pk is not None) != (row.state == "pending"):
            yield f"{row.json['id']} is {row.state}, listed under {row.gsi1pk}"
        if (row.expires is not None) != (row.state == "sent"):
            yield f"{row.json['id']} is {row.state} and expires at {row.expires}"
    for message_id, count in Counter(row.json["id"] for row in books.messages).items():
        if count > 1:
            yield f"{message_id} is announced {count} times"


# Customers


def whose_an_identity_is_has_one_answer(books: Books) -> Iterator[str]:
    """Its assignments do not overlap, each to a service there is, and the account lists it."""
    for row in rows_of(books.accounts, "IDN#", "ASSIGN"):
        for one in row.json:
            place = f"ACC#{one['account_id']}"
            if books.one(place, f"SVC#{one['service_id']}") is None:
                yield f"{row.of} is assigned to {one['service_id']}, which is not there"
            if books.one(place, f"IDN#{row.of}") is None:
                yield f"{row.of} is not listed by {one['account_id']}"
        ordered = sorted(row.json, key=lambda one: one["start"])
        for before, after in itertools.pairwise(ordered):
            if before["end"] is None or before["end"] > after["start"]:
                yield f"{row.of} is of {before['service_id']} and {after['service_id']} at once"


def what_belongs_to_a_subscription_ends_with_it(books: Books) -> Iterator[str]:
    """Parts of a bundle and add-ons are of a subscription of the same account and service."""
    for row in rows_of(books.accounts, "ACC#", "SUB#"):
        if not (parent_id := row.json.get("parent_id")):
            continue
        parent = books.one(row.pk, f"SUB#{parent_id}")
        if parent is None or parent.json["service_id"] != row.json["service_id"]:
            yield f"{row} belongs to {parent_id}, which is not there"
            continue
        ended, end = parent.json["segments"][-1]["end"], row.json["segments"][-1]["end"]
        if ended is not None and (end is None or end > ended):
            yield f"{row} ends at {end}, and {parent_id} at {ended}"


def a_service_pays_one_plan_at_a_time(books: Books) -> Iterator[str]:
    """Timelines have no gap and no overlap; those of a service without a parent follow each other.

    A timeline that has no end is listed under the offering it goes on with, and no other one is.
    """
    plans: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for row in rows_of(books.accounts, "ACC#", "SUB#"):
        segments, id = row.json["segments"], row.json["id"]
        for before, after in itertools.pairwise(segments):
            if before["end"] != after["start"]:
                yield f"{id} holds a price until {before['end']}, the next from {after['start']}"
        end = segments[-1]["end"]
        if row.gsi1pk != (f"HELD#{segments[-1]['offering_id']}" if end is None else None):
            yield f"{id} ends at {end} and is listed under {row.gsi1pk}"
        if not row.json.get("parent_id"):
            place = row.pk, row.json["service_id"]
            plans[place].append((segments[0]["start"], end or "9999", id))
    for held in plans.values():
        for before, after in itertools.pairwise(sorted(held)):
            if before[1] > after[0]:
                yield f"{before[2]} and {after[2]} are paid at once"


def a_purchase_is_billed_once(books: Books) -> Iterator[str]:
    """What was bought bears one id, and stands on no more than one line."""
    bought = Counter(
        one["id"]
        for row in rows_of(books.accounts, "ACC#", "SUB#")
        for one in row.json.get("purchases", ())
    )
    lines = Counter(
        key
        for one in books.invoices
        for line in one["lines"]
        if (key := line["key"].rpartition("/")[2]) in bought
    )
    for id, count in (*bought.items(), *lines.items()):
        if count > 1:
            yield f"{id} stands {count} times"


def an_external_id_is_of_one(books: Books) -> Iterator[str]:
    """What bears an id of the system before holds its lock; who is opened has all its rows."""
    for row in rows_of(books.accounts):
        kind = _kind_with_external_id(row)
        external = row.json["external_id"] if kind else ""
        lock = books.one(f"EXT#{kind}#{external}", "EXT") if external else None
        if external and (lock is None or lock.json["id"] != row.json["id"]):
            yield f"{row} bears {external!r}, which is of {lock and lock.json['id']}"
    for row in rows_of(books.accounts, "ACC#", "HEAD"):
        party = f"PTY#{row.json['party_id']}"
        if books.one(row.pk, "BALANCE") is None or books.one(party, row.pk) is None:
            yield f"{row.of} is not whole"


def a_login_and_its_accounts_name_each_other(books: Books) -> Iterator[str]:
    for row in rows_of(books.accounts, "LOGIN#", "LOGIN"):
        for account_id in row.json["account_ids"]:
            if books.one(f"ACC#{account_id}", row.pk) is None:
                yield f"{account_id} does not list the login {row.of}"


def an_import_is_done_once(books: Books) -> Iterator[str]:
    for row in rows_of(books.accounts, "IMP#"):
        told = [len(books.told(f"import.{step}", row.of)) for step in ("started", "done")]
        if told != [1, row.state == "done"]:
            yield f"{row.of} is {row.state} and tells {told}"


def price_versions_are_one_to_n(books: Books) -> Iterator[str]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows_of(books.accounts, "OFR#", "V#"):
        found[row.pk].append(int(row.sk.removeprefix("V#")))
        if row.json["version"] != found[row.pk][-1]:
            yield f"{row} says version {row.json['version']}"
    for offering, versions in found.items():
        if versions != list(range(1, len(versions) + 1)) or books.one(offering, "OFFER") is None:
            yield f"{offering} has the versions {versions}"


# Usage


def usage_lies_where_it_is_looked_for(books: Books) -> Iterator[str]:
    """What was reported is named by its content; who has a day of usage is listed; all expires."""
    seen = {row.sk for row in rows_of(books.usage, "IDS#")}
    for row in rows_of(books.usage, "SEG#"):
        if not unpack_sessions(row.data):
            yield f"{row} is empty"
    for row in rows_of(books.usage, "USE#"):
        if list(unpack_sessions(row.data)) != [row.of]:
            yield f"{row} holds {list(unpack_sessions(row.data))}"
        if row.of not in seen:
            yield f"{row.of} has usage and is not listed"
    for row in rows_of(books.usage, "CALL#"):
        _, start, _, _ = row.json
        if row.sk != f"{rfc3339(datetime.fromtimestamp(start, UTC))}#{_sha(row.body)}":
            yield f"{row} holds {row.body}"
    for row in rows_of(books.usage, "LVL#"):
        if datetime.fromisoformat(row.sk.split("#")[0]).timestamp() % 300:
            yield f"{row} begins between two slots"
    for row in rows_of(books.usage):
        if not row.expires:
            yield f"{row} never expires"


def what_arrived_is_counted_or_suspended(books: Books) -> Iterator[str]:
    """Each number that was received and not counted stands in suspense, under its collector."""
    kept = {
        (row.json["collector"], row.json["boot"], row.json["seq"])
        for row in rows_of(books.usage, "SUS#")
        if row.body
    }
    for row in rows_of(books.usage, "RCV#"):
        _, collector, boot = row.pk.split("#")
        if (collector, boot, None) in kept:
            continue  # a pack of junk is one item in suspense, without numbers
        for first, last in row.json["suspended"]:
            for seq in range(first, last + 1):
                if (collector, boot, seq) not in kept:
                    yield f"{collector} {boot} {seq} was suspended and is not in suspense"
    days = {row.sk for row in rows_of(books.usage, "SUS") if row.pk == "SUS"}
    heard = {row.sk for row in rows_of(books.usage, "RCV") if row.pk == "RCV"}
    for row in rows_of(books.usage, "SUS#"):
        if row.of not in days:
            yield f"{row} is of a day that is not listed"
    for row in rows_of(books.usage, "RCV#"):
        if row.of not in heard:
            yield f"{row} is of a collector that is not listed"


# Rows


def no_item_is_large(books: Books) -> Iterator[str]:
    """Below 300 KB, so that growth is seen long before DynamoDB refuses it; documents have a limit
    of their own, checked before a number is given."""
    for row in (*books.accounts, *books.ledger, *books.usage):
        document = row.pk.startswith("DRF#") or row.sk.startswith("INV#")
        if row.octets > (DOCUMENT_BYTES_MAX + 2_000 if document else ITEM_BYTES_MAX):
            yield f"{row} has {row.octets} octets"


def versions_grow_by_one(books: Books) -> Iterator[str]:
    """Whoever wrote a row under a version had read the one before; a first one is 1."""
    for one in itertools.chain.from_iterable(books.steps):
        if one.after is None or "version" not in one.after or one.after == one.before:
            continue
        before = 0 if one.before is None else row_of(one.before).version or 0
        after = row_of(one.after)
        if after.version != before + 1:
            yield f"{after} went from {before} to {after.version}"


def nothing_in_the_ledger_changes(books: Books) -> Iterator[str]:
    """Documents, postings and history are put once; whatever writes them again says the same."""
    for one in itertools.chain.from_iterable(books.steps):
        ours = one.table == os.environ["LEDGER_TABLE"]
        if ours and one.before is not None and one.after != one.before:
            yield f"{row_of(one.before)} was changed"


def a_change_is_written_with_its_event(books: Books) -> Iterator[str]:
    """Whatever a person may ask about later is told on a timeline in the same transaction."""
    for step in books.steps:
        rows = [(row_of(one.after), one) for one in step if one.after is not None]
        changed = [row for row, one in rows if _must_be_told(row, one)]
        if changed and not any(row.sk.startswith("EVT#") for row, _ in rows):
            yield f"{changed[0]} was written and nobody was told"


# When nothing is under way


def every_number_is_used(books: Books) -> Iterator[str]:
    """A number taken outside of runs, or by a run that is closed, stands on an invoice; a series
    has as many invoices as numbers."""
    issued = Counter(one["run_id"] for one in books.invoices)
    ids = Counter(one["id"] for one in books.invoices)
    states = {row.of: row.state for row in books.runs}
    taken: Counter[str] = Counter()
    for row, one in books.allocations:
        taken[row.of] += one["count"]
    for holder, count in taken.items():
        used = issued[holder] if holder in states else ids[holder]
        if used != count and states.get(holder) != "approved":
            yield f"{holder} took {count} numbers for {used} invoices"


def no_document_lies_without_its_invoice(books: Books) -> Iterator[str]:
    start = f"{books.bucket}/invoices/"
    drawn = {path.removeprefix(start) for path in books.documents if path.startswith(start)}
    wanted = {
        f"{row.json['id']}/{_sha(row.body)}.pdf" for row in rows_of(books.ledger, "ACC#", "INV#")
    }
    yield from sorted(drawn - wanted)


def no_message_is_half_sent(books: Books) -> Iterator[str]:
    for row in books.messages:
        if row.state == "pending" and row.json["last_error"] == CLAIMED:
            yield f"{row.json['id']} was claimed and neither sent nor given back"


CHECKS: tuple[Check, ...] = (
    every_transaction_sums_to_zero,
    a_balance_is_the_sum_of_its_entries,
    open_items_are_what_is_receivable,
    what_settles_is_what_is_allocated,
    numbers_are_taken_without_gap_or_double,
    an_invoice_bears_a_number_that_was_taken_for_it,
    an_account_is_billed_once,
    totals_add_up,
    an_invoice_has_all_that_belongs_to_it,
    nothing_of_an_invoice_stands_without_it,
    a_run_tells_each_of_its_states_once,
    a_review_stands_for_the_drafts_there_are,
    a_payment_is_posted_as_its_record_says,
    one_page_is_open_for_an_invoice,
    a_message_is_pending_or_done,
    whose_an_identity_is_has_one_answer,
    what_belongs_to_a_subscription_ends_with_it,
    a_service_pays_one_plan_at_a_time,
    a_purchase_is_billed_once,
    an_external_id_is_of_one,
    a_login_and_its_accounts_name_each_other,
    an_import_is_done_once,
    price_versions_are_one_to_n,
    usage_lies_where_it_is_looked_for,
    what_arrived_is_counted_or_suspended,
    no_item_is_large,
    versions_grow_by_one,
    nothing_in_the_ledger_changes,
    a_change_is_written_with_its_event,
)
AT_REST: tuple[Check, ...] = (
    every_number_is_used,
    no_document_lies_without_its_invoice,
    no_message_is_half_sent,
)


def octets_stored(aws: Cloud) -> dict[str, tuple[int, int]]:
    """Octets in and out by identity, from segments and folded items together, each session once.

    Of a number: how many calls, and their seconds; of a port: its levels, down and up, summed up.
    """
    books = Books(aws)
    parts: dict[str, list[Sessions]] = defaultdict(list)
    for row in (*rows_of(books.usage, "SEG#"), *rows_of(books.usage, "USE#")):
        for identity, sessions in unpack_sessions(row.data).items():
            parts[identity].append(sessions)
    counted = {identity: _octets(join(*known)) for identity, known in parts.items()}
    return counted | _calls(books) | _levels(books)


def _calls(books: Books) -> dict[str, tuple[int, int]]:
    """The longest that is known of each call. No test uses an id again within a number."""
    longest: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows_of(books.usage, "CALL#"):
        id, _, seconds, _ = row.json
        longest[row.of][id] = max(longest[row.of][id], seconds)
    return {identity: (len(calls), calls.total()) for identity, calls in longest.items()}


def _levels(books: Books) -> dict[str, tuple[int, int]]:
    """The highest that is known of each slot."""
    highest: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for row in rows_of(books.usage, "LVL#"):
        slot, *told = row.sk.split("#")
        for known, level in zip(
            highest.setdefault(row.of, (Counter(), Counter())), told, strict=True
        ):
            known[slot] = max(known[slot], int(level))
    return {identity: (down.total(), up.total()) for identity, (down, up) in highest.items()}


def _octets(sessions: Sessions) -> tuple[int, int]:
    return (
        sum(max(hour.octets_in for hour in one.hours) for one in sessions),
        sum(max(hour.octets_out for hour in one.hours) for one in sessions),
    )


def _minor(wire: Json) -> int:
    return Money.from_wire(wire).minor


def _entries(books: Books, account: str) -> Counter[str]:
    """The sum of the entries on a ledger account, by currency."""
    sums: Counter[str] = Counter()
    for one in books.transactions:
        for entry in one["entries"]:
            if entry["account"] == account:
                sums[entry["amount"]["unit"]] += _minor(entry["amount"])
    return sums


def _entry(transaction: Json, account: str) -> int:
    ours = (one["amount"] for one in transaction["entries"] if one["account"] == account)
    return sum(map(_minor, ours))


def _posted(books: Books, invoice_id: str) -> int:
    (posting,) = [one for one in books.transactions if one["reference"] == invoice_id]
    account_id = posting["account_id"]
    return _entry(posting, f"receivable:{account_id}") + _entry(posting, f"credit:{account_id}")


def _series(allocation: Json) -> tuple[str, str, int]:
    return allocation["seller_id"], allocation["document_type"], allocation["year"]


def _points(books: Books, pk: str, sk: str, wanted: Json) -> bool:
    row = books.one(pk, sk)
    return row is not None and row.json == wanted


def _is(message: Row, kind: str) -> bool:
    return message.json["kind"] == kind


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _kind_with_external_id(row: Row) -> str:
    if row.pk.startswith("PTY#") and row.sk == "PARTY":
        return "party"
    if row.pk.startswith("ACC#") and row.sk == "HEAD":
        return "account"
    return "service" if row.pk.startswith("ACC#") and row.sk.startswith("SVC#") else ""


_TOLD = (
    ("ACC#", "HEAD"),
    ("ACC#", "BALANCE"),
    ("ACC#", "SVC#"),
    ("ACC#", "SUB#"),
    ("PTY#", "PARTY"),
    ("PTY#", "SUBJECT"),
    ("IDN#", "ASSIGN"),
    ("LOGIN#", "LOGIN"),
    ("OFR#", "V#"),
    ("RUN#", "RUN"),
    ("RUN#", "REV#"),
    ("RUN#", "ALLOC#"),
    ("SER#", "SERIES"),
    ("PMT#", "PAYMENT"),
    ("IMP#", "IMPORT"),
)


def _must_be_told(row: Row, write: Write) -> bool:
    return write.before != write.after and any(
        row.pk.startswith(pk) and row.sk.startswith(sk) for pk, sk in _TOLD
    )
