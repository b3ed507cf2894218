"""A dated rise: the next version of an offering's prices, and who moves to it."""

from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from billing.config import Isp
from billing.core import subscription as core
from billing.core.catalog import Offering, PriceVersion
from billing.core.money import Money
from billing.core.period import Span, local_midnight
from billing.core.subscription import Subscription
from billing.store import accounts, catalog
from billing.store.access import EVERY_ACCOUNT
from billing.store.catalog import PriceOf
from billing.store.timeline import Event
from billing.store.transactions import EditConflict, commit
from functions.portal_api.operation import Operation
from functions.portal_api.problem import InvalidField
from functions.portal_api.usecases.drafted import (
    Dated,
    PeriodBilledAlready,
    PeriodIsIssued,
    in_room,
)
from functions.portal_api.usecases.subscriptions.deeds import refuse_billed

MOVED_MAX = 50  # subscriptions a call looks at: it answers well within the front door's time
COUNTED_MAX = 5_000  # a preview says "at least" beyond
PAGE = 500
_LEFT = (PeriodBilledAlready, PeriodIsIssued, EditConflict)


@dataclass(frozen=True, slots=True)
class Rise:
    """What rises by how much, from which local day on, for whom.

    version        the number of the version it makes; the same rise again names the same
    by_percent, by_amount   one of them
    codes          of the fixed prices that rise; (): all of them
    from_versions  who is on one of these moves; everybody else keeps what he has
    """

    version: int
    valid_from: date
    from_versions: tuple[int, ...]
    by_percent: Fraction | None = None
    by_amount: Money | None = None
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Somebody who was to move and did not, and why."""

    account_id: str
    subscription_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One call of a rise: so many of those it looked at are on the new version from its day on."""

    version: PriceVersion
    moved: int
    left: tuple[Left, ...]
    cursor: str | None  # where the next call goes on; None: everybody was looked at


@dataclass(frozen=True, slots=True)
class RisePreview:
    """What a rise would do. Counts are of an index, which lags by a second."""

    version: PriceVersion
    moving: int
    staying: int
    is_complete: bool  # False: there are more than were counted


def preview(offering_id: str, wanted: Rise, isp: Isp) -> RisePreview:
    """The version it makes and how many would move to it. Writes nothing."""
    version = _risen(catalog.load_offering(offering_id), wanted)
    price_of, cursor = catalog.price_versions(), None
    moving = staying = 0
    while moving + staying < COUNTED_MAX:
        page = accounts.list_held(offering_id, price_of, cursor=cursor, limit=PAGE)
        concerned = sum(_concerns(wanted, one, version, isp) for one in page.items)
        moving, staying = moving + concerned, staying + len(page.items) - concerned
        cursor = page.cursor
        if cursor is None:
            break
    return RisePreview(version, moving, staying, cursor is None)


def rise(op: Operation, offering_id: str, wanted: Rise, cursor: str | None, isp: Isp) -> Moved:
    """Make the version, and move who is concerned of the next MOVED_MAX subscriptions to it.

    Each moves in a transaction of its own. The answer counts who stands on the new version from
    that day on, so a call that died and is sent again answers the same. Raises EntryConflict when
    another version bears the number.
    """
    version = _risen(catalog.load_offering(offering_id), wanted)
    text = f"{version.name}: version {version.version}, valid from {version.valid_from}"
    added = Event("offering.version-added", op.actor, offering_id, text, op.at)
    catalog.put_price_version(version, added)
    price_of = catalog.price_versions()
    page = accounts.list_held(offering_id, price_of, cursor=cursor, limit=MOVED_MAX)
    moved, left = 0, list[Left]()
    for one in page.items:
        try:
            moved += _move(op, one, wanted, version, price_of, isp)
        except _LEFT as refusal:
            left.append(Left(one.account_id, one.id, str(refusal)))
    done = Moved(version, moved, tuple(left), page.cursor)
    commit(op.keep(done))
    return done


def _risen(offering: Offering, wanted: Rise) -> PriceVersion:
    """The version a rise makes: the prices of the latest version that moves, raised."""
    known = {one.version: one for one in offering.versions}
    for number in wanted.from_versions:
        if number not in known or number >= wanted.version:
            numbers = ", ".join(str(one) for one in known if one < wanted.version)
            raise InvalidField("#/fromVersions", f"version {number} cannot rise: name of {numbers}")
    if wanted.version > max(known) + 1:
        raise catalog.NotTheNextVersion(offering.id, wanted.version)
    latest = known[max(wanted.from_versions)]
    risen = core.risen(
        latest,
        by_percent=wanted.by_percent,
        by_amount=wanted.by_amount,
        codes=wanted.codes,
        valid_from=wanted.valid_from,
    )
    return replace(risen, version=wanted.version)


def _move(
    op: Operation,
    candidate: Subscription,
    wanted: Rise,
    version: PriceVersion,
    price_of: PriceOf,
    isp: Isp,
) -> bool:
    """Whether the subscription is on the new version from its day on; moved, where it was not."""
    account_id, at = candidate.account_id, local_midnight(wanted.valid_from, isp.isp.zone)
    now = accounts.load_subscription(account_id, candidate.id, EVERY_ACCOUNT, price_of)
    if not _concerns(wanted, now, version, isp):
        return _is_on(now, version)
    refuse_billed(account_id, at)
    after = core.rise(now, version, at)
    text = f"{version.name}: prices of version {version.version} from {version.valid_from}"
    event = Event("subscription.price-raised", op.actor, now.id, text, op.at)
    account = accounts.load_account(account_id, EVERY_ACCOUNT)
    dated = Dated(account_id, frozenset({account.cycle_anchor}), Span(at, None), text)
    in_room(op, dated, isp, lambda room: accounts.save_subscription(after, event, room))
    return True


def _concerns(wanted: Rise, one: Subscription, version: PriceVersion, isp: Isp) -> bool:
    """Whether a subscription holds one of the named versions on the day of the rise or after."""
    at = local_midnight(wanted.valid_from, isp.isp.zone)
    return any(
        held.price.offering_id == version.offering_id
        and held.price.version in wanted.from_versions
        and (held.span.end is None or held.span.end > at)
        for held in one.segments
    )


def _is_on(one: Subscription, version: PriceVersion) -> bool:
    return any(held.price.ref == version.ref for held in one.segments)
