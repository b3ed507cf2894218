"""Condition, filter and key condition expressions of DynamoDB, read once and evaluated often."""

import base64
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

Value = dict[str, Any]  # one typed value as on the wire: {"S": "…"}, {"N": "1"}, {"B": base64}
Item = Mapping[str, Value]
Evaluate = Callable[[Item, Mapping[str, str], Mapping[str, Value]], Any]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[#:]?[A-Za-z0-9_.-]+)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


class BadExpression(Exception):
    """An expression that is not in the subset, or not DynamoDB's grammar."""


def holds(
    expression: str | None,
    item: Item | None,
    names: Mapping[str, str] | None,
    values: Mapping[str, Value] | None,
) -> bool:
    """Whether an expression is true of an item; None stands for an item that is not there."""
    if not expression:
        return True
    return bool(parse(expression)(item or {}, names or {}, values or {}))


def comparable(value: Value) -> tuple[str, Any]:
    """A value as it sorts and compares within its type: numbers as numbers, text as its octets."""
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind == "S":
        return kind, content.encode()
    if kind == "B":
        return kind, base64.b64decode(content)
    return kind, content


@lru_cache(maxsize=4096)
def parse(expression: str) -> Evaluate:
    """An expression as a function of an item, names and values. Raises BadExpression."""
    parser = _Parser(_tokens(expression))
    found = parser.either()
    if parser.rest:
        raise BadExpression(f"{expression}: cannot read from {parser.rest[0]!r}")
    return found


def _tokens(expression: str) -> list[str]:
    found, at = [], 0
    text = expression.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadExpression(f"{expression}: cannot read from {text[at:]!r}")
        found.append(match[1])
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens

    def either(self) -> Evaluate:
        left = self.both()
        while self._next_is("OR"):
            left = _any_of(left, self.both())
        return left

    def both(self) -> Evaluate:
        left = self.negated()
        while self._next_is("AND"):
            left = _all_of(left, self.negated())
        return left

    def negated(self) -> Evaluate:
        if self._next_is("NOT"):
            inner = self.negated()
            return lambda item, names, values: not inner(item, names, values)
        if self._next_is("("):
            inner = self.either()
            self._expect(")")
            return inner
        return self.predicate()

    def predicate(self) -> Evaluate:
        word = self._take()
        if self.rest and self.rest[0] == "(":
            return self.function(word)
        left = _operand(word)
        verb = self._take()
        if verb.upper() == "BETWEEN":
            low = _operand(self._take())
            self._expect("AND")
            high = _operand(self._take())
            return _all_of(_compared(">=", left, low), _compared("<=", left, high))
        if verb.upper() == "IN":
            return self.one_of(left)
        if verb not in _COMPARE:
            raise BadExpression(f"{verb!r} is no comparison")
        return _compared(verb, left, _operand(self._take()))

    def one_of(self, left: Evaluate) -> Evaluate:
        self._expect("(")
        found = _compared("=", left, _operand(self._take()))
        while self._next_is(","):
            found = _any_of(found, _compared("=", left, _operand(self._take())))
        self._expect(")")
        return found

    def function(self, name: str) -> Evaluate:
        self._expect("(")
        arguments = [_operand(self._take())]
        while self._next_is(","):
            arguments.append(_operand(self._take()))
        self._expect(")")
        if name not in _FUNCTIONS:
            raise BadExpression(f"{name} is not in the subset")
        call = _FUNCTIONS[name]
        return lambda item, names, values: call(
            *(argument(item, names, values) for argument in arguments)
        )

    def _take(self) -> str:
        if not self.rest:
            raise BadExpression("the expression ends too early")
        return self.rest.pop(0)

    def _next_is(self, word: str) -> bool:
        if self.rest and self.rest[0].upper() == word:
            self.rest.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._next_is(word):
            raise BadExpression(f"expected {word}, found {self.rest[:1]}")


def _begins_with(value: Value | None, start: Value | None) -> bool:
    if value is None or start is None:
        return False
    (kind, content), (other, prefix) = comparable(value), comparable(start)
    return kind == other and kind in "SB" and content.startswith(prefix)


_FUNCTIONS: dict[str, Callable[..., bool]] = {
    "attribute_exists": lambda value: value is not None,
    "attribute_not_exists": lambda value: value is None,
    "begins_with": _begins_with,
}


def _operand(word: str) -> Evaluate:
    if word.startswith(":"):
        return lambda item, names, values: values[word]
    if word.startswith("#"):
        return lambda item, names, values: item.get(names[word])
    return lambda item, names, values: item.get(word)


def _compared(verb: str, left: Evaluate, right: Evaluate) -> Evaluate:
    test = _COMPARE[verb]

    def compare(item: Item, names: Mapping[str, str], values: Mapping[str, Value]) -> bool:
        a, b = left(item, names, values), right(item, names, values)
        if a is None or b is None:
            return verb == "<>" and a is not b
        (kind, one), (other_kind, other) = comparable(a), comparable(b)
        if kind != other_kind:
            return verb == "<>"
        return test(one, other)

    return compare


def _any_of(one: Evaluate, other: Evaluate) -> Evaluate:
    return lambda item, names, values: one(item, names, values) or other(item, names, values)


def _all_of(one: Evaluate, other: Evaluate) -> Evaluate:
    return lambda item, names, values: one(item, names, values) and other(item, names, values)
