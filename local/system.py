"""The whole local system, entered and left as one: emulator, doors, neighbours, history."""

import http.client
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

from local import logins, snapshot
from local.context import (
    ACCOUNT,
    COLLECTOR,
    COLLECTOR_KEY,
    PROCESSOR_KEY,
    RADIUS_SECRET,
    REGION,
    ROOT,
    WEBHOOK_SECRET,
    Context,
)
from local.deploy import deploy
from local.processes import Processes
from local.synth import assembly, forget_old

EMULATOR_PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
READY_SECONDS = 30.0
REPORT_SECONDS = 5  # between two accounting packets of one subscriber

Tell = Callable[[str], None]


class NotReady(Exception):
    """Something that was started does not answer; its last words are in the text."""


class PortTaken(Exception):
    """Another program listens where the system would."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"port {port} is taken: stop what listens there, or choose others with PORT=8180"
        )


@contextmanager
def running(
    *, base_port: int = 8080, accounts: int = 120, live: bool = True, tell: Tell = print
) -> Iterator[tuple[Context, Processes]]:
    """A usable system, until the block is left; then nothing of it is left running.

    accounts  customers with history; 0: an empty deployment
    live      with the collector and routers that send it packets
    """
    context = Context.at(base_port)
    _refuse_taken_ports(context)
    with Processes(context.directory / "log") as processes:
        stored = snapshot.directory_of(context, accounts, datetime.now(UTC).date())
        if stored.exists():
            tell("restoring the deployed system and its history")
            snapshot.restore(stored, context.directory / "state")
            start_emulator(context, processes)
            context = Context.at(base_port)
            start_neighbours(context, processes)
        else:
            context = _from_nothing(context, processes, accounts, tell)
            tell("keeping it for the next run")
            processes.stop("emulator")
            snapshot.save(context.directory / "state", stored)
            start_emulator(context, processes)
        if live:
            tell("connecting subscribers")
            start_network(context, processes)
        tell("waiting for the pages")
        wait_for_pages(context, processes)
        yield context, processes


def _from_nothing(context: Context, processes: Processes, accounts: int, tell: Tell) -> Context:
    tell("synthesizing the templates")
    templates, _ = assembly(context.ports.portal)
    tell("starting the emulator")
    shutil.rmtree(context.directory / "state", ignore_errors=True)
    start_emulator(context, processes)
    tell("deploying the templates")
    deployed = deploy(context, templates)
    logins.add_staff(deployed)
    start_neighbours(deployed, processes)
    if accounts:
        deployed.use()
        from local.seed import seed  # reads its tables' names when it is imported

        seed(deployed, accounts=accounts, tell=tell)
    return deployed


def start_emulator(context: Context, processes: Processes) -> None:
    """Start it over the state in the context's directory, and return when it answers."""
    scratch = context.directory / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # unpacked functions of the last run
    scratch.mkdir(parents=True)
    state = context.directory / "state"
    state.mkdir(exist_ok=True)
    # Code of functions, by content; its own, for others forget what only this one runs.
    unpacked = context.directory / "unpacked"
    unpacked.mkdir(exist_ok=True)
    forget_old(unpacked)
    processes.start(
        "emulator",
        [EMULATOR_PYTHON, "-m", "local.emulator"],
        cwd=ROOT,
        environment={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "GATEWAY_PORT": str(context.ports.emulator),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "TMPDIR": str(scratch),
            "UNPACKED_DIR": str(unpacked),
            "DOCKER_HOST": "unix:///nonexistent",
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AUTH": os.environ.get("EMULATOR_AUTH", "true"),
            "LOG_LEVEL": os.environ.get("EMULATOR_LOG_LEVEL", "WARNING"),
        },
    )
    _wait(processes, "emulator", context.ports.emulator, "/_ministack/health")


def start_neighbours(context: Context, processes: Processes) -> None:
    """The front doors, the payment processor's stand-in, and the box of sent mail."""
    api = {
        name: context.outputs[f"{name}ApiEndpoint"].split("//")[1].split(".")[0]
        for name in ("Portal", "Console")
    }
    _start_ours(
        context,
        processes,
        "front-door",
        "local.front_door",
        "--emulator",
        context.ports.emulator,
        "--door",
        f"{context.ports.portal}={api['Portal']}",
        "--door",
        f"{context.ports.console}={api['Console']}",
    )
    _start_ours(
        context,
        processes,
        "processor",
        "local.processor",
        "--port",
        context.ports.processor,
        "--webhook",
        f"{context.portal_url}/webhooks/stripe",
        "--secret",
        WEBHOOK_SECRET,
        "--key",
        PROCESSOR_KEY,
    )
    _start_ours(
        context,
        processes,
        "mailbox",
        "local.mailbox",
        "--port",
        context.ports.mailbox,
        "--bucket",
        context.outputs["DocumentsBucket"],
        "--endpoint",
        context.endpoint,
    )


def start_network(context: Context, processes: Processes) -> None:
    """The collector, and routers that report what the seeded subscribers do."""
    config = context.directory / "collector.toml"
    config.write_text(
        f"""
[collector]
id = "{COLLECTOR}"
spool = "{context.directory / "spool.db"}"
status_file = "{context.directory / "collector.json"}"

[radius]
listen = "127.0.0.1:{context.ports.collector}"
secret = "{RADIUS_SECRET}"

[kinesis]
stream = "{context.outputs["UsageStream"]}"
region = "{REGION}"
hmac_key = "{COLLECTOR_KEY}"
"""
    )
    _start_ours(context, processes, "collector", "edge.collector", "--config", config)
    if context.users_file.exists():
        from billing.config import load_isp

        _start_ours(
            context,
            processes,
            "routers",
            "local.routers",
            "--collector",
            f"127.0.0.1:{context.ports.collector}",
            "--secret",
            RADIUS_SECRET,
            "--users",
            context.users_file,
            "--nas",
            ",".join(nas.id for nas in load_isp().nas),
            "--interval",
            REPORT_SECONDS,
        )


def wait_for_pages(context: Context, processes: Processes) -> None:
    """Both front doors show a page: the functions behind them are warm now."""
    with ThreadPoolExecutor() as pool:
        ports = (context.ports.portal, context.ports.console)
        list(pool.map(lambda port: _wait(processes, "emulator", port, "/signin"), ports))


def _start_ours(
    context: Context, processes: Processes, name: str, module: str, *arguments: object
) -> None:
    processes.start(
        name,
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        environment={**os.environ, **context.aws(), "PYTHONUNBUFFERED": "1"},
    )


def _wait(processes: Processes, name: str, port: int, path: str) -> None:
    """Until the path answers at all; a page that is broken is an answer, and a test's to find."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and not processes.dead():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            if connection.getresponse().status < 502:
                return
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    last_words = "\n".join(f"{n}:\n{processes.log_of(n)}" for n in processes.dead() or [name])
    raise NotReady(f"127.0.0.1:{port}{path} does not answer; {last_words}")


def _refuse_taken_ports(context: Context) -> None:
    ports = context.ports
    for port in (ports.portal, ports.console, ports.processor, ports.emulator, ports.mailbox):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise PortTaken(port) from None
