"""`make run`: the whole system on this machine, until Ctrl-C."""

import argparse
import signal
import sys
import time

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from local import logins
from local.context import Context
from local.deploy import DeployFailed
from local.processes import Processes
from local.system import NotReady, PortTaken, running


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m local.main", description=__doc__)
    parser.add_argument(
        "--port", type=int, default=8080, help="the portal's; its neighbours follow"
    )
    parser.add_argument("--accounts", type=int, default=120, help="customers with history")
    parser.add_argument(
        "--since", type=float, help="when the command was given, seconds since 1970"
    )
    given = parser.parse_args(arguments)
    began = given.since or time.time()
    console = Console()
    # SIGINT too: a shell without job control has what it starts in the background ignore it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _interrupt())
    try:
        with console.status("starting") as status:

            def tell(what: str) -> None:
                console.print(f"[dim]{time.time() - began:6.1f} s[/dim]  {what}", highlight=False)
                status.update(what)

            with running(base_port=given.port, accounts=given.accounts, tell=tell) as (
                context,
                all,
            ):
                status.stop()
                _welcome(console, context, time.time() - began)
                return _until_interrupted(console, all)
    except KeyboardInterrupt:
        console.print("\neverything is stopped")
        return 0
    except (DeployFailed, NotReady, PortTaken) as error:
        console.print(f"[red]{type(error).__name__}[/red]: {error}", highlight=False)
        return 1


def _until_interrupted(console: Console, processes: Processes) -> int:
    """Sleep; when a part dies by itself, say which and with what words, and stop the rest."""
    while True:
        for name in processes.dead():
            console.print(f"[red]{name} ended by itself[/red]:\n{processes.log_of(name)}")
            return 1
        time.sleep(1)


def _welcome(console: Console, context: Context, seconds: float) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_row("Console", context.console_url, "for staff")
    table.add_row("Portal", context.portal_url, "for customers")
    table.add_row("Mail", context.mailbox_url, "what customers would have received")
    table.add_row("Payments", context.processor_url, "the stand-in's page; cards are not charged")
    table.add_row("")
    for login in _shown(context):
        table.add_row(login.group or "customer", login.name, login.password)
    table.add_row("")
    table.add_row("Logs", str(context.directory / "log"), "one file for each process")
    console.print(
        Panel(table, title=f"Demarc runs: usable after {seconds:.1f} s", subtitle="Ctrl-C stops it")
    )


def _shown(context: Context) -> list[logins.Login]:
    """Every member of staff, and the first three customers."""
    everybody = logins.logins(context)
    customers = [login for login in everybody if not login.group]
    return [login for login in everybody if login.group] + customers[:3]


def _interrupt() -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
