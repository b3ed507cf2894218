"""Who and what the steps of the demo pass on to each other."""

from dataclasses import dataclass, field

from billing.config import Isp
from billing.core.period import Period
from local.context import Context
from local.demo.api import Api
from local.demo.journal import Journal

CYCLE_ANCHOR = 1
USER_NAME = "demo@line.example"
EMAIL = "demo@customers.example"


@dataclass(slots=True)
class World:
    """The running system, somebody of its staff, and the customer made by hand."""

    context: Context
    journal: Journal
    staff: Api
    isp: Isp
    month: Period  # the last closed one, which nobody has billed yet
    since: str  # the first instant of the running month
    party_id: str = ""
    account_id: str = ""
    service_id: str = ""
    subscription_id: str = ""
    run_id: str = ""
    invoice_id: str = ""
    pay_url: str = ""
    figures: dict[str, int] = field(default_factory=dict[str, int])
