"""Reading isp.toml and plans.toml: once, whole, and refused with every path and fix."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from billing.config.sections import Isp
from billing.core.catalog import BadPrice, Offering, price_version_from
from billing.core.catalog.fields import list_of, refuse_unknown, text_of
from billing.core.errors import BillingError
from billing.core.ids import derived_id

# The import root: the repository, and /var/task in a Lambda function.
ROOT = Path(__file__).resolve().parent.parent.parent

# Offerings of plans.toml have no birth: their ids follow from their codes alone.
_NO_BIRTH = datetime(1970, 1, 1, tzinfo=UTC)


class BadConfig(BillingError):
    """A file that cannot describe an ISP. The text lists each path with its problem and its fix."""

    def __init__(self, file: Path, problems: Sequence[str]) -> None:
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{file.name} cannot be used:{listed}")
        self.file, self.problems = file, tuple(problems)


def load_isp(path: Path | None = None) -> Isp:
    """Read isp.toml at the import root (or at `path`). BadConfig lists all that is wrong."""
    file = path or ROOT / "isp.toml"
    return _isp(file, _state_of(file))


def load_plans(path: Path | None = None) -> tuple[Offering, ...]:
    """Read plans.toml at the import root (or at `path`): the offerings a new deployment imports."""
    file = path or ROOT / "plans.toml"
    return _plans(file, _state_of(file))


# A page asks for the configuration many times: it is parsed again only when the file has changed.
@lru_cache(maxsize=8)
def _isp(file: Path, state: tuple[int, int]) -> Isp:
    try:
        return Isp.model_validate(_toml(file))
    except ValidationError as error:
        raise BadConfig(file, _problems(error)) from None


@lru_cache(maxsize=8)
def _plans(file: Path, state: tuple[int, int]) -> tuple[Offering, ...]:
    data = _toml(file)
    if list(data) != ["offerings"]:
        raise BadConfig(file, ["list what is sold, each under [[offerings]], and nothing else"])
    try:
        entries = list_of(data, "offerings", "plans")
    except BadPrice as error:
        raise BadConfig(file, [str(error)]) from None
    offerings: list[Offering] = []
    problems: list[str] = []
    codes = [str(entry.get("code")) for entry in entries]
    for place, entry in enumerate(entries):
        try:
            offerings.append(_offering(entry, f"offerings[{place}]", codes))
        except BadPrice as error:
            problems.append(str(error))
    problems += [
        f"offerings: {code!r} is used twice; give each offering its own code"
        for code in sorted({code for code in codes if codes.count(code) > 1})
    ]
    if problems:
        raise BadConfig(file, problems)
    return tuple(offerings)


def _offering(entry: Mapping[str, Any], path: str, codes: Sequence[str]) -> Offering:
    refuse_unknown(entry, ("code", "name", "versions"), path)
    code, name = text_of(entry, "code", path), text_of(entry, "name", path)
    id = _id_of(code)
    versions = tuple(
        price_version_from(
            {
                "offering_id": id,
                "name": name,
                "version": place + 1,
                **_with_children(version, f"{path}.versions[{place}]", codes),
            },
            f"{path}.versions[{place}]",
        )
        for place, version in enumerate(list_of(entry, "versions", path))
    )
    return Offering(id, name, versions, code)


def _with_children(
    version: Mapping[str, Any], path: str, codes: Sequence[str]
) -> Mapping[str, Any]:
    """The version with its children by id: in the file they are named by their offering's code."""
    if "children" not in version:
        return version
    children: list[Mapping[str, Any]] = []
    for place, child in enumerate(list_of(version, "children", path)):
        here = f"{path}.children[{place}]"
        code = text_of(child, "offering", here)
        if code not in codes:
            near = get_close_matches(code, codes, n=1)
            fix = f"did you mean {near[0]}?" if near else "write the code of an offering"
            raise BadPrice(f"{here}.offering", f"{code!r} is no offering", fix)
        rest = {field: value for field, value in child.items() if field != "offering"}
        children.append({**rest, "offering_id": _id_of(code)})
    return {**version, "children": children}


def _id_of(code: str) -> str:
    return derived_id("ofr", _NO_BIRTH, code)


def _state_of(file: Path) -> tuple[int, int]:
    try:
        stat = file.stat()
    except FileNotFoundError:
        raise BadConfig(file, [f"{file} does not exist; copy the one of the repository"]) from None
    return stat.st_mtime_ns, stat.st_size


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    # ValueError: not TOML, not UTF-8, or a number of 5,000 digits
    except (ValueError, RecursionError) as error:
        raise BadConfig(file, [f"it is not TOML: {error}"]) from None


def _problems(error: ValidationError) -> list[str]:
    """Pydantic's findings as lines of path, problem and fix."""
    lines: list[str] = []
    for found in error.errors():
        path = "".join(
            f"[{part}]" if isinstance(part, int) else f".{part}" for part in found["loc"]
        ).lstrip(".")
        match found["type"]:
            case "extra_forbidden":
                known = _fields_at(found["loc"][:-1])
                lines.append(
                    f"{path}: there is no such field; {_meant(str(found['loc'][-1]), known)}"
                )
            case "missing":
                lines.append(f"{path}: it is missing; write it")
            case "value_error":
                text = str(found["ctx"]["error"]) if "ctx" in found else found["msg"]
                lines += [f"{path}: {line}" if path else line for line in text.split("\n")]
            case "too_short" if found["input"]:
                pass  # entries were refused one by one above
            case _:
                lines.append(f"{path}: {found['input']!r} is wrong; {found['msg']}")
    return lines


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """The names a section knows, found by walking the models along an error's location."""
    model: type[BaseModel] = Isp
    for part in location:
        if isinstance(part, str):
            kind: Any = model.model_fields[part].annotation
            model = kind if isinstance(kind, type) else get_args(kind)[0]
    return list(model.model_fields)


def _meant(field: str, known: Sequence[str]) -> str:
    near = get_close_matches(field, known, n=1)
    return f"did you mean {near[0]}?" if near else f"the fields are {', '.join(known)}"
