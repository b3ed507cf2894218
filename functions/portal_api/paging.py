"""Pages of a list: an opaque, signed cursor that is worth nothing to anybody else.

A cursor holds the store's position; its signature covers the list (address and filter) and the
person, so a cursor cannot be read by a program, moved to another list or given to another person.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.core.errors import BillingError

LIMIT_DEFAULT, LIMIT_MAX = 25, 100
_SIGNATURE_BYTES = 16


class BadCursor(BillingError):
    """The cursor was not made by us for this list and this person."""

    def __init__(self) -> None:
        super().__init__("the cursor is not of this list: begin again without one")
        self.errors = ({"pointer": "query/cursor", "code": "bad_cursor", "detail": str(self)},)


@dataclass(frozen=True, slots=True)
class Cursors:
    """Seals and opens the cursors of one list for one person.

    key       secret of the deployment
    bound_to  what the cursor is good for: the address, its filter, the person's subject
    """

    key: bytes
    bound_to: tuple[str, ...]

    def sealed(self, position: Any | None) -> str | None:
        """The cursor for a position of the store; None at the end of the list."""
        if position is None:
            return None
        text = json.dumps(position, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(text) + text).decode().rstrip("=")

    def opened(self, cursor: str | None) -> Any | None:
        """The position a cursor stands for; None where there is none. Raises BadCursor."""
        if cursor is None:
            return None
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            raise BadCursor from None
        signature, text = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(text)):
            raise BadCursor
        return json.loads(text)

    def _signature(self, text: bytes) -> bytes:
        bound = "\x1f".join(self.bound_to).encode("utf-8", "surrogatepass")
        return hmac.digest(self.key, bound + b"\x1e" + text, hashlib.sha256)[:_SIGNATURE_BYTES]


def bound_to(path: str, query: Mapping[str, str], subject: str) -> tuple[str, ...]:
    """The list a request names: its address and filter without the place in it, and who asks."""
    filters = sorted(f"{k}={v}" for k, v in query.items() if k not in {"cursor", "limit"})
    return (path, *filters, subject)
