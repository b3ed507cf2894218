"""An allowance burnt in the most naive way: one chunk after the other, hour by hour.

It shares no code with the simulator: every chunk looks at all grants and at the clock anew.
"""

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from fractions import Fraction
from math import ceil
from zoneinfo import ZoneInfo

CHUNK = 100  # octets; sizes and usage in the tests are multiples of it
HOUR = timedelta(hours=1)


@dataclass
class Batch:
    place: int
    chunks: int
    since: object
    until: object  # None: never, or rolled over
    rolled: int = 0
    bought: bool = False


@dataclass
class Naive:
    """Runs periods one after the other; `pays` counts chunks by (hour, service, who, speed)."""

    price: object
    zone: str
    batches: list = field(default_factory=list)
    pays: dict = field(default_factory=dict)
    bought: list = field(default_factory=list)
    overage: list = field(default_factory=list)  # chunks of each period

    def period(self, period, usage, purchases):
        terms = self.price.model
        start, end = period.span.start, period.span.end
        self.counted, self.over, self.top_ups = 0, 0, 0
        for place, bucket in enumerate(terms.buckets):
            if bucket.size is not None and bucket.price is None:
                self._grant(place, start, period)
        sums = [0, 0]
        hour = start
        while hour < end:
            for purchase in purchases:
                if hour - HOUR < purchase.at <= hour:
                    self._purchase(purchase, period)
            here = [part for part in usage if part.start == hour]
            for service_id in sorted({part.service_id for part in here}):
                mine = [part for part in here if part.service_id == service_id]
                octets = self._octets(mine, sums)
                for _ in range(octets // CHUNK):
                    self._chunk(hour, service_id, period)
            hour += HOUR
        self.overage.append(self.over)
        self._close(end)

    def due(self, place):
        """Minor units for the overage of a period."""
        terms = self.price.model.overage
        units = Fraction(self.overage[place] * CHUNK, 1000)  # the tests use kB
        if hasattr(terms, "block_size"):
            blocks = ceil(max(0, units - terms.included) / terms.block_size)
            due = blocks * terms.block_price
            return due if terms.ceiling is None else min(due, terms.ceiling)
        return max(0, units - terms.included) * terms.per_unit

    def left(self):
        """What is left: {(bucket, until, rolled, bought): octets}."""
        found = {}
        for batch in self.batches:
            code = self.price.model.buckets[batch.place].code
            key = (code, batch.until, batch.rolled, batch.bought)
            if batch.chunks:
                found[key] = found.get(key, 0) + batch.chunks * CHUNK
        return found

    def _octets(self, parts, sums):
        before = max(sums)
        for part in parts:
            sums[0] += part.octets_in
            sums[1] += part.octets_out
        up = sum(part.octets_in for part in parts)
        down = sum(part.octets_out for part in parts)
        direction = self.price.direction
        if direction == "larger":
            return max(sums) - before
        return {"up": up, "down": down, "both": up + down}[direction]

    def _chunk(self, hour, service_id, period):
        terms = self.price.model
        who, plain = self._payer(hour, period)
        speed = ""
        if plain:
            for step in terms.speeds:
                if self.counted >= step.above * 1000 / CHUNK:
                    speed = step.policy
            self.counted += 1
        if who == "overage":
            self.over += 1
        key = (hour, service_id, who, speed)
        self.pays[key] = self.pays.get(key, 0) + CHUNK

    def _payer(self, hour, period):
        """Who pays the next chunk, and whether it counts for speeds."""
        terms = self.price.model
        for place, bucket in enumerate(terms.buckets):
            if not self._open(bucket, hour):
                continue
            if bucket.size is None:
                return bucket.code, bucket.window is None
            usable = [
                batch
                for batch in self.batches
                if batch.place == place
                and batch.chunks
                and (batch.until is None or hour < batch.until)
            ]
            if usable:
                batch = min(usable, key=lambda one: self._turn(one, bucket))
                batch.chunks -= 1
                plain = bucket.window is None and bucket.price is None and not batch.rolled
                return bucket.code, plain
        if terms.after == "top-up" and self.top_ups < terms.top_up.at_most:
            self.top_ups += 1
            place = [bucket.code for bucket in terms.buckets].index(terms.top_up.bucket)
            self.bought.append(terms.top_up.bucket)
            self._grant(place, hour, period)
            return self._payer(hour, period)
        return {"charge": "overage", "slow": "slow"}.get(terms.after, "stopped"), True

    def _turn(self, batch, bucket):
        own = 1
        rolled = 2 if bucket.rollover and bucket.rollover.burnt == "last" else 0
        forever = batch.until is None
        return (
            rolled if batch.rolled else own,
            batch.rolled,
            forever,
            0 if forever else batch.until,
            batch.since,
        )

    def _open(self, bucket, hour):
        if bucket.window is None:
            return True
        clock = hour.astimezone(ZoneInfo(self.zone))
        start, end = bucket.window.start // 60, bucket.window.end // 60
        if start < end:
            return clock.weekday() in bucket.window.days and start <= clock.hour < end
        if clock.hour >= start:
            return clock.weekday() in bucket.window.days
        return clock.hour < end and (clock.weekday() - 1) % 7 in bucket.window.days

    def _grant(self, place, at, period):
        bucket = self.price.model.buckets[place]
        chunks = int(bucket.size * 1000 / CHUNK)
        until = self._until(bucket.validity, at, period)
        self.batches.append(Batch(place, chunks, at, until, bought=bucket.price is not None))

    def _purchase(self, purchase, period):
        for place, bucket in enumerate(self.price.model.buckets):
            if bucket.code == purchase.code and bucket.price is not None:
                self._grant(place, purchase.at, period)

    def _until(self, validity, at, period):
        if validity is None or validity.unit == "period":
            return period.span.end
        if validity.unit == "never":
            return None
        if validity.unit == "hours":
            return at + validity.count * HOUR
        if validity.unit == "days":
            return at + validity.count * 24 * HOUR
        clock = at.astimezone(ZoneInfo(self.zone)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        return (clock + timedelta(days=validity.count)).astimezone(UTC)

    def _close(self, end):
        kept = []
        for batch in self.batches:
            rollover = self.price.model.buckets[batch.place].rollover
            if batch.rolled:
                batch.rolled -= 1
                if batch.rolled:
                    kept.append(batch)
            elif batch.until is None or batch.until > end:
                kept.append(batch)
            elif rollover is not None and batch.until == end:
                batch.until, batch.rolled = None, rollover.periods
                kept.append(batch)
        self.batches = kept
        self._cap()

    def _cap(self):
        for place, bucket in enumerate(self.price.model.buckets):
            if bucket.rollover is None or bucket.rollover.cap is None:
                continue
            rolled = [one for one in self.batches if one.place == place and one.rolled]
            room = int(bucket.rollover.cap * 1000 / CHUNK)
            while sum(one.chunks for one in rolled) > room:
                first = min(
                    (one for one in rolled if one.chunks), key=lambda o: (o.rolled, o.since)
                )
                first.chunks -= 1
