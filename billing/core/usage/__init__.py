"""Usage: facts that may be delivered any number of times, in any order.

sessions      snapshots of RADIUS counters joined into sessions; P(s, t)
grid          the hours and days of the deployment
windows       what services used in windows, with flags; computed when read, never stored
segments      how sessions are stored: by bucket and day, named by content
packs         what collectors send, proven or suspended
identities    the names under which devices tell what they measured, each written one way
fields        what a field of a record must be, or the sentence that refuses it
calls         reports of phone calls, joined; whose they are
levels        the traffic of ports over five minutes, joined; whose it was
measured      what calls and levels are to those who price them
claims        which service answers for an identity, and when
mediation     packs → segments, calls, levels, suspended records, received intervals
settings      what of isp.toml usage depends on
completeness  which sequence numbers have arrived

Owns      the meaning of accounting records.  Does not own  prices (rating), who holds an identity
          (party), keys and items (billing.store.usage).
Times     whole seconds since 1970 UTC inside; windows are spans that begin and end on grid hours.
          Calls and levels go by the instant at which they begin, not by grid hours.
Invariant usage depends on the set of records alone: repeats, order, cut and folding change nothing.
"""

from billing.core.usage.calls import (
    CALL_CHAIN_SECONDS,
    CallReport,
    calls_by_service,
    unclaimed_calls,
)
from billing.core.usage.claims import Claim
from billing.core.usage.completeness import Hole, Received, holes, join_received, runs_of, stored
from billing.core.usage.grid import Grid
from billing.core.usage.identities import (
    e164,
    identity_from,
    identity_of_mac,
    identity_of_number,
    identity_of_port,
    identity_of_user,
)
from billing.core.usage.levels import LevelReport, samples_by_service, unclaimed_slots
from billing.core.usage.measured import Call, Sample
from billing.core.usage.mediation import Batch, mediate
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
    Increments,
    Used,
    increments,
    total,
    unclaimed,
    used_by_service,
    window_on_grid,
)

__all__ = [
    "CALL_CHAIN_SECONDS",
    "START_CHAIN_SECONDS",
    "UNPROVEN",
    "UNREADABLE",
    "Batch",
    "Call",
    "CallReport",
    "Claim",
    "Grid",
    "Hole",
    "Increments",
    "LevelReport",
    "Pack",
    "Received",
    "Sample",
    "Segment",
    "Session",
    "Sessions",
    "Settings",
    "Snapshot",
    "Suspended",
    "Used",
    "bucket_of",
    "calls_by_service",
    "canonical",
    "e164",
    "holes",
    "identity_from",
    "identity_of_mac",
    "identity_of_number",
    "identity_of_port",
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
    "samples_by_service",
    "sealed",
    "segments_of",
    "signature",
    "stored",
    "total",
    "unclaimed",
    "unclaimed_calls",
    "unclaimed_slots",
    "unpack_sessions",
    "unreadable",
    "used_by_service",
    "window_on_grid",
]
