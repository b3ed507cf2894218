"""isp.toml and plans.toml, bent: an ISP, or BadConfig with the path of what is wrong."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from billing.config.load import ROOT, BadConfig, load_isp, load_plans
from tests.fuzz.mutations import bent_octets, bent_text, each, survives


@pytest.mark.parametrize(("load", "name"), [(load_isp, "isp.toml"), (load_plans, "plans.toml")])
def test_a_configuration_is_read_or_refused_with_its_path(
    tmp_path: Path, load: Callable[[Path], Any], name: str
):
    text = (ROOT / name).read_text("utf-8")
    lines = text.splitlines()
    numbers = [number for number, line in enumerate(lines) if "=" in line]

    def one_value(draw: Random) -> bytes:
        place = draw.choice(numbers)
        key, _, value = lines[place].partition("=")
        written = f"{key}={bent_text(value, draw)}"
        return "\n".join([*lines[:place], written, *lines[place + 1 :]]).encode("utf-8", "replace")

    def one_line(draw: Random) -> bytes:
        place, other = draw.randrange(len(lines)), draw.randrange(len(lines))
        moved = [*lines[:place], lines[other], *lines[place + draw.randrange(2) :]]
        return "\n".join(moved).encode()

    def read(content: bytes) -> None:
        # A new name for each: what was read is kept by name, time and size.
        read.count += 1  # type: ignore[attr-defined]
        file = tmp_path / f"{read.count}.toml"  # type: ignore[attr-defined]
        file.write_bytes(content)
        try:
            load(file)
        except BadConfig as error:
            raise error if error.problems and all(error.problems) else AssertionError from None
        finally:
            file.unlink()

    read.count = 0  # type: ignore[attr-defined]
    survives(
        read,
        each(one_value, one_value, one_line, lambda draw: bent_octets(text.encode(), draw)),
        BadConfig,
        starts=25,  # a file takes a millisecond and a half, and only its owner writes it
    )
