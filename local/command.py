"""`./demarc`: what an operator asks of prices, of bills, and of past months on another plan."""

import argparse
import json
import os
import socket
import sys
import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pynamodb.exceptions import PynamoDBException

from billing.config import load_isp, load_plans
from billing.core.catalog import BadPrice, Offering, Percentile, Price, UsagePrice, price_from
from billing.core.errors import BillingError
from billing.core.money import Money
from billing.core.period import local_day
from billing.core.rating import rate
from local.context import Context

HERE = Path(os.environ.get("DEMARC_FROM", "."))
AT_ONCE = 100  # accounts read together
BAR_SIGNS = 40


class NoSystem(BillingError):
    """There is nothing to ask."""


class NoSuchPlan(BillingError):
    """No plan is called that."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"there is no plan {name!r}: choose one of {', '.join(known)}")
        self.name, self.known = name, tuple(known)


class BadFile(BillingError):
    """A file that cannot be read as what it should be."""

    def __init__(self, file: Path, problem: str) -> None:
        super().__init__(f"{file}: {problem}")
        self.file, self.problem = file, problem


def main(arguments: list[str] | None = None) -> int:
    """0: done. 1: refused, with the reason (of a price: the path of the field and the fix)."""
    given = _parser().parse_args(arguments)
    try:
        print(given.do(given))
    except (BillingError, PynamoDBException) as error:
        print(f"{given.command}: {error}", file=sys.stderr)
        return 1
    return 0


def check(given: argparse.Namespace) -> str:
    """That every price of a catalogue can be."""
    offerings = load_plans(HERE / given.file)
    versions = sum(len(one.versions) for one in offerings)
    return f"{given.file}: {len(offerings)} offerings, {versions} versions, each of them possible"


def rated(given: argparse.Namespace) -> str:
    """What quantities cost under the price of a file, step by step."""
    price = _price_of(HERE / given.file)
    line = rate(price, _quantity(price, given.quantity))
    return "\n".join([*line.steps, str(line.amount)])


def explain(given: argparse.Namespace) -> str:
    """Every line of a bill with its explanation."""
    _connect(given)
    from billing.core.explaining import explain as explained
    from billing.core.explaining import rendered
    from billing.store.access import EVERY_ACCOUNT
    from billing.store.invoices import invoice_by_number

    invoice = invoice_by_number(given.number, EVERY_ACCOUNT)
    lines = [rendered(explained(line, invoice.price_of), "text") for line in invoice.lines]
    sums = f"net {invoice.net}, tax {invoice.tax}, total {invoice.total}"
    return "\n\n".join([f"{invoice.number}, {invoice.buyer['name']}", *lines, sums])


def what_if(given: argparse.Namespace) -> str:
    """Past months of all accounts, or of those on a plan, on another plan."""
    _connect(given)
    from functions.portal_api.usecases import catalogue, whatif
    from functions.portal_api.wire.whatif import what_if as as_wire

    isp, now = load_isp(), datetime.now(UTC)
    on_sale = _with_codes(catalogue.offerings())
    source = on_sale if given.plans is None else load_plans(HERE / given.plans)
    proposal = _named(given.plan, source).version_on(local_day(now, isp.isp.zone))
    on = _named(given.on, on_sale).id if given.on else ""
    months = whatif.months_asked(given.months.split(","), isp, now)
    asked = whatif.Asked(proposal, months, on)
    everybody = whatif.in_sample_order(isp, on)
    compared, left_out = [], []
    for first in range(0, len(everybody), AT_ONCE):
        done, could_not = whatif.of_accounts(everybody[first : first + AT_ONCE], asked, isp, now)
        compared += done
        left_out += could_not
        _tell(f"{min(first + AT_ONCE, len(everybody)):,} of {len(everybody):,} accounts")
    found = whatif.outcome(asked, len(everybody), len(everybody), compared, left_out)
    if given.json:
        return json.dumps(as_wire(found).model_dump(mode="json", by_alias=True), indent=1)
    return _table(found)


def _table(found: Any) -> str:
    """The outcome (usecases.whatif.Outcome) as text for a terminal."""
    spread = found.distribution
    of = max(spread.accounts, 1)
    bars = [(_bar(one, spread.currency), one.accounts) for one in spread.bars]
    top = max(1, *(count for _, count in bars))
    text = [
        f"{found.asked.proposal.name}, {', '.join(f'{one:%Y-%m}' for one in found.asked.months)}:"
        f" {spread.accounts:,} of {found.everybody:,} accounts compared, net of tax",
        f"  revenue      {spread.old} -> {spread.new} ({_signed(spread.change)})",
        f"  pay more     {spread.more:>6,} ({100 * spread.more / of:.0f} %)",
        f"  pay less     {spread.less:>6,} ({100 * spread.less / of:.0f} %)",
        f"  pay the same {spread.same:>6,}",
        "  percentiles  "
        + ", ".join(f"{percent} %: {_signed(one)}" for percent, one in spread.percentiles),
        f"  billed then  {spread.billed}, with parts of months, credits and passing discounts",
        "",
        *(
            f"  {name:>28} {'#' * -(-BAR_SIGNS * count // top):<{BAR_SIGNS}} {count:,}"
            for name, count in bars
        ),
    ]
    if spread.rises:
        text += ["", "  largest rises"]
        text += [
            f"  {one.account_id:<40} {one.old} -> {one.new} ({_signed(one.difference)})"
            for one in spread.rises
        ]
    if found.left_out:
        text += ["", "  not compared"]
        text += [f"  {one.account_id:<40} {one.text}" for one in found.left_out]
    return "\n".join(text)


def _bar(bar: Any, currency: str) -> str:
    """The bounds of a bar (core.whatif.Bar): "1.00 to 2.00 more"."""
    if bar.above == bar.up_to:
        return "no change"
    low, high = bar.above, bar.up_to
    side = "more" if low is not None and low >= 0 else "less"
    near, far = (low or 0, high) if side == "more" else (-(high or 0), low and -low)
    if far is None:
        return f"over {Money(near, currency).value} {side}"
    return f"{Money(near, currency).value} to {Money(far, currency).value} {side}"


def _signed(amount: Any) -> str:
    return f"{'+' if amount.minor > 0 else ''}{amount}"


def _tell(progress: str) -> None:
    """On a terminal, how far it has come; never among the results."""
    if sys.stderr.isatty():
        print(progress, file=sys.stderr)


def _quantity(price: Price, texts: Sequence[str]) -> Any:
    """One quantity; of percentages each amount, and of percentiles each sample."""
    if len(texts) == 1 and not (isinstance(price, UsagePrice) and not price.unit):
        return texts[0]
    if isinstance(price, UsagePrice) and isinstance(price.model, Percentile):
        return [None if text == "missing" else text for text in texts]
    return list(texts)


def _price_of(file: Path) -> Price:
    """A price in TOML or JSON."""
    try:
        text = file.read_text("utf-8")
        data: Any = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except OSError as error:
        raise BadFile(file, f"it cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise BadFile(file, f"it is neither TOML nor JSON: {error}") from None
    if not isinstance(data, Mapping):
        raise BadPrice("price", "it is no object", "name its fields")
    return price_from(data)


def _with_codes(offerings: Sequence[Offering]) -> list[Offering]:
    """Offerings on sale, with the codes that plans.toml gives them."""
    codes = {one.id: one.code for one in load_plans()}
    return [
        Offering(one.id, one.name, one.versions, one.code or codes.get(one.id, ""))
        for one in offerings
    ]


def _named(name: str, offerings: Sequence[Offering]) -> Offering:
    """The offering of a code, a name or an id."""
    for one in offerings:
        if name in (one.code, one.name, one.id):
            return one
    raise NoSuchPlan(name, sorted(one.code or one.name for one in offerings))


def _connect(given: argparse.Namespace) -> None:
    """Turn this process to a system, before anything of the store is imported."""
    if given.stage is not None:
        os.environ.update(_deployed(given.stage))
        return
    context = Context.at(given.port)
    if not (context.outputs and _listens(context.ports.emulator)):
        raise NoSystem(
            f"there is no system of `make run` on port {given.port}: start it, name its port with"
            " --port, or a deployment with --stage and AWS credentials in the environment"
        )
    context.use()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def _deployed(stage: str) -> dict[str, str]:
    """The tables of a deployment, as its stack names them."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    name = f"Demarc-{stage}-Data"
    try:
        session = boto3.Session()
        client: Any = session.client("cloudformation")
        [stack] = client.describe_stacks(StackName=name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise NoSystem(
            f"{name} cannot be read ({error}): give credentials and a region (AWS_PROFILE,"
            " AWS_REGION) of the account it is deployed in, that may describe the stack and read"
            " its three tables"
        ) from None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return {
        "STAGE": stage,
        "AWS_DEFAULT_REGION": session.region_name or "",
        "USAGE_TABLE": outputs["UsageTable"],
        "LEDGER_TABLE": outputs["LedgerTable"],
        "ACCOUNTS_TABLE": outputs["AccountsTable"],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("demarc", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    made = commands.add_parser("check", help="refuse a catalogue that cannot be")
    made.add_argument("file", nargs="?", default="plans.toml")
    made.set_defaults(do=check)

    made = commands.add_parser("rate", help="a quantity under a price, step by step")
    made.add_argument("file", help="a price in TOML or JSON, as docs/pricing.md describes it")
    made.add_argument("quantity", nargs="+", help="several: amounts of events, or samples")
    made.set_defaults(do=rated)

    made = commands.add_parser("explain", help="every line of a bill, explained")
    made.add_argument("number", help="of the invoice")
    made.set_defaults(do=explain)
    _add_system(made)

    made = commands.add_parser("what-if", help="past months of real accounts on another plan")
    made.add_argument("--plan", required=True, help="code, name or id of the plan to try")
    made.add_argument("--months", required=True, help="2026-09,2026-10")
    made.add_argument("--on", default="", help="only accounts on this plan; else everybody")
    made.add_argument("--plans", help="take the plan from this file, in the form of plans.toml")
    made.add_argument("--json", action="store_true", help="everything, for programs")
    made.set_defaults(do=what_if)
    _add_system(made)
    return parser


def _add_system(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--port", type=int, default=8080, help="of `make run` (8080)")
    where.add_argument("--stage", help="a deployment, read with your AWS credentials")


if __name__ == "__main__":
    sys.exit(main())
