"""What a price version promises besides its prices, in sentences."""

from collections.abc import Callable

from billing.core.catalog import ContractTerms, Discount, PriceVersion, TerminationFee
from billing.core.money import figure
from functions.portal_api.pages.model_words import amount, listed

NameOf = Callable[[str], str]  # of an offering, by id


def promised(version: PriceVersion, name_of: NameOf) -> list[str]:
    """Parts of a bundle, trial, discounts and contract."""
    said: list[str] = []
    if version.children:
        parts = (
            f"{child.quantity} × {name_of(child.offering_id)}"
            if child.quantity > 1
            else name_of(child.offering_id)
            for child in version.children
        )
        said.append(f"With {listed(parts)}")
    if version.trial is not None:
        usage = "; usage is charged" if version.trial.usage == "charged" else ", usage too"
        said.append(f"The first {version.trial.days} days are free{usage}")
    by_order = sorted(version.discounts, key=lambda one: one.order)
    said += [_discount(discount, version) for discount in by_order]
    if version.contract is not None:
        said += _contract(version.contract, version.currency)
    return said


def _discount(discount: Discount, version: PriceVersion) -> str:
    match discount.kind:
        case "percent":
            off = f"{figure(discount.value)} % off"
        case "amount":
            off = f"{amount(discount.value, version.currency)} off"
        case "units":
            unit = next((one.unit for one in version.usage if one.code in discount.on), "")
            off = f"{figure(discount.value)} {unit} free".replace("  ", " ")
    names = {price.code: price.name for price in version.prices}
    on = f" {listed(names.get(code, code) for code in discount.on)}" if discount.on else ""
    months = "" if discount.periods is None else f", for {discount.periods} months"
    coupon = f", with the coupon {discount.coupon}" if discount.coupon else ""
    return f"{discount.name}: {off}{on}{months}{coupon}"


def _contract(terms: ContractTerms, currency: str) -> list[str]:
    said = [f"Bound for {terms.months} months"]
    if terms.cooling_off_days:
        said[0] += f"; within {terms.cooling_off_days} days an end is free"
    if terms.termination is not None:
        said.append(f"{terms.termination.name}: {_fee(terms.termination, currency)}")
    return said


def _fee(fee: TerminationFee, currency: str) -> str:
    match fee.kind:
        case "per completed month":
            less = amount(fee.monthly, currency)
            return f"{amount(fee.amount, currency)}, {less} less for each completed month"
        case "straight line":
            part = "days" if fee.by == "day" else "completed months"
            return f"{amount(fee.amount, currency)}, in proportion to the {part} that are left"
        case "steps":
            return "; ".join(
                f"from {month} months on {amount(due, currency)}"
                if month
                else f"at first {amount(due, currency)}"
                for month, due in fee.steps
            )
        case "remaining":
            return f"{figure(fee.percent)} % of what the months left would have cost"
