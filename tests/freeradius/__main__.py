"""The command line: 2,000 packets, step by step, with figures. Exit 1: one was lost or counted
twice.
"""

import argparse
import json
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from billing.config import Isp, load_isp
from billing.core.period import local_day, local_midnight, rfc3339
from local import logins
from local.context import COLLECTOR, COLLECTOR_KEY, RADIUS_SECRET, REGION, ROOT, Context
from local.demo.api import Api
from local.demo.journal import Journal, NotAsItMustBe
from local.deploy import DeployFailed
from local.processes import Processes
from local.system import NotReady, PortTaken, running
from tests.freeradius.server import SECRET, FreeRadius, radclient

SUBSCRIBERS, SESSIONS, REPORTS = 20, 20, 5
PACKETS = SUBSCRIBERS * SESSIONS * REPORTS
WRAP = 1 << 32
LONGEST_SECONDS, SHORTEST_SECONDS = 3_000, 600  # of a session
FREERADIUS_PORT = 8  # above the base port
ADDRESS = {
    "street": "Quay Walk",
    "number": "7",
    "postcode": "T56 X1B2",
    "town": "Dunmeadow",
    "country": "IE",
}

Octets = tuple[int, int]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.freeradius", description=__doc__)
    parser.add_argument("--port", type=int, default=8280, help="the portal's; others follow")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    journal = Journal()
    try:
        journal.step("An empty deployment starts")
        with running(base_port=given.port, accounts=0, live=False, tell=journal.fact) as (
            context,
            processes,
        ):
            through(context, processes, journal, Random(given.seed))
    except (NotAsItMustBe, DeployFailed, NotReady, PortTaken) as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(f"\n{PACKETS:,} packets, none lost, none counted twice: {journal.seconds:.1f} s.")
    return 0


def through(context: Context, processes: Processes, journal: Journal, random: Random) -> None:
    """Send, disturb, and compare what is read with what was sent."""
    context.use()  # before the store is imported: it reads its tables' names then
    from billing.store import collectors

    isp = load_isp()
    clara = logins.logins(context)[0]
    staff = Api.signed_in(context.console_url, clara.name, clara.password)

    journal.step("Staff open accounts")
    accounts = {user: _opened(staff, user, isp) for user in map(_user, range(SUBSCRIBERS))}
    journal.fact(f"{len(accounts)} accounts, each with one line")

    journal.step("FreeRADIUS and the collector start")
    directory = context.directory / "freeradius"
    shutil.rmtree(directory, ignore_errors=True)
    server = FreeRadius(directory, context.ports.portal + FREERADIUS_PORT)
    server.start(processes)
    _start_collector(context, processes, server)
    collector = f"127.0.0.1:{context.ports.collector}"
    journal.soon(lambda: _status(directory), "the collector runs")
    radclient(collector, "status", RADIUS_SECRET, [{"Message-Authenticator": "0x00"}])
    journal.fact(f"the collector answers Status-Server; FreeRADIUS listens on port {server.port}")

    packets, truth = _packets([nas.id for nas in isp.nas], random)
    half = len(packets) // 2
    journal.step(f"radclient sends {len(packets):,} packets")
    radclient(f"127.0.0.1:{server.port}", "acct", SECRET, packets[:half])
    journal.fact(f"{half:,} answered by FreeRADIUS")
    journal.soon(lambda: _status(directory)["sent"], "the collector has begun")
    processes.started["collector"].kill()
    server.rotate()
    radclient(f"[::1]:{server.port}", "acct", SECRET, packets[half:])
    journal.fact(f"{half:,} more, over IPv6, after the collector was killed and the file rotated")
    journal.must(server.written() == PACKETS, f"{PACKETS:,} lines written")
    processes.stop("collector")
    _start_collector(context, processes, server)

    journal.step("Usage shows")
    since = rfc3339(_since(isp))

    def stored() -> int:
        return sum(one.stored for one in collectors.list_collectors())

    journal.soon(lambda: stored() >= PACKETS, f"{PACKETS:,} records stored", seconds=120)
    known = collectors.list_collectors()
    journal.must(
        stored() == PACKETS and not any(one.holes or one.suspended for one in known),
        f"{stored():,} records stored of {len(known)} boots, no number missing, none in suspense",
    )
    used = {user: _used(staff, account, since) for user, account in accounts.items()}
    different = [user for user, octets in truth.items() if used[user] != octets]
    journal.must(not different, f"{len(truth)} subscribers used what was sent, to the octet")
    for user in list(truth)[:3]:
        journal.fact(f"{user}: {used[user][0]:,} octets up, {used[user][1]:,} down")
    up, down = (sum(octets[way] for octets in used.values()) for way in (0, 1))
    sent_up, sent_down = (sum(octets[way] for octets in truth.values()) for way in (0, 1))
    journal.must(
        (up, down) == (sent_up, sent_down),
        f"all: sent {sent_up:,} up, {sent_down:,} down; counted {up:,} up, {down:,} down",
    )
    journal.must(not _status(directory)["refused"], "the collector refused nothing")


def _user(number: int) -> str:
    return f"radclient{number:02d}@line.example"


def _since(isp: Isp) -> datetime:
    today = local_day(datetime.now(UTC), isp.isp.zone)
    return local_midnight(today - timedelta(days=2), isp.isp.zone)


def _opened(staff: Api, user: str, isp: Isp) -> str:
    """The id of an account with a line of that name."""
    party = staff.post("/v1/parties", {"kind": "person", "name": user, "email": user})
    account = staff.post(
        "/v1/accounts",
        {
            "partyId": party["id"],
            "billingAddress": ADDRESS,
            "taxPlace": {"country": "IE"},
            "cycleAnchor": 1,
        },
    )
    wanted = {"name": "Internet", "site": ADDRESS, "identities": [f"user:{user}"]}
    since = {"since": rfc3339(_since(isp))}
    staff.post(f"/v1/accounts/{account['id']}/services", wanted | since)
    return account["id"]


def _packets(nas: list[str], random: Random) -> tuple[list[dict[str, Any]], dict[str, Octets]]:
    """Reports in the order of sending, and what each subscriber uses by them."""
    packets: list[tuple[int, dict[str, Any]]] = []
    truth: dict[str, Octets] = {}
    for number in range(SUBSCRIBERS):
        for session in range(SESSIONS):
            octets_in = octets_out = 0
            seconds = random.randrange(SHORTEST_SECONDS, LONGEST_SECONDS)
            for place in range(REPORTS):
                status = {0: "Start", REPORTS - 1: "Stop"}.get(place, "Interim-Update")
                if place:
                    octets_in += random.randrange(1, 10**8)
                    octets_out += random.randrange(1, 3 * 10**9)
                packet = {
                    "Acct-Status-Type": status,
                    "Acct-Session-Id": f'"{number:04X}-{session:04X}"',
                    "User-Name": f'"{_user(number)}"',
                    "NAS-Identifier": f'"{nas[number % len(nas)]}"',
                    "Acct-Session-Time": seconds + place,
                    "Acct-Delay-Time": 0,
                    "Acct-Input-Octets": octets_in % WRAP,
                    "Acct-Input-Gigawords": octets_in // WRAP,
                    "Acct-Output-Octets": octets_out % WRAP,
                    "Acct-Output-Gigawords": octets_out // WRAP,
                }
                packets.append((place, packet))
            before = truth.get(_user(number), (0, 0))
            truth[_user(number)] = before[0] + octets_in, before[1] + octets_out
    random.shuffle(packets)
    packets.sort(key=lambda one: one[0])
    return [packet for _, packet in packets], truth


def _used(staff: Api, account_id: str, since: str) -> Octets:
    services = staff.get("/v1/usage", accountId=account_id, since=since)["services"]
    return sum(one["octetsIn"] for one in services), sum(one["octetsOut"] for one in services)


def _start_collector(context: Context, processes: Processes, server: FreeRadius) -> None:
    config = server.directory / "collector.toml"
    config.write_text(
        f"""
[collector]
id = "{COLLECTOR}"
spool = "{server.directory / "spool.db"}"
status_file = "{server.directory / "collector.json"}"
status_every_seconds = 0.2

[radius]
listen = "127.0.0.1:{context.ports.collector}"
secret = "{RADIUS_SECRET}"

[lines]
directory = "{server.lines}"
pattern = "acct-*.jsonl"
every_seconds = 0.2

[kinesis]
stream = "{context.outputs["UsageStream"]}"
region = "{REGION}"
hmac_key = "{COLLECTOR_KEY}"
"""
    )
    processes.start(
        "collector",
        [sys.executable, "-m", "edge.collector", "--config", config],
        cwd=ROOT,
        environment=context.aws(),
    )


def _status(directory: Path) -> dict[str, Any]:
    file = directory / "collector.json"
    return json.loads(file.read_text()) if file.exists() else {}


if __name__ == "__main__":
    sys.exit(main())
