"""First state of *issue*: nothing is numbered before all that could refuse has been asked.

The approval named a digest; the list it stands for and every draft on it must still be those.
Drafts are looked at in portions: what takes longer than one invocation goes on in the next.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from billing.adapters.issuing import CannotBeIssued, refuse_unless_valid
from billing.config import Isp, load_isp
from billing.core.invoicing import Draft, Refusal, canonical, digest
from billing.store import invoices, runs
from billing.store.runs import Run, WrongRunState
from functions.bill_cycle.manifest import ManifestChanged, Reviewed, load_manifest
from functions.bill_cycle.open_run import FINISHED
from functions.bill_cycle.portions import portions, went_on
from functions.bill_cycle.shared import bucket
from functions.runtime import logger


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    isp, run = load_isp(), runs.load_run(event["run"])
    if run.state not in FINISHED or run.revision != event["revision"]:
        raise WrongRunState(run, f"issue revision {event['revision']}; approve it first")
    pointer = manifest_pointer(run)
    manifest, at = load_manifest(pointer), int(event.get("at", 0))
    if manifest.digest != run.digest:
        raise ManifestChanged(run.id, "its list of drafts")

    for portion in portions(manifest.drafts, at, context):
        at += len(portion)
        ids = [one.account_id for one in portion]
        drafts = invoices.drafts_of(run.id, run.revision, ids)
        for one in portion:
            refuse_unless_numberable(approved(run, one, drafts.get(one.account_id)), isp)

    logger.info("drafts frozen", run=run.id, revision=run.revision, at=at, of=len(manifest.drafts))
    answer = {
        "run": run.id,
        "revision": run.revision,
        "actor": event["actor"],
        "count": len(manifest.drafts),
        "manifest": pointer,
    }
    return went_on(answer, at, manifest.drafts)


def manifest_pointer(run: Run) -> dict[str, str]:
    """Where the reviewed list of the run's revision lies."""
    review = runs.load_review(run.id, run.revision)
    if review is None or "manifest" not in review.documents:
        raise ManifestChanged(run.id, "its review")
    return {"bucket": bucket(), "key": review.documents["manifest"]}


def approved(run: Run, listed: Reviewed, stored: Draft | None) -> Draft:
    """The stored draft. ManifestChanged when it is not the one that was reviewed."""
    if stored is None or digest(canonical(stored)) != listed.digest:
        raise ManifestChanged(run.id, f"the draft of account {listed.account_id}")
    return stored


def refuse_unless_numberable(draft: Draft, isp: Isp) -> None:
    """CannotBeIssued when a document could not be completed after its number is given."""
    refuse_unless_valid(draft)
    if draft.seller["id"] not in {seller.id for seller in isp.sellers}:
        problem = f"seller {draft.seller['id']} is not in isp.toml; put it back"
        raise CannotBeIssued(draft.account_id, [Refusal("seller.id", problem)])
