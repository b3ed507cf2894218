"""Money: whole minor units of one ISO 4217 currency, rounded once, halves away from zero."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from billing.core.errors import BillingError

# half_up: halves away from zero; half_even: to the even neighbour; up: away from zero; down: to it.
Rounding = Literal["half_up", "half_even", "up", "down"]

# ISO 4217, table A.1 (2024): the decimals of each currency. What is not listed is not a currency.
_CODES_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP"
    " BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD"
    " FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD"
    " KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD"
    " NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP"
    " SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED"
    " VES WST XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_MINOR_DIGITS = {
    code: digits for digits, codes in _CODES_BY_DECIMALS.items() for code in codes.split()
}
_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")  # far above any amount


class UnknownCurrency(BillingError):
    """The code is not an ISO 4217 currency."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code[:60]!r} is not a currency: use an ISO 4217 code such as EUR or KES"
        )
        self.code = code


class CurrencyMismatch(BillingError):
    """Two currencies met in one sum."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot be added: an account has one currency for ever")
        self.one, self.other = one, other


class BadAmount(BillingError):
    """The text is not an amount of this currency."""

    def __init__(self, text: object, currency: str, problem: str) -> None:
        super().__init__(f"{str(text)[:60]!r} is not an amount of {currency}: {problem}")
        self.text, self.currency = text, currency


@dataclass(frozen=True, slots=True)
class Money:
    """A sum of money. `minor` counts the smallest unit: 1234 is 12.34 EUR, but 1234 JPY."""

    minor: int
    currency: str

    @classmethod
    def rounded(
        cls, exact_minor: Fraction, currency: str, rounding: Rounding = "half_up"
    ) -> "Money":
        """Every mode is symmetric about zero, so that a credit mirrors its charge to the cent."""
        numerator, denominator = exact_minor.as_integer_ratio()
        if denominator == 1:
            return cls(numerator, currency)
        return cls(round_ratio(numerator, denominator, rounding), currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        return cls(0, currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum of the amounts; of none of them, zero in that currency."""
        minor = 0
        for amount in amounts:
            if amount.currency != currency:
                raise CurrencyMismatch(currency, amount.currency)
            minor += amount.minor
        return cls(minor, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read "12.34" exactly. More decimals than the currency has are refused, never rounded."""
        exact = minor_units(text, currency)
        if exact.denominator != 1:
            raise BadAmount(text, currency, f"{currency} has {minor_digits(currency)} decimals")
        return cls(int(exact), currency)

    @classmethod
    def from_wire(cls, wire: Mapping[str, object]) -> "Money":
        """Read {"value": "12.34", "unit": "EUR"}."""
        value, unit = wire.get("value"), wire.get("unit")
        if not isinstance(unit, str):
            raise UnknownCurrency(str(unit))
        if not isinstance(value, str):
            raise BadAmount(value, unit, 'write decimal text, such as "12.34"')
        return cls.parse(value, unit)

    def to_wire(self) -> dict[str, str]:
        return {"value": self.value, "unit": self.currency}

    @property
    def value(self) -> str:
        """Decimal text with all decimals of the currency: "12.30", "-0.05", "1234"."""
        digits = minor_digits(self.currency)
        if digits == 0:
            return str(self.minor)
        text = str(abs(self.minor)).rjust(digits + 1, "0")
        return f"{'-' if self.minor < 0 else ''}{text[:-digits]}.{text[-digits:]}"

    def times(self, ratio: Fraction) -> "Money":
        """This amount times an exact ratio, rounded once."""
        return Money.rounded(self.minor * ratio, self.currency)

    def __str__(self) -> str:
        return f"{self.value} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(self.currency, other.currency)
        return other.minor


def round_ratio(numerator: int, denominator: int, rounding: Rounding = "half_up") -> int:
    """The whole number that a ratio is rounded to; the denominator is above zero."""
    whole = abs(numerator)
    if rounding == "half_up":
        size = (2 * whole + denominator) // (2 * denominator)
    elif rounding == "down":
        size = whole // denominator
    elif rounding == "up":
        size = -(-whole // denominator)
    else:
        size, rest = divmod(whole, denominator)
        size += 2 * rest > denominator or (2 * rest == denominator and size % 2 == 1)
    return size if numerator >= 0 else -size


def minor_digits(currency: str) -> int:
    """How many decimals the currency has (ISO 4217 exponent): EUR 2, JPY 0, KWD 3."""
    try:
        return _MINOR_DIGITS[currency]
    except KeyError:
        raise UnknownCurrency(currency) from None


def minor_units(text: str, currency: str) -> Fraction:
    """Decimal text as exact minor units, below the minor unit too: "0.0005" EUR is 1/20 cent."""
    digits = minor_digits(currency)
    if not _DECIMAL.fullmatch(text):
        raise BadAmount(text, currency, 'write digits and a point, such as "12.34"')
    return Fraction(text) * 10**digits


def major_text(exact_minor: Fraction, currency: str) -> str:
    """Exact minor units as decimal text with at least the currency's decimals: "0.50", "0.0005".

    The inverse of `minor_units`. Thirds have no decimal text: they are cut with "…".
    """
    digits = minor_digits(currency)
    return decimal_text(exact_minor / 10**digits, decimals_min=digits)


def decimal_text(exact: Fraction, decimals_min: int = 0) -> str:
    """An exact number as the shortest decimal text: "63.4", "1200.000000001", "0.333333333333…"."""
    decimals = _decimals_of(exact.denominator)
    if decimals is None:
        return _text_of(exact, 12) + "…"
    return _text_of(exact, max(decimals, decimals_min))


def exact_text(exact: Fraction) -> str:
    """An exact number as text that reads back as itself: "63.4"; "61/60" where no decimals do."""
    return str(exact) if _decimals_of(exact.denominator) is None else decimal_text(exact)


def figure(exact: Fraction, decimals_min: int = 0) -> str:
    """A number as a person reads it: "1,437", "0.45"; more than nine decimals are cut with "…"."""
    text = decimal_text(exact, decimals_min)
    sign, whole = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, _, decimals = whole.partition(".")
    if len(decimals) > 9:
        decimals = decimals[:9] + "…"
    return f"{sign}{int(whole):,}{'.' if decimals else ''}{decimals}"


def major_figure(exact_minor: Fraction | int, currency: str) -> str:
    """Exact minor units as a person reads them: "1,300.00", "546.666666666…"."""
    digits = minor_digits(currency)
    return figure(Fraction(exact_minor, 10**digits), decimals_min=digits)


@lru_cache(maxsize=1024)
def _decimals_of(denominator: int) -> int | None:
    """How many decimals a fraction has; None when its denominator is not made of twos and fives."""
    twos = fives = 0
    while denominator % 2 == 0:
        denominator, twos = denominator // 2, twos + 1
    while denominator % 5 == 0:
        denominator, fives = denominator // 5, fives + 1
    return max(twos, fives) if denominator == 1 else None


def _text_of(exact: Fraction, decimals: int) -> str:
    """So many decimals, cut. In integers: a bill is made of hundreds of these."""
    numerator, denominator = exact.as_integer_ratio()
    scaled = abs(numerator) * 10**decimals // denominator
    text = str(scaled).rjust(decimals + 1, "0")
    whole, rest = (text[:-decimals], text[-decimals:]) if decimals else (text, "")
    return f"{'-' if numerator < 0 and scaled else ''}{whole}{'.' if rest else ''}{rest}"
