"""Inputs that were valid once: bent at one to four places, from a seed, so that a finding repeats.

Random noise stops at the first check of a parser; what is nearly right reaches all of them.
Hypothesis chooses where to start (and raw noise besides); each start is bent many times, because
drawing every bend by itself costs thirty times the parsers' own time.
"""

import json
import traceback
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.effort import WHOLE

# For each parser 1,200 bent inputs in `make test`, 10,000 in `make long`; and raw noise besides.
STARTS, BENDS = 100 if WHOLE else 12, 100

NUMBERS = (
    0, -1, 1, 31, 32, 2**31, 2**32 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**12, 10**40,
    -(10**40), -0.0, 0.1, 1.5, 1e16, float("inf"), float("-inf"), float("nan"), True, False,
)  # fmt: skip
TEXTS = (
    "", " ", "\x00", "a\x00b", "\n", "a\nb", "\r\n", "\t", "\x1b[2J", "\ud800", "a\udfffb",
    "\ufeff", "\u202e", "\u200b", "é" * 300, "\U0001f600" * 300, "a" * 5_000, "9" * 5_000,
    "-" + "9" * 5_000, "0." + "0" * 5_000 + "1", "１２", "٣٤", "1_000", "+1", " 1", "1 ", "-0",
    "-0.00", "00012", "0x10", "0b1", "1e5", "1E-5", "1e309", "1e999999999", "Infinity", "-inf",
    "NaN", "nan", "½", "1,5", "1.", ".5", "--1", "2026-02-30", "2026-13-01", "0000-00-00",
    "0001-01-01", "9999-12-31", "10000-01-01", "2026-W01-1", "2026-001", "20261101", "1700000000",
    "86400", "2026-1-1", "01/02/2026", "2026-11-01T00:00:00", "2026-11-01T00:00:00Z",
    "2026-11-01t00:00:00z", "2026-11-01 00:00:00Z", "2026-11-01T24:00:00Z",
    "2026-11-01T23:59:60Z", "2026-11-01T00:00:00+24:00", "20261101T000000Z",
    "2026-11-01T00:00:00.123456789Z", "2026-11-01T00:00:00,5Z", "2026-11-01T00:00:00+00:00:30",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "2026-11-01T00:00:00-99:99",
    "２０２６-11-01",
    "=cmd|' /C calc'!A0", "@SUM(1)", "../../etc/passwd", "%00", "a#b", "a:b", "еur",
    "EUR", "XXX", "eur", "true", "null", "[]", "{}", '"', "'", "\\", "\\u0000", ",", ";", "|",
    "a@b", "user:", "mac:00:11:22:33:44:55", "IE", "Europe/Dublin", "../Dublin", "Europe/\x00",
    "EUROPE",
)  # fmt: skip
DEPTHS = (3, 100, 900, 960, 990, 5_000)


def bent(value: Any, draw: Random) -> Any:
    """A JSON value with one to four places changed; the value itself stays as it is."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        value = _bent_once(value, draw)
    return value


def bent_fields(fields: dict[str, Any], draw: Random) -> dict[str, Any]:
    """As bent; it stays an object, for parsers whose caller has made sure of that."""
    found = bent(fields, draw)
    return found if isinstance(found, dict) else {**fields, draw.choice(list(fields)): found}


def bent_text(text: str, draw: Random) -> str:
    """A text with one to four slips: cut, doubled, flipped, overwritten with something hostile."""
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        text = _slip(text, draw)
    return text


def bent_octets(data: bytes, draw: Random) -> bytes:
    """Octets with one to eight changes: bits flipped, runs cut, repeated or overwritten."""
    for _ in range(draw.choice((1, 1, 2, 4, 8))):
        data = _scratch(data, draw)
    return data


def bent_json(value: Any, draw: Random) -> bytes:
    """The JSON of a bent value, and sometimes JSON that is bent itself."""
    try:
        data = json.dumps(bent(value, draw), ensure_ascii=draw.random() < 0.9).encode()
    except (ValueError, RecursionError):  # too deep to be written, or half a surrogate pair
        data = json.dumps(value).encode()
        return data[:1] + b'"x":' + _deep_json(draw) + b"," + data[1:]
    return bent_octets(data, draw) if draw.random() < 0.2 else data


def survives(
    parse: Callable[[Any], Any],
    bend: Callable[[Random], Any],
    *refusals: type[BaseException],
    noise: st.SearchStrategy[Any] | None = None,
    starts: int = STARTS,
) -> None:
    """Every input ends in a value or in one of the parser's own refusals; and both do happen."""
    seen = {"value": 0, "refusal": 0}
    escaped: dict[str, str] = {}

    def ask(given_input: Any) -> None:
        try:
            parse(given_input)
        except refusals:
            seen["refusal"] += 1
        except Exception as error:  # noqa: BLE001 - whatever is no refusal of the parser's own
            place = traceback.extract_tb(error.__traceback__)[-1]
            shown = repr(given_input)
            cut = shown if len(shown) < 600 else f"{shown[:400]} … {shown[-100:]}"
            where = f"{type(error).__name__} in {place.filename}:{place.lineno}"
            escaped.setdefault(where, f"{cut} ({str(error)[:100]})")
        else:
            seen["value"] += 1

    @settings(max_examples=starts, derandomize=True, database=None)
    @given(st.integers(0, 2**32), st.none() if noise is None else noise)
    def ask_all(seed: int, raw: Any) -> None:
        draw = Random(seed)
        for _ in range(BENDS):
            ask(bend(draw))
        if noise is not None:
            ask(raw)

    ask_all()
    assert not escaped, "\n".join(f"{where}\n    for {what}" for where, what in escaped.items())
    assert sum(seen.values()) >= starts * BENDS
    if refusals:
        assert min(seen.values()) > starts, seen


def _bent_once(value: Any, draw: Random) -> Any:
    if isinstance(value, dict) and value and draw.random() < 0.85:
        name = draw.choice(list(value))
        match draw.randrange(8):
            case 0:
                return {key: one for key, one in value.items() if key != name}
            case 1:
                return {**value, _any_text(draw): value[name]}
            case 2:
                return {(draw.choice(TEXTS) if k == name else k): v for k, v in value.items()}
            case _:
                return {**value, name: _bent_once(value[name], draw)}
    if isinstance(value, list) and value and draw.random() < 0.85:
        place = draw.randrange(len(value))
        match draw.randrange(6):
            case 0:
                return value[:place] + value[place + 1 :]
            case 1:
                return [*value, value[place]]
            case _:
                return [*value[:place], _bent_once(value[place], draw), *value[place + 1 :]]
    return _another(value, draw)


def _another(value: Any, draw: Random) -> Any:
    match draw.randrange(9):
        case 0:
            return None
        case 1 | 2:
            return draw.choice(NUMBERS)
        case 3:
            return draw.choice(([], {}, [value], {"value": value}, [[]], [None] * 300))
        case 4 if draw.random() < 0.2:
            return _deep(draw)
        case 5 if isinstance(value, str):
            return _slip(value, draw)
        case 6 if isinstance(value, int):
            return value * draw.choice((-1, 2, 1000, 0.5))
        case 7 if isinstance(value, int | float):
            return str(value)
        case _:
            return draw.choice(TEXTS)


def _any_text(draw: Random) -> str:
    return draw.choice(("__proto__", "__class__", "id", "version", "balance", *TEXTS))


def _deep(draw: Random) -> Any:
    value: Any = "x"
    for _ in range(draw.choice(DEPTHS[:-1])):
        value = [value] if draw.random() < 0.5 else {"a": value}
    return value


def _deep_json(draw: Random) -> bytes:
    depth = draw.choice(DEPTHS)
    left, right = draw.choice(((b"[", b"]"), (b'{"a":', b"}")))
    return left * depth + b"1" + right * depth


def _slip(text: str, draw: Random) -> str:
    at, until = sorted((draw.randint(0, len(text)), draw.randint(0, len(text))))
    until = min(until, at + 8)
    match draw.randrange(7):
        case 0:
            return text[:at] + text[until:]
        case 1:
            return text[:at]
        case 2:
            return text[:until] + text[at:]
        case 3 if text:
            place = min(at, len(text) - 1)
            flipped = chr(ord(text[place]) ^ 1 << draw.randrange(7))
            return text[:place] + flipped + text[place + 1 :]
        case 4:
            return text.translate({48 + n: 0xFF10 + n for n in range(10)})
        case 5:
            return draw.choice((text.upper(), text.lower(), " " + text, text + "\n", "+" + text))
        case _:
            return text[:at] + draw.choice(TEXTS) + text[until:]


def _scratch(data: bytes, draw: Random) -> bytes:
    at, until = sorted((draw.randint(0, len(data)), draw.randint(0, len(data))))
    until = min(until, at + 16)
    match draw.randrange(6):
        case 0:
            return data[:at] + data[until:]
        case 1:
            return data[:at]
        case 2:
            return data[:until] + data[at:]
        case 3:
            return data[:at] + draw.randbytes(until - at) + data[until:]
        case 4:
            hostile = draw.choice(
                (b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"9" * 5000)
            )
            return data[:at] + hostile + data[until:]
        case _:
            if not data:
                return b"\xff"
            place = min(at, len(data) - 1)
            return data[:place] + bytes((data[place] ^ 1 << draw.randrange(8),)) + data[place + 1 :]


def each(*bends: Callable[[Random], Any]) -> Callable[[Random], Any]:
    """One of several ways to bend, by chance."""
    return lambda draw: draw.choice(bends)(draw)
