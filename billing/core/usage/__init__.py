"""Usage: facts that may be delivered any number of times, in any order.

sessions      snapshots of RADIUS counters joined into sessions; P(s, t)
grid          the hours and days of the deployment
windows       what services used in windows, with flags; computed when read, never stored
segments      how sessions are stored: by bucket and day, named by content
packs         what collectors send, proven or suspended
mediation     packs → segments, suspended records, received intervals
settings      what of isp.toml usage depends on
completeness  which sequence numbers have arrived

Owns      the meaning of accounting records.  Does not own  prices (rating), who holds an identity
          (party), keys and items (billing.store.usage).
Times     whole seconds since 1970 UTC inside; windows are spans that begin and end on grid hours.
Invariant usage depends on the set of records alone: repeats, order, cut and folding change nothing.
"""

from billing.core.usage.completeness import Hole, Received, holes, join_received, runs_of, stored
from billing.core.usage.grid import Grid
from billing.core.usage.mediation import (
    Batch,
    identity_of_mac,
    identity_of_user,
    mediate,
)
from billing.core.usage.packs import (
    UNPROVEN,
    UNREADABLE,
    Pack,
    Suspended,
    canonical,
    open_pack,
    pack_from,
    proven_pack,
    sealed,
    signature,
    unreadable,
)
from billing.core.usage.segments import (
    Segment,
    bucket_of,
    pack_sessions,
    segments_of,
    unpack_sessions,
)
from billing.core.usage.sessions import (
    START_CHAIN_SECONDS,
    Session,
    Sessions,
    Snapshot,
    join,
    newest_second,
    octets_before,
    octets_from_radius,
)
from billing.core.usage.settings import Settings
from billing.core.usage.windows import (
    Claim,
    Increments,
    Used,
    increments,
    total,
    unclaimed,
    used_by_service,
    window_on_grid,
)

__all__ = [
    "START_CHAIN_SECONDS",
    "UNPROVEN",
    "UNREADABLE",
    "Batch",
    "Claim",
    "Grid",
    "Hole",
    "Increments",
    "Pack",
    "Received",
    "Segment",
    "Session",
    "Sessions",
    "Settings",
    "Snapshot",
    "Suspended",
    "Used",
    "bucket_of",
    "canonical",
    "holes",
    "identity_of_mac",
    "identity_of_user",
    "increments",
    "join",
    "join_received",
    "mediate",
    "newest_second",
    "octets_before",
    "octets_from_radius",
    "open_pack",
    "pack_from",
    "pack_sessions",
    "proven_pack",
    "runs_of",
    "sealed",
    "segments_of",
    "signature",
    "stored",
    "total",
    "unclaimed",
    "unpack_sessions",
    "unreadable",
    "used_by_service",
    "window_on_grid",
]
