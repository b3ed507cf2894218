"""What a person must see, and what must be right, before drafts become invoices."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from billing.core.charging import Charge
from billing.core.invoicing.documents import Draft, canonical, digest
from billing.core.money import Money
from billing.core.tax import base_and_tax

_ADDRESS_FIELDS = ("street", "postcode", "town", "country")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason why a draft may not become an invoice: the field and the sentence that mends it."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An account that could not be billed in a run. `reason` names the error, `text` tells it."""

    account_id: str
    reason: str  # "MissingTaxPlace"
    text: str


@dataclass(frozen=True, slots=True)
class Totals:
    """What the drafts of one currency come to."""

    currency: str
    documents: int
    net: Money
    tax: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a bill differs: what this kind of line adds to the difference (net; tax: gross)."""

    name: Literal["plan", "proration", "usage", "discount", "tax", "other"]
    delta: Money


@dataclass(frozen=True, slots=True)
class Difference:
    """How an account's bill differs from that of the last cycle."""

    account_id: str
    kind: Literal["new", "gone", "changed"]
    before: Money | None
    after: Money | None
    causes: tuple[Cause, ...] = ()


def validate(draft: Draft) -> tuple[Refusal, ...]:
    """All that forbids a number: the fields of Directive 2006/112/EC Art. 226, and the sums.

    Number and date (points 1 and 2) come with the numbering; all the rest must be there before.
    """
    return (*_party_refusals(draft), *_supply_refusals(draft), *_sum_refusals(draft))


def totals(drafts: Iterable[Draft]) -> tuple[Totals, ...]:
    """What a run comes to, for each currency, in the order of the codes."""
    by_currency: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_currency.setdefault(draft.currency, []).append(draft)
    return tuple(
        Totals(
            currency,
            len(ours),
            Money.total((draft.net for draft in ours), currency),
            Money.total((draft.tax for draft in ours), currency),
            Money.total((draft.total for draft in ours), currency),
        )
        for currency, ours in sorted(by_currency.items())
    )


def compare(drafts: Iterable[Draft], previous: Mapping[str, Draft]) -> list[Difference]:
    """Who is new, gone or changed since the last cycle, by account, with the causes of a change.

    previous  the last invoice of each account that had one
    """
    now = {draft.account_id: draft for draft in drafts}
    differences: list[Difference] = []
    for account_id in sorted(now.keys() | previous.keys()):
        before, after = previous.get(account_id), now.get(account_id)
        if before is None and after is not None:
            differences.append(Difference(account_id, "new", None, after.total))
        elif after is None and before is not None:
            differences.append(Difference(account_id, "gone", before.total, None))
        elif before is not None and after is not None and before.total != after.total:
            causes = _causes(before, after)
            differences.append(Difference(account_id, "changed", before.total, after.total, causes))
    return differences


def draft_digest(drafts: Iterable[Draft], parked: Iterable[Parked]) -> str:
    """What an approver sees, as one digest: every draft to the byte, and who is parked and why."""
    return digest_of(((one.account_id, digest(canonical(one))) for one in drafts), parked)


def digest_of(draft_digests: Iterable[tuple[str, str]], parked: Iterable[Parked]) -> str:
    """The same from (account id, digest of its draft) pairs, for runs too large to hold at once."""
    seen = {
        "drafts": sorted(draft_digests),
        "parked": sorted((one.account_id, one.reason) for one in parked),
    }
    return hashlib.sha256(json.dumps(seen, separators=(",", ":")).encode()).hexdigest()


def _party_refusals(draft: Draft) -> list[Refusal]:
    refusals: list[Refusal] = []
    for role, party, fix in (
        ("seller", draft.seller, "complete the seller in isp.toml"),
        ("buyer", draft.buyer, "complete the customer's name and billing address"),
    ):
        if not party.get("name"):
            refusals.append(Refusal(f"{role}.name", f"the {role}'s name is missing; {fix}"))
        address: Mapping[str, Any] = party.get("address") or {}
        refusals += [
            Refusal(f"{role}.address.{name}", f"the {role}'s {name} is missing; {fix}")
            for name in _ADDRESS_FIELDS
            if not address.get(name)
        ]
    if not draft.seller.get("vat_id"):
        refusals.append(
            Refusal("seller.vat_id", "the seller's VAT id is missing; set it in isp.toml")
        )
    return refusals


def _supply_refusals(draft: Draft) -> list[Refusal]:
    if not draft.lines:
        return [Refusal("lines", "a document without lines charges nothing; leave it out")]
    return [
        Refusal(f"lines.{n}.description", "a line must say what it is for; name its price")
        for n, line in enumerate(draft.lines, start=1)
        if not line.description
    ]


def _sum_refusals(draft: Draft) -> list[Refusal]:
    zero = Money.zero(draft.currency)
    amounts = [line.amount for line in draft.lines]
    amounts += [amount for item in draft.taxes for amount in (item.base, item.amount)]
    if any(amount.currency != draft.currency for amount in amounts):
        return [Refusal("currency", f"a line is not in {draft.currency}; correct its price")]
    sums = (
        ("net", draft.net, sum((line.amount for line in draft.lines), zero), "the lines"),
        ("taxes", draft.net, sum((item.base for item in draft.taxes), zero), "the tax bases"),
        ("tax", draft.tax, sum((item.amount for item in draft.taxes), zero), "the taxes"),
        ("total", draft.total, draft.net + draft.tax, "net and tax"),
    )
    refusals = [
        Refusal(field, f"{field}: {parts} add up to {added}, not {stated}; draft it again")
        for field, stated, added, parts in sums
        if stated != added
    ]
    for item in draft.taxes:
        taxed = [line for line in draft.lines if line.tax_category in item.categories]
        if not taxed or base_and_tax(taxed, item.percent) != (item.base, item.amount):
            text = f"tax at {item.percent} % of {item.base} is not {item.amount}; draft it again"
            refusals.append(Refusal("taxes", text))
    return refusals


def _causes(before: Draft, after: Draft) -> tuple[Cause, ...]:
    """Net differences by kind of line, largest first; tax only when its rates changed.

    A recurring line that differs under the same price is proration, under another price the plan.
    """
    zero = Money.zero(after.currency)
    plan_changed = _plans(before) != _plans(after)
    deltas: dict[str, Money] = {}
    for lines, sign in ((before.lines, -1), (after.lines, 1)):
        for line in lines:
            name = _cause_of(line, plan_changed=plan_changed)
            signed = line.amount if sign > 0 else -line.amount
            deltas[name] = deltas.get(name, zero) + signed
    if _rates(before) != _rates(after):
        deltas["tax"] = after.tax - before.tax
    causes = [Cause(name, delta) for name, delta in deltas.items() if delta]  # pyright: ignore[reportArgumentType]
    return tuple(sorted(causes, key=lambda cause: (-abs(cause.delta.minor), cause.name)))


def _cause_of(line: Charge, *, plan_changed: bool) -> str:
    if line.kind == "recurring":
        return "plan" if plan_changed else "proration"
    if line.kind in ("proration", "credit"):
        return "proration"
    return line.kind if line.kind in ("usage", "discount") else "other"


def _plans(document: Draft) -> set[tuple[str, tuple[str, int]]]:
    return {
        (line.subscription_id, line.price_ref)
        for line in document.lines
        if line.kind == "recurring"
    }


def _rates(document: Draft) -> set[tuple[str, str]]:
    return {(item.country, str(item.percent)) for item in document.taxes}
