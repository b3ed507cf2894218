"""Identities: the names under which devices tell what they measured, each written one way."""

import re

_HEX_PAIRS = re.compile(r"[0-9a-f]{12}")
_SEPARATORS = re.compile(r"[-.()/\s]")  # RFC 3966 §5.1.1, and what people write
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SHORT_CODE = re.compile(r"[0-9]{1,6}")


def identity_of_user(user_name: str) -> str:
    """How a RADIUS User-Name is written as an identity; names are case-sensitive."""
    return f"user:{user_name}"


def identity_of_mac(address: str) -> str:
    """How a MAC address is written as an identity, whatever separators it came with."""
    digits = re.sub(r"[-:. ]", "", address.strip().lower())
    if not _HEX_PAIRS.fullmatch(digits):
        return f"mac:{address.strip()}"
    return "mac:" + ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def identity_of_number(number: str) -> str:
    """How a phone number is written as an identity: "+353 21 496 0000" is "tel:+353214960000".

    Calls are counted for numbers with their country code alone.
    """
    return f"tel:{e164(number) or number.strip()}"


def identity_of_port(nas: str, port: str) -> str:
    """How a port is written as an identity: "port:cork-sw-1/ge-0/0/7"."""
    return f"port:{nas}/{port}"


def identity_from(written: str) -> str:
    """An identity as a person writes it ("mac:00-11-22-33-44-55"), as records have it."""
    kind, _, name = written.partition(":")
    spelled = {"mac": identity_of_mac, "tel": identity_of_number}.get(kind)
    return spelled(name) if spelled else written


def e164(number: str) -> str:
    """A number with its country code, such as "+353214960000" (ITU-T E.164); "": it is none."""
    bare = _SEPARATORS.sub("", number.removeprefix("tel:"))
    return bare if _E164.fullmatch(bare) else ""


def dialled(number: str) -> str:
    """The digits of a number called, or of a short code such as 112; "": it is neither."""
    bare = _SEPARATORS.sub("", number)
    return e164(number).removeprefix("+") or (bare if _SHORT_CODE.fullmatch(bare) else "")
