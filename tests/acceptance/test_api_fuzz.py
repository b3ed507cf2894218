"""Both published APIs, fuzzed on the running system: they answer as their description says."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from functions.portal_api import openapi
from local.context import HOME, Context
from local.demo.api import Api
from local.logins import PASSWORD
from tests.effort import WHOLE

pytestmark = pytest.mark.emulator

SEED, EXAMPLES = 20261101, 2
PATIENCE_SECONDS = 240  # about 60 on two cores of its own: 250 and 1,900 requests, one by one
CUSTOMER = "c00001@customers.example"

# Every check of the tool is on, with these three amendments.
CONFIGURATION = """
seed = {seed}
continue-on-failure = true
request-timeout = 20.0
generation.max-examples = {examples}
generation.database = "none"
generation.no-shrink = true
phases.stateful.enabled = false  # it walks from answers to requests: too long, and the tests do so

# Two stand for all that an address does not know. QUERY, which the tool tries too, no front door
# passes on: neither CloudFront nor its stand-in here.
[phases.coverage]
enabled = {coverage}
unexpected-methods = ["DELETE", "TRACE"]

# A request may be well-formed and still not be possible: a cursor that nobody has signed (400), a
# version that was not read (412), a person, price or cycle that does not exist (422).
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "422"]

# What does not parse is refused with 400, what parses and is wrong with 422; the media type and a
# version that was not named have codes of their own, and so has an id that is nobody's.
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "404", "405", "412", "413", "415", "422", "428"]

# A header that is missing is an Idempotency-Key (400) or an If-Match (428).
[checks.missing_required_header]
expected-statuses = ["400", "401", "422", "428"]

[headers]
Authorization = "Bearer {token}"

[parameters]
{parameters}
"""


def fuzzed(kind: str, api: Api, things: Mapping[str, str]) -> str:
    """The tool's report; an AssertionError with all it found."""
    place = HOME / "fuzz"
    place.mkdir(parents=True, exist_ok=True)
    description, configuration = place / f"{kind}.json", place / f"{kind}.toml"
    description.write_text(json.dumps(openapi.description()[kind]))
    configuration.write_text(
        CONFIGURATION.format(
            seed=SEED,
            examples=EXAMPLES,
            # Every field at every bound: of the console's many addresses only in `make long`.
            coverage=str(WHOLE or kind == "customer").lower(),
            token=api.token,
            parameters="\n".join(f"{json.dumps(k)} = {json.dumps(v)}" for k, v in things.items()),
        )
    )
    tool = Path(sys.executable).parent / "schemathesis"
    ended = subprocess.run(
        [tool, f"--config-file={configuration}", "--no-color", "run", description,
         f"--url={api.url}", "--workers=1", "--checks=all"],
        cwd=place, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def first(api: Api, path: str, **query: str) -> Any:
    return api.get(path, **query)["data"][0]


def test_the_portals_api_is_what_its_description_says(system: Context) -> None:
    api = Api.signed_in(system.portal_url, CUSTOMER, PASSWORD)
    account = first(api, "/v1/accounts")["account"]["id"]
    invoice = first(api, "/v1/invoices", accountId=account)["id"]
    report = fuzzed("customer", api, {
        "path.account_id": account, "path.invoice_id": invoice, "query.accountId": account,
    })  # fmt: skip

    print(report[report.index("SUMMARY") :])


def test_the_consoles_api_is_what_its_description_says(system: Context) -> None:
    api = Api.signed_in(system.console_url, "clara", PASSWORD)
    row = first(api, "/v1/accounts", search="C00001")
    account = row["accountId"]
    whole = api.get(f"/v1/accounts/{account}")
    report = fuzzed("staff", api, {
        "path.account_id": account,
        "path.party_id": row["partyId"],
        "path.service_id": whole["services"][0]["id"],
        "path.subscription_id": whole["subscriptions"][0]["id"],
        "path.offering_id": first(api, "/v1/offerings")["id"],
        "path.invoice_id": first(api, "/v1/invoices", accountId=account)["id"],
        "query.accountId": account,
    })  # fmt: skip

    print(report[report.index("SUMMARY") :])
