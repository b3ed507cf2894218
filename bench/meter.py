"""Every AWS call of this process: counted by operation, in bytes and units, and played back.

The hooks stand in botocore's own list of handlers, first, as moto's do: the program is not changed.
Units follow from what is sent and answered by the rules of `units`; the image that a write replaces
is remembered from the writes before it, so a meter must see a table from its beginning.
"""

import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, fields
from fractions import Fraction
from itertools import repeat
from typing import Any

import botocore.handlers
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from moto.core.models import botocore_stubber

from bench.units import Item, index_units, item_bytes, read_units, write_units

Key = tuple[str, str, str]  # table, pk, sk


@dataclass(slots=True)
class Counts:
    """What a piece of work asked of AWS. Fractions are shares: of an invoice, of a record."""

    calls: Counter[str] = field(default_factory=Counter)  # by operation: "dynamodb.PutItem"
    writes: Counter[str] = field(default_factory=Counter)  # write units of tables, by operation
    index_units: Fraction | int = 0  # write units of gsi1
    read_units: Fraction | float = 0
    bytes_sent: Fraction | int = 0  # bodies of requests
    items_written: Fraction | int = 0
    stored_bytes: Fraction | int = 0  # by which tables grew

    @property
    def total_calls(self) -> Fraction | int:
        return sum(self.calls.values())

    @property
    def write_units(self) -> Fraction | int:
        """Of the tables, without the index."""
        return sum(self.writes.values())

    def plus(self, other: "Counts", sign: int = 1) -> "Counts":
        pairs = ((getattr(self, one.name), getattr(other, one.name)) for one in fields(self))
        return Counts(*(_added(mine, theirs, sign) for mine, theirs in pairs))

    def minus(self, other: "Counts") -> "Counts":
        return self.plus(other, -1)

    def times(self, factor: Fraction | int) -> "Counts":
        return Counts(*(_added(0, getattr(self, one.name), factor) for one in fields(self)))

    def divided(self, by: int) -> "Counts":
        """The share of one of so many, exact."""
        return self.times(Fraction(1, by))


def _added(mine: Any, theirs: Any, factor: Fraction | int) -> Any:
    if isinstance(theirs, Counter):
        mine = mine or Counter()
        both = {name: mine[name] + factor * theirs[name] for name in mine | theirs}
        return Counter({name: number for name, number in both.items() if number})
    return mine + factor * (Fraction(theirs) if isinstance(theirs, float) else theirs)


@dataclass(frozen=True, slots=True)
class Answer:
    """What AWS said to one call."""

    operation: str
    status: int
    headers: dict[str, str]
    body: bytes


_END = Answer("the end", 500, {}, b"")


class TapeDiffers(Exception):
    """Played back, the program called something else than when it was recorded."""


class _Raw(io.BytesIO):
    """A body as botocore takes it from urllib3."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


class _Bus:
    images: dict[Key, Item] = {}  # noqa: RUF012  what is stored, as far as this process wrote it
    counting: Counts | None = None
    recording: list[Answer] | None = None
    playing: Iterator[Answer | None] | None = None
    sent: Any = None  # the request under way: one thread, one call


def install() -> None:
    """Put the hooks around every client made from now on. Once."""
    register = botocore.handlers.BUILTIN_HANDLERS
    if not any(handler is _sent for _, handler, *_ in register):
        register.append(("before-send", _sent, botocore.handlers.REGISTER_FIRST))
        register.append(("response-received", _answered, botocore.handlers.REGISTER_FIRST))


def forget() -> None:
    """Begin with empty tables."""
    _Bus.images = {}


def counted(action: Callable[[], Any]) -> Counts:
    """What the action asks of AWS. It runs."""
    _Bus.counting = counts = Counts()
    try:
        action()
    finally:
        _Bus.counting = None
    return counts


def recorded(action: Callable[[], Any]) -> list[Answer]:
    """What AWS answers to the calls of the action, in order. It runs."""
    _Bus.recording = tape = []
    try:
        action()
    finally:
        _Bus.recording = None
    return tape


@contextmanager
def played(tape: Iterable[Answer | None]) -> Iterator[None]:
    """Within, AWS answers as on the tape: what is timed is our code and the SDK, no emulator."""
    moto, _Bus.playing = botocore_stubber.enabled, iter(tape)
    botocore_stubber.enabled = False
    try:
        yield
    finally:
        botocore_stubber.enabled, _Bus.playing = moto, None


def agreed() -> AbstractContextManager[None]:
    """Within, AWS takes every write and says nothing: for writes that need no answer."""
    return played(repeat(None))


def _sent(request: Any, event_name: str, **_: Any) -> AWSResponse | None:
    _Bus.sent = request
    if _Bus.playing is None:
        return None
    operation = event_name.removeprefix("before-send.")
    answer = next(_Bus.playing, _END)
    if answer is None:
        answer = Answer(operation, 200, {}, b"{}")
    if answer.operation != operation:
        raise TapeDiffers(f"{operation} was called, the tape has {answer.operation}")
    return AWSResponse(request.url, answer.status, answer.headers, _Raw(answer.body))


def _answered(
    response_dict: dict[str, Any] | None, parsed_response: Any, event_name: str, **_: Any
) -> None:
    if response_dict is None or (_Bus.counting is None and _Bus.recording is None):
        return
    operation = event_name.removeprefix("response-received.")
    status, counts = response_dict["status_code"], _Bus.counting or Counts()
    counts.calls[operation] += 1
    counts.bytes_sent += int(_Bus.sent.headers.get("Content-Length", 0))
    if operation.startswith("dynamodb."):
        sent, answer = json.loads(_Bus.sent.body), json.loads(response_dict["body"])
        _count(counts, operation, sent, answer, status)
    if _Bus.recording is not None:
        body = _body(response_dict, parsed_response)
        headers = {str(name): str(value) for name, value in response_dict["headers"].items()}
        _Bus.recording.append(Answer(operation, status, headers, body))


def _body(response_dict: dict[str, Any], parsed_response: Any) -> bytes:
    """The bytes of an answer; a stream is read and handed on as a new one."""
    if isinstance(response_dict["body"], bytes):
        return response_dict["body"]
    body = parsed_response["Body"].read()
    parsed_response["Body"] = StreamingBody(_Raw(body), len(body))
    return body


def _count(counts: Counts, operation: str, sent: Any, answer: Any, status: int) -> None:
    for verb, table, write, times in _writes(operation, sent):
        counts.items_written += 1
        counts.writes[operation] += times * _write(counts, verb, table, write, status)
    if status >= 300:  # nothing was read
        return
    for items, consistent in _reads(operation, sent, answer):
        size = sum(item_bytes(item) for item in items)
        counts.read_units += read_units(size, consistent=consistent)


def _writes(operation: str, sent: Any) -> Iterator[tuple[str, str, Any, int]]:
    """Each write of a call: its verb, table and body, and how many times it is charged."""
    match operation:
        case "dynamodb.PutItem" | "dynamodb.UpdateItem" | "dynamodb.DeleteItem":
            verb = operation.removeprefix("dynamodb.").removesuffix("Item")
            yield verb, sent["TableName"], sent, 1
        case "dynamodb.BatchWriteItem":
            for table, requests in sent["RequestItems"].items():
                for request in requests:
                    ((verb, write),) = request.items()
                    yield verb.removesuffix("Request"), table, write, 1
        case "dynamodb.TransactWriteItems":
            for action in sent["TransactItems"]:
                ((verb, write),) = action.items()
                yield verb, write["TableName"], write, 2


def _reads(operation: str, sent: Any, answer: Any) -> Iterator[tuple[list[Item], bool]]:
    """What a call reads together: an item, or a page of a query."""
    match operation:
        case "dynamodb.GetItem":
            yield [answer["Item"]] if "Item" in answer else [], sent.get("ConsistentRead", False)
        case "dynamodb.Query":
            yield answer["Items"], sent.get("ConsistentRead", False)
        case "dynamodb.BatchGetItem":
            for table, keys in sent["RequestItems"].items():
                found = answer["Responses"].get(table, [])
                missing = len(keys["Keys"]) - len(found)
                for items in [*([item] for item in found), *([[]] * missing)]:
                    yield items, keys.get("ConsistentRead", False)


def _write(counts: Counts, verb: str, table: str, write: Any, status: int) -> int:
    """The units of one write; its image is remembered. A refused write is charged as well."""
    keyed = write.get("Item") or write["Key"]
    key = (table, keyed["pk"]["S"], keyed["sk"]["S"])
    old = _Bus.images.get(key)
    new = None if verb == "Delete" else write["Item"] if verb == "Put" else _updated(old, write)
    if status == 200:
        counts.index_units += index_units(old, new)
        counts.stored_bytes += (item_bytes(new) if new else 0) - (item_bytes(old) if old else 0)
        if new is None:
            _Bus.images.pop(key, None)
        else:
            _Bus.images[key] = new
    return write_units(old, new)


def _updated(old: Item | None, write: Any) -> Item:
    """An image as large as an update makes it: the key, and each name with the value it is set."""
    names, values = write.get("ExpressionAttributeNames", {}), write["ExpressionAttributeValues"]
    pairs = re.findall(r"([#\w]+)\s*=?\s*(:\w+)", write["UpdateExpression"])
    changed = {names.get(name, name): values[value] for name, value in pairs}
    return {**(old or write["Key"]), **changed}
