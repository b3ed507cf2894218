"""Calls of invented telephones and levels of invented ports, as switches report them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from local.people import Person

SLOT = 300  # seconds of a level
LATE = 7  # seconds after which a report is received
HOME_CALLED = "+353214960000"
MOBILE_CALLED = "+353861230000"
ABROAD_CALLED = "+442079460000"
EVENING, MORNING = 20 * 3600, 10 * 3600


def calls_of(person: Person, day: date, start: int, end: int) -> Iterator[dict[str, Any]]:
    """The calls of a telephone that begin and end within some seconds of a day."""
    if not person.number_called_from:
        return
    chance = Random(f"{person.number_called_from}/{day}")
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    for place in range(chance.choice((0, 0, 1, 2, 3))):
        answered = midnight + chance.choice((MORNING, EVENING)) + chance.randint(0, 3600)
        seconds = max(4, int(chance.expovariate(1 / 240)))
        called = chance.choice((HOME_CALLED, HOME_CALLED, MOBILE_CALLED, ABROAD_CALLED))
        if start <= answered and answered + seconds + LATE < end:
            yield {
                "type": "call",
                "call_id": f"{day:%Y%m%d}-{person.number:04d}-{place}",
                "caller": person.number_called_from,
                "called": called,
                "start": _text(answered),
                "seconds": seconds,
                "received_at": _text(answered + seconds + LATE),
            }


def levels_of(person: Person, start: int, end: int) -> Iterator[dict[str, Any]]:
    """The five-minute levels of a port in some seconds: busy at work, quiet at night."""
    if not person.port:
        return
    for at in range(-(-start // SLOT) * SLOT, end - SLOT - LATE, SLOT):
        chance = Random(f"{person.port}/{at}")
        busy = 180 if 8 <= at // 3600 % 24 < 18 else 40
        down = int(chance.lognormvariate(0, 0.35) * busy * 10**6)
        yield {
            "type": "level",
            "nas_id": person.nas_id,
            "port": person.port,
            "at": _text(at),
            "seconds": SLOT,
            "down_bps": min(down, 900 * 10**6),
            "up_bps": min(down // 6, 900 * 10**6),
            "received_at": _text(at + SLOT + LATE),
        }


def _text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).isoformat().replace("+00:00", "Z")
