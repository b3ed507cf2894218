"""Last state of *prepare*: what the drafts come to, and how they differ from the last cycle.

It ends in the stored state `review`. The list of drafts that is reviewed is stored under its own
hash: what is approved is that list, and what is issued is that list, to the byte.
"""

from collections import Counter
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters import documents
from billing.adapters.cycles import run_id_of
from billing.core.invoicing import (
    Draft,
    Parked,
    canonical,
    compare,
    digest,
    digest_of,
    totals,
)
from billing.core.period import preceding
from billing.store import invoices, runs
from billing.store.runs import Review, Run
from functions.bill_cycle.manifest import Manifest, Reviewed
from functions.bill_cycle.open_run import FINISHED, stored
from functions.bill_cycle.shared import bucket, plan_prefix, told
from functions.runtime import clock, logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    run, now = runs.load_run(event["run"]), clock()
    if (run.state, run.revision) != ("preparing", event["revision"]):
        return outcome(run, event["revision"])
    drafts = list(invoices.list_drafts(run.id, run.revision))
    drafted = {one.account_id for one in drafts}
    # Mended while two attempts drafted, an account has both; its bill is what is reviewed.
    listed = runs.list_parked(run.id, run.revision)
    parked = [one for one in listed if one.account_id not in drafted]

    differences = compare(drafts, before(run, drafts, parked))
    manifest = reviewed(drafts, parked)
    seen = digest_of(((one.account_id, one.digest) for one in manifest.drafts), parked)

    runs.put_differences(run.id, run.revision, differences)
    pointer = documents.put_list(bucket(), plan_prefix(run, "review"), manifest.to_list())
    review = Review(
        revision=run.revision,
        digest=seen,
        totals=totals(drafts),
        drafts=len(drafts),
        parked=len(parked),
        differences=Counter(one.kind for one in differences),
        at=now,
        documents={"manifest": pointer["key"]},
    )
    text = f"Bill run for {run.period.label} is ready for review: {len(drafts)} bills"
    actor = str(event["actor"])
    run = runs.save_review(run.id, review, told("bill-run.review", actor, run.id, text, now))
    return outcome(run, event["revision"])


def outcome(run: Run, revision: int) -> dict[str, Any]:
    """What the execution came to: the review it made, or joined, of its revision.

    "superseded" when the run was in another revision by then: whoever began that prepares it.
    """
    review = runs.load_review(run.id, run.revision)
    return {
        "run": run.id,
        "revision": run.revision,
        "state": run.state if run.revision == revision else "superseded",
        "digest": run.digest,
        "drafts": 0 if review is None else review.drafts,
        "parked": 0 if review is None else review.parked,
    }


def reviewed(drafts: list[Draft], parked: list[Parked]) -> Manifest:
    """The drafts by account, with the digest and the seller of each, and who is parked."""
    listed = (
        Reviewed(one.account_id, digest(canonical(one)), str(one.seller["id"])) for one in drafts
    )
    return Manifest(
        tuple(sorted(listed, key=lambda one: one.account_id)),
        tuple(sorted((one.account_id, one.reason) for one in parked)),
    )


def before(run: Run, drafts: list[Draft], parked: list[Parked]) -> dict[str, Draft]:
    """The last bill of each account that had one in the cycle before.

    An account that is parked now is not gone; a supplementary run is compared only for those it
    takes.
    """
    last: dict[str, Draft] = {}
    earlier = stored(run_id_of(run.anchor, preceding(run.period, run.anchor)))
    while earlier is not None and earlier.state in FINISHED:
        for one in invoices.list_drafts(earlier.id, earlier.revision):
            last[one.account_id] = one
        earlier = stored(run_id_of(run.anchor, earlier.period, earlier.id))
    for one in parked:
        last.pop(one.account_id, None)
    if run.supplement_of:
        ours = {one.account_id for one in drafts}
        return {account_id: one for account_id, one in last.items() if account_id in ours}
    return last
