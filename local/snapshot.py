"""The emulator's state after deploying and seeding, kept so that the next run need not do it again.

A snapshot is good for the same content of everything that made it, and for the same month: history
ends with the last closed one. Measured: restoring and starting takes about a second.
"""

import shutil
from datetime import date
from pathlib import Path

from local.context import HOME, Context
from local.synth import INFRASTRUCTURE, PRODUCT, content_hash, forget_old

OF_THE_MACHINE = ("local", "edge", "requirements")


def directory_of(context: Context, accounts: int, month: date) -> Path:
    key = content_hash(
        (*INFRASTRUCTURE, *PRODUCT, *OF_THE_MACHINE),
        str(context.ports.portal),
        str(accounts),
        f"{month:%Y-%m}",
    )
    return HOME / "snapshots" / key


def save(state: Path, target: Path) -> None:
    """Copy the state of a stopped emulator; the oldest snapshots go."""
    unfinished = target.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(state, unfinished)
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
    forget_old(target.parent)


def restore(source: Path, state: Path) -> None:
    shutil.rmtree(state, ignore_errors=True)
    shutil.copytree(source, state)
