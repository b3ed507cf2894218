"""Kill the program before or after any one of its AWS calls, the way a machine dies.

    @pytest.mark.parametrize(("call", "when"), deaths(2))     # the action makes two calls
    def test_…(tables, call, when):
        assert killed(action, call, when)                     # it died there
        action()                                              # started again
        assert what must hold

and one more test says that `calls_of(action) == 2`, so that no death is forgotten. The kill is a
BaseException: no handler of errors catches it. "before" dies before the request leaves, "after"
when the answer is lost. Hooks stand in botocore's own list of handlers, as moto's do, so the
program is not changed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

import botocore.handlers

When = Literal["before", "after"]


class Killed(BaseException):
    """The process ended here."""


class _Bus:
    calls: list[str] = []  # noqa: RUF012
    bodies: list[Any] = []  # noqa: RUF012
    at: int | None = None
    when: When = "before"
    meanwhile: Callable[[], Any] | None = None  # instead of dying: what happens before that call


def install() -> None:
    """Put the hooks around every client made from now on. Once, before moto is imported or used."""
    register = botocore.handlers.BUILTIN_HANDLERS
    if any(handler is _before for _, handler, *_ in register):
        return
    register.append(("before-send", _before, botocore.handlers.REGISTER_FIRST))
    register.append(("before-send", _after, botocore.handlers.REGISTER_LAST))


def calls_of(action: Callable[[], Any]) -> int:
    """How many AWS calls the action makes. It runs."""
    _Bus.at, _Bus.calls, _Bus.bodies = None, [], []
    action()
    return len(_Bus.calls)


def deaths(calls: int) -> list[tuple[int, When]]:
    """Every place where an action of so many AWS calls can die."""
    return [(call, when) for call in range(1, calls + 1) for when in ("before", "after")]


def calls_made() -> list[str]:
    """The operations called since the last `calls_of` or `killed_at` began, in order."""
    return list(_Bus.calls)


def killed(action: Callable[[], Any], call: int, when: When) -> bool:
    """Run the action and kill it at its nth call (from 1). False: it ended before that call."""
    with killed_at(call, when) as outcome:
        action()
    return outcome[0]


def sent_by(action: Callable[[], Any]) -> list[tuple[str, Any]]:
    """Each AWS call of the action: its operation and the body that was sent. It runs."""
    _Bus.at, _Bus.calls, _Bus.bodies = None, [], []
    action()
    return list(zip(_Bus.calls, _Bus.bodies, strict=True))


@contextmanager
def meanwhile(call: int, other: Callable[[], Any]) -> Iterator[None]:
    """Within, something else happens just before the nth AWS call (from 1): a race, in order."""
    _Bus.calls, _Bus.bodies, _Bus.at, _Bus.meanwhile = [], [], call, other
    try:
        yield
    finally:
        _Bus.at = _Bus.meanwhile = None


@contextmanager
def killed_at(call: int, when: When) -> Iterator[list[bool]]:
    """Within, the nth AWS call (from 1) is the last. Yields a list whose item tells if it was."""
    outcome = [False]
    _Bus.calls, _Bus.bodies, _Bus.at, _Bus.when = [], [], call, when
    try:
        yield outcome
    except Killed:
        outcome[0] = True
    finally:
        _Bus.at = None


def _before(request: Any, event_name: str, **_: Any) -> None:
    _Bus.bodies.append(request.body)
    _Bus.calls.append(event_name.split(".")[-1])
    if _Bus.at == len(_Bus.calls) and (other := _Bus.meanwhile):
        _Bus.at = _Bus.meanwhile = None
        other()
    elif _Bus.at == len(_Bus.calls) and _Bus.when == "before":
        raise Killed


def _after(request: Any, **_: Any) -> None:
    # Registered last, but moto answers "before-send" with a response, and botocore takes the last
    # answer that is not None after calling every hook: so here the effect has happened.
    if _Bus.at == len(_Bus.calls) and _Bus.when == "after":
        raise Killed
