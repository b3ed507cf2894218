"""Bill runs and the catalogue, as JSON."""

from typing import Any

from billing.core.catalog import Offering, PriceVersion, price_version_to_dict
from billing.store.run_rows import Review, Run
from functions.portal_api.usecases.bill_runs import RunRow, RunView
from functions.portal_api.wire.base import Day, Instant, MoneyOut, Wire
from functions.portal_api.wire.money import DifferenceOut, PeriodOut, difference


class TotalsOut(Wire):
    currency: str
    documents: int
    net: MoneyOut
    tax: MoneyOut
    total: MoneyOut


class ReviewOut(Wire):
    """What a revision came to. The digest is what an approval must name."""

    revision: int
    digest: str
    drafts: int
    parked: int
    totals: list[TotalsOut]
    differences: dict[str, int]
    at: Instant


class RunOut(Wire):
    id: str
    anchor: int
    period: PeriodOut
    state: str
    revision: int
    opened_at: Instant
    actor: str
    approved_by: str
    supplement_of: str
    review: ReviewOut | None


class ParkedOut(Wire):
    account_id: str
    name: str
    reason: str
    text: str


class RunViewOut(RunOut):
    """A run with what its approver must see; at most the first hundred differences."""

    parked_accounts: list[ParkedOut]
    changes: list[DifferenceOut]


class VersionOut(Wire):
    """A price version in the published schema (docs/pricing.md)."""

    version: int
    valid_from: Day
    name: str
    currency: str
    prices: list[dict[str, Any]]
    discounts: list[dict[str, Any]]
    contract: dict[str, Any] | None
    trial: dict[str, Any] | None
    children: list[dict[str, Any]]


class OfferingOut(Wire):
    id: str
    name: str
    versions: list[VersionOut]


def run_row(row: RunRow) -> RunOut:
    return RunOut(**_run_fields(row.run, row.review))


def run(found: Run) -> RunOut:
    return RunOut(**_run_fields(found, None))


def run_view(view: RunView) -> RunViewOut:
    return RunViewOut(
        **_run_fields(view.run, view.review),
        parked_accounts=[
            ParkedOut(
                account_id=one.account_id,
                name=view.names.get(one.account_id, ""),
                reason=one.reason,
                text=one.text,
            )
            for one in view.parked
        ],
        changes=[difference(one, view.names.get(one.account_id, "")) for one in view.differences],
    )


def version(found: PriceVersion) -> VersionOut:
    data = price_version_to_dict(found)
    return VersionOut(
        version=found.version,
        valid_from=found.valid_from,
        name=found.name,
        currency=found.currency,
        prices=data["prices"],
        discounts=data.get("discounts", []),
        contract=data.get("contract"),
        trial=data.get("trial"),
        children=data.get("children", []),
    )


def offering(found: Offering) -> OfferingOut:
    return OfferingOut(
        id=found.id, name=found.name, versions=[version(one) for one in found.versions]
    )


def _run_fields(found: Run, review: Review | None) -> dict[str, Any]:
    names = ("id", "anchor", "state", "revision", "opened_at", "actor", "approved_by",
             "supplement_of")  # fmt: skip
    return {
        **{name: getattr(found, name) for name in names},
        "period": PeriodOut.model_validate(found.period),
        "review": None if review is None else ReviewOut.model_validate(review),
    }
