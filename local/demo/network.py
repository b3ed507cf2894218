"""Routers report over UDP; what people can read back is what was counted, to the octet."""

import json
import time
from threading import Event
from typing import Any

from billing.core.period import instant_from
from local.context import RADIUS_SECRET
from local.demo.world import USER_NAME, World
from local.radius_client import RadiusClient
from local.routers import Habits, Routers
from local.subscribers import User

NOBODY = "nobody@line.example"
REPORTS, INTERVAL = 14, 0.4
AGE_SECONDS_MAX = 30
# Everything that goes wrong in real networks, often: sessions end, a router reboots.
HABITS = Habits(
    lost=0.1, duplicated=0.2, overtaken=0.2, reports_per_session=6, reports_between_reboots=9
)


def use(world: World) -> None:
    """Send packets for a few lines, and read the usage of those who hold them."""
    journal, context = world.journal, world.context
    journal.step("Routers send RADIUS over UDP")
    seeded = world.staff.get("/v1/accounts", limit="40")["data"]
    quiet = [one for one in seeded if one["externalId"] and not _connected(world, one)][:2]
    accounts = {USER_NAME: world.account_id}
    accounts |= {f"{one['externalId'].lower()}@line.example": one["accountId"] for one in quiet}
    before = {user: _octets(world, account) for user, account in accounts.items()}

    nas = [one.id for one in world.isp.nas]
    users = [User(user, nas[place % len(nas)]) for place, user in enumerate(accounts)]
    # One session has run for an hour, and its counters have wrapped around 2**32.
    users[0] = User(
        USER_NAME, nas[0], 40, 4, session_age_seconds=3600, octets_in=10**8, octets_out=5 * 10**9
    )
    routers = Routers(
        [*users, User(NOBODY, nas[0])],
        ("127.0.0.1", context.ports.collector),
        RADIUS_SECRET.encode(),
        interval=INTERVAL,
        habits=HABITS,
    )
    routers.run(Event(), REPORTS)
    routers.close()
    sent, figures = routers.totals(), routers.figures()
    journal.must(
        not figures["unanswered"] and not figures.get("given_up"),
        f"{figures['sent']} packets sent, each acknowledged in the end: {_spoken(figures)}",
    )
    for user, account in accounts.items():
        total = sent[user]
        truth = (before[user][0] + total.octets_in, before[user][1] + total.octets_out)
        journal.soon(lambda a=account, t=truth: _octets(world, a) == t, f"{user} has used {truth}")
        journal.fact(
            f"{user}: {total.octets_in:,} octets up, {total.octets_out:,} down"
            f" in {total.sessions} sessions, and the account's usage shows just that"
        )
    usage = _usage(world, world.account_id)
    age = instant_from(usage["asOf"]) - instant_from(usage["services"][0]["newest"])
    world.figures["octets"] = sum(_octets(world, world.account_id))
    journal.must(
        age.total_seconds() < AGE_SECONDS_MAX,
        f"the page says how old it is: {age.total_seconds():.1f} s",
    )
    _unclaimed(world, sent[NOBODY].octets_in, sent[NOBODY].octets_out)
    _impossible(world)


def _unclaimed(world: World, octets_in: int, octets_out: int) -> None:
    """Usage of an identity that no service holds is listed, not lost."""

    def listed() -> bool:
        found = world.staff.get("/v1/usage/unbilled")["data"]
        mine = [one for one in found if one["identity"] == f"user:{NOBODY}"]
        return [(one["octetsIn"], one["octetsOut"]) for one in mine] == [(octets_in, octets_out)]

    world.journal.soon(listed, f"unbilled usage of {NOBODY}: {octets_in} and {octets_out} octets")
    world.journal.fact(f"nobody claims {NOBODY}: {octets_in + octets_out:,} octets are listed")


def _impossible(world: World) -> None:
    """A counter above the line's rate waits in suspense until it is corrected."""
    journal, staff = world.journal, world.staff
    client = RadiusClient(
        ("127.0.0.1", world.context.ports.collector), RADIUS_SECRET.encode(), lambda name: None
    )
    session = f"BAD-{int(time.time()):X}"
    octets = 3 << 40
    request = client.request(
        {
            "Acct-Status-Type": "Interim-Update",
            "Acct-Session-Id": session,
            "User-Name": USER_NAME,
            "NAS-Identifier": world.isp.nas[0].id,
            "Acct-Session-Time": 60,
            "Acct-Input-Octets": 0,
            "Acct-Output-Octets": octets % 2**32,
            "Acct-Output-Gigawords": octets // 2**32,
        },
        time.time(),
        lambda: None,
    )
    client.send(request, time.time())
    client.close()

    def suspended() -> Any:
        found = staff.get("/v1/suspense")["data"]
        return next((one for one in found if session in one["raw"]), None)

    record = journal.soon(suspended, "the impossible record is in suspense")
    journal.must(
        record["reason"] == "octets-above-line-rate",
        f"a record of {octets:,} octets in a minute is kept apart: {record['reason']}",
    )
    journal.must(
        sum(_octets(world, world.account_id)) == world.figures["octets"], "and counts nowhere"
    )
    corrected = json.loads(record["raw"]) | {"octets_out": 60_000_000}
    path = f"/v1/suspense/{record['id']}/recycle"
    wanted = {"record": corrected, "reason": "the counter was read wrong"}
    staff.post(path, wanted, status=202)
    world.figures["octets"] += 60_000_000
    journal.soon(
        lambda: sum(_octets(world, world.account_id)) == world.figures["octets"],
        "the corrected record is counted",
    )
    journal.soon(lambda: suspended() is None, "it has left suspense")
    journal.fact("corrected and recycled, its 60,000,000 octets count")


def _usage(world: World, account_id: str) -> Any:
    return world.staff.get("/v1/usage", accountId=account_id, since=world.since)


def _octets(world: World, account_id: str) -> tuple[int, int]:
    services = _usage(world, account_id)["services"]
    return sum(one["octetsIn"] for one in services), sum(one["octetsOut"] for one in services)


def _connected(world: World, row: Any) -> bool:
    """Whether the routers of the running system report this customer's line already."""
    users = json.loads(world.context.users_file.read_text())
    return any(user["user_name"].startswith(row["externalId"].lower()) for user in users)


def _spoken(figures: dict[str, int]) -> str:
    names = ("retried", "overtaken", "reboots")
    return ", ".join(f"{figures.get(name, 0)} {name}" for name in names)
