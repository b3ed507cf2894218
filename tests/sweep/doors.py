"""What the tests of the two doors share: the place with a processor and signed-in people."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sweep import portal
from tests.sweep.account import account
from tests.sweep.scenario import Place


@contextmanager
def doors(tmp_path: Path) -> Iterator[Place]:
    with account(tmp_path) as aws, portal.furnished(aws) as place:
        yield place
