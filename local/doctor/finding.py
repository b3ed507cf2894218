"""One thing that was looked at: what is so, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """fine: nothing to do · fix: it stands in the way · look: it could not be seen from here."""

    FINE = "fine"
    FIX = "fix"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is so, in one line, and the fix in one line: a command wherever there is one."""

    state: State
    said: str
    fix: str = ""


def fine(said: str) -> Finding:
    return Finding(State.FINE, said)


def fix(said: str, how: str) -> Finding:
    return Finding(State.FIX, said, how)


def look(said: str, how: str) -> Finding:
    return Finding(State.LOOK, said, how)
