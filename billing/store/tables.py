"""Every table, key and index, with who reads it and why each write may be repeated.

Three tables, each with a partition key `pk` and a sort key `sk`; the prefix of a key is the type.
All numbers are integers. `body` is JSON text, `data` is compressed JSON.

accounts   what changes: parties, services, balances, runs, outbox. `expires` only on what is done.
  key                                    read by                       a repeated write
  PTY#party / PARTY, SUBJECT             one customer                  version, finds own content
  PTY#party / ACC#account                accounts of a party           put if absent
    index PARTIES / name#party           search by name (SUBJECT)
  ACC#account / HEAD                     one account                   version, finds own content
    index CYCLE#anchor / account         accounts due on a cycle
  ACC#account / BALANCE                  what is owed, credit          version, beside ledger row
  ACC#account / SVC#service              services of an account        version, finds own content
  ACC#account / SUB#subscription         subscriptions of an account   version, finds own content
    index HELD#offering / account#sub    who pays an offering now, or will (until it has an end)
  ACC#account / IDN#identity             identities of an account      same bytes
  ACC#account / LOGIN#subject            logins of an account          same bytes
  ACC#account / OPEN#invoice             open items, oldest first      beside the ledger row
    index OPEN / due#invoice             what is overdue (until settled)
  ACC#account / PMT#payment              payments of an account        beside PMT#object
  IDN#identity / ASSIGN                  whose usage is this           version, finds own content
  EXT#kind#external / EXT                an id of the system before    put if absent, with its owner
  OFR#offering / OFFER, V#n              one offering, its versions    put if absent
    index OFFERS / offering              the catalogue
  CYCLE#anchor / OPENED#shard            periods that have runs        moves with a run that opens
  RUN#run / RUN                          one run                       version and state
    index RUNS / period#run              runs, newest first
  RUN#run / REV#rev, FRZ#rev, ALLOC#rev  review, manifest, numbers     put if absent
  RUN#run / PARK#rev#account             parked, with reason           put if absent
  RUN#run / CMP#rev#account              difference to last cycle      same bytes
  DRF#run#rev#shard / account            drafts of a revision          put if absent, first stays
  SER#seller#doctype#year / SERIES       last number and date          moves only with ALLOC#
  OUT#shard / at#id                      a message to send             put beside what it announces
    index OUTBOX#shard / at#id           what is not sent yet
  TOK#sha256(token) / TOK                bill of a pay link            put beside the invoice
  CHK#invoice / n                        checkout attempts             put if absent, then version
    index CHECKOUTS / claimed#attempt    what may still bring money
  PMT#object / PAYMENT                   one payment                   version, beside its posting
    index HELD / at#object               received, needs a person
  HOOK#event / EVENT                     one webhook event, expires    put if absent
  IDEM#principal#key / IDEM              answer to a request, expires  put beside the effect
  LOGIN#subject / LOGIN                  accounts of a login           version, finds own content
  IMP#import / IMPORT                    one import of customers       put if absent, then version

ledger     documents, postings, history. Put if absent only: no row is ever changed or deleted.
  ACC#account / INV#invoice              one invoice, of an account    the marker of its issue
  INV#invoice / DOC, NUM#number / DOC    account of an invoice         beside the invoice
  ACC#account / TXN#transaction          ledger of an account          the marker of its posting
  ACC#account / EVT#instant#event        timeline of an account        beside what it tells
  ISP / EVT#instant#event                timeline of no account        beside what it tells

usage      expires.
  SEG#bucket / day#hour#hash             segments not folded yet       blind put of the same bytes
  USE#identity / day                     usage of an identity          version, a join
  RCV#collector#boot / first#last, RCV   completeness, who was heard   blind put of the same bytes
  SUS#day / hash, SUS                    suspended, days that have any put if absent, then version
  IDS#bucket / identity                  identities seen               blind put of the same bytes
  CALL#identity / start#hash             calls of a number in a span   blind put of the same bytes
  LVL#identity / slot#down#up            levels of a port in a span    blind put of the same bytes

What an index answers is a candidate: readers load it again by its key, consistently.
"""

import hashlib
import os
from datetime import UTC, date, datetime

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

REGION = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
DRAFT_SHARDS = 16
OUTBOX_SHARDS = 4
OPENED_SHARDS = 8
TIME_TO_LIVE_ATTRIBUTE = "expires"

Key = tuple[str, str]


class UsageRow(Model):
    """Segments, folded usage, calls, levels, completeness, suspense. Every row expires."""

    class Meta:  # pyright: ignore[reportIncompatibleVariableOverride]
        table_name = os.environ["USAGE_TABLE"]
        region = REGION
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(null=True)
    data = BinaryAttribute(null=True, legacy_encoding=False)
    version = NumberAttribute(null=True)
    state = UnicodeAttribute(null=True)
    expires = NumberAttribute(null=True)  # epoch seconds


class LedgerRow(Model):
    """Documents, postings and history. Functions may put here if absent, and read; no more."""

    class Meta:  # pyright: ignore[reportIncompatibleVariableOverride]
        table_name = os.environ["LEDGER_TABLE"]
        region = REGION
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()


class AccountsIndex(GlobalSecondaryIndex["AccountRow"]):
    """The one index: by name, by cycle, by due day, by period, by what waits to be sent."""

    class Meta:
        index_name = "gsi1"
        projection = AllProjection()

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class AccountRow(Model):
    """Everything that changes, each row under a version or written beside a ledger row."""

    class Meta:  # pyright: ignore[reportIncompatibleVariableOverride]
        table_name = os.environ["ACCOUNTS_TABLE"]
        region = REGION
        billing_mode = "PAY_PER_REQUEST"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    gsi1 = AccountsIndex()
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    body = UnicodeAttribute(null=True)
    data = BinaryAttribute(null=True, legacy_encoding=False)
    version = NumberAttribute(null=True)
    state = UnicodeAttribute(null=True)
    minor = NumberAttribute(null=True)  # minor units: the balance (BALANCE), what is open (OPEN)
    credit = NumberAttribute(null=True)  # minor units of credit not used yet (BALANCE), >= 0
    expires = NumberAttribute(null=True)  # epoch seconds


TABLES: tuple[type[Model], ...] = (UsageRow, LedgerRow, AccountRow)


def create_tables() -> None:
    """Make the three tables where the environment points, for tests; CDK makes the real ones."""
    for table in TABLES:
        table.create_table(wait=True)


# Parties, accounts, services


def party_key(party_id: str) -> Key:
    return f"PTY#{party_id}", "PARTY"


def subject_key(party_id: str) -> Key:
    return f"PTY#{party_id}", "SUBJECT"


def party_account_key(party_id: str, account_id: str) -> Key:
    return f"PTY#{party_id}", f"ACC#{account_id}"


def parties_index(name: str, party_id: str) -> Key:
    return "PARTIES", f"{name.casefold()}#{party_id}"


def head_key(account_id: str) -> Key:
    return f"ACC#{account_id}", "HEAD"


def cycle_index(anchor: int, account_id: str) -> Key:
    return f"CYCLE#{anchor:02d}", account_id


def balance_key(account_id: str) -> Key:
    return f"ACC#{account_id}", "BALANCE"


def service_key(account_id: str, service_id: str) -> Key:
    return f"ACC#{account_id}", f"SVC#{service_id}"


def subscription_key(account_id: str, subscription_id: str) -> Key:
    return f"ACC#{account_id}", f"SUB#{subscription_id}"


def held_index(offering_id: str, account_id: str, subscription_id: str) -> Key:
    return f"HELD#{offering_id}", f"{account_id}#{subscription_id}"


def account_identity_key(account_id: str, identity: str) -> Key:
    return f"ACC#{account_id}", f"IDN#{identity}"


def open_key(account_id: str, invoice_id: str) -> Key:
    return f"ACC#{account_id}", f"OPEN#{invoice_id}"


def open_index(due_on: date, invoice_id: str) -> Key:
    return "OPEN", f"{due_on.isoformat()}#{invoice_id}"


def identity_key(identity: str) -> Key:
    return f"IDN#{identity}", "ASSIGN"


def external_key(kind: str, external_id: str) -> Key:
    return f"EXT#{kind}#{external_id}", "EXT"


def login_key(subject: str) -> Key:
    return f"LOGIN#{subject}", "LOGIN"


def account_login_key(account_id: str, subject: str) -> Key:
    return f"ACC#{account_id}", f"LOGIN#{subject}"


def import_key(import_id: str) -> Key:
    return f"IMP#{import_id}", "IMPORT"


def idempotency_key(principal: str, key: str) -> Key:
    return f"IDEM#{principal}#{key}", "IDEM"


def offering_key(offering_id: str) -> Key:
    return f"OFR#{offering_id}", "OFFER"


def price_version_key(offering_id: str, version: int) -> Key:
    return f"OFR#{offering_id}", f"V#{version:04d}"


def offers_index(offering_id: str) -> Key:
    return "OFFERS", offering_id


# Bill runs, drafts, numbers


def opened_key(anchor: int, shard: int) -> Key:
    return f"CYCLE#{anchor:02d}", f"OPENED#{shard}"


def run_key(run_id: str) -> Key:
    return f"RUN#{run_id}", "RUN"


def runs_index(period_label: str, run_id: str) -> Key:
    return "RUNS", f"{period_label}#{run_id}"


def run_part_key(run_id: str, part: str, revision: int, account_id: str = "") -> Key:
    """A row of a run's revision; part is REV, FRZ, ALLOC, PARK or CMP (these two by account)."""
    return f"RUN#{run_id}", f"{part}#{revision:03d}{'#' if account_id else ''}{account_id}"


def draft_key(run_id: str, revision: int, account_id: str) -> Key:
    return draft_shard(run_id, revision, shard_of(account_id, DRAFT_SHARDS)), account_id


def draft_shard(run_id: str, revision: int, shard: int) -> str:
    return f"DRF#{run_id}#{revision:03d}#{shard:02d}"


def series_key(seller_id: str, document_type: str, year: int) -> Key:
    return f"SER#{seller_id}#{document_type}#{year}", "SERIES"


def invoice_key(account_id: str, invoice_id: str) -> Key:
    return f"ACC#{account_id}", f"INV#{invoice_id}"


def invoice_pointer_key(invoice_id: str) -> Key:
    return f"INV#{invoice_id}", "DOC"


def number_pointer_key(number: str) -> Key:
    return f"NUM#{number}", "DOC"


def transaction_key(account_id: str, transaction_id: str) -> Key:
    return f"ACC#{account_id}", f"TXN#{transaction_id}"


def event_key(account_id: str | None, at: datetime, event_id: str) -> Key:
    """A timeline row of an account, or of the ISP as a whole (None)."""
    place = "ISP" if account_id is None else f"ACC#{account_id}"
    return place, f"EVT#{millis(at)}#{event_id}"


def token_key(token: str) -> Key:
    """Pay tokens are stored hashed: a copy of the table opens no bill."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
    return f"TOK#{digest}", "TOK"


def outbox_key(message_id: str, at: datetime) -> Key:
    return f"OUT#{shard_of(message_id, OUTBOX_SHARDS):02d}", f"{millis(at)}#{message_id}"


def outbox_index(message_id: str, at: datetime) -> Key:
    return f"OUTBOX#{shard_of(message_id, OUTBOX_SHARDS):02d}", f"{millis(at)}#{message_id}"


def shard_of(text: str, shards: int) -> int:
    """A stable shard of a text, 0 .. shards - 1."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % shards


def millis(at: datetime) -> str:
    """An instant as sortable text: "2026-10-01T00:00:00.000Z"."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
