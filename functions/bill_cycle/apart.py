"""One account's fault stays its own: it is told and logged, and the others go on.

A fault of the platform is nobody's: it rises, the state machine tries again, and nobody is parked
for it.
"""

import traceback
from collections.abc import Sequence
from datetime import datetime

from billing.core.errors import BillingError
from billing.core.invoicing import Parked
from billing.store import timeline
from billing.store.platform import is_of_platform
from billing.store.transactions import EditConflict
from functions.bill_cycle.shared import told
from functions.runtime import logger

UNEXPECTED = "Unexpected"  # the reason of who is parked by a fault that nobody thought of


def is_of_account(error: Exception) -> bool:
    """Whether it would befall this account at every try, and no other."""
    return not isinstance(error, EditConflict) and not is_of_platform(error)


def park(run_id: str, account_id: str, error: Exception) -> Parked:
    """An account set aside with a reason that a person can read; no customer's data is in it.

    What nobody foresaw is logged with its trace, without the error's own words: they may quote
    what was stored.
    """
    if isinstance(error, BillingError):
        return Parked(account_id, type(error).__name__, str(error))
    name = type(error).__name__
    logger.error(
        "unexpected fault in an account",
        place=f"{run_id}/{account_id}",
        error=name,
        trace=traceback.format_tb(error.__traceback__),
    )
    text = f"unexpected: {name}; see the log under {run_id}/{account_id}"
    return Parked(account_id, UNEXPECTED, text)


def tell_attention(
    run_id: str, what: str, stuck: Sequence[Parked], actor: str, now: datetime
) -> None:
    """Put on the ISP's timeline what a person has to look at before the run can be closed."""
    first = f"account {stuck[0].account_id}: {stuck[0].text}"
    more = f", and {len(stuck) - 1} more" if len(stuck) > 1 else ""
    text = f"Bill run {run_id} needs attention, {what}: {first}{more}"
    listed = [f"{one.account_id}: {one.text}" for one in stuck[:20]]
    timeline.put(None, told("bill-run.attention", actor, run_id, text, now, accounts=listed))
