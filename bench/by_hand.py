"""A draft by hand: integers, tuples and texts, for one known case; the floor of the product's own.

It decides what a draft of such a subscription needs decided, and no more: what is due in arrears
and in advance, each price by the days it was held, three tiers, a discount, the tax, and what each
line is called. It knows of no change, credit, earlier bill, currency or explanation.
"""

import hashlib
from datetime import date

# description, key, minor units, first day, day after the last, quantity, unit, tax category
Line = tuple[str, str, int, date, date, str, str, str]

PERIODS = [(date(2026, 11, 1), date(2026, 12, 1)), (date(2026, 12, 1), date(2027, 1, 1))]
HELD = [  # code, minor units a month, in advance, since
    ("access", 4500, True, date(2026, 11, 1)),
    ("tv", 1200, True, date(2026, 11, 1)),
    ("router", 450, False, date(2026, 11, 1)),
]
TIERS = [(0, 100 * 10**9, 0), (100 * 10**9, 200 * 10**9, 50), (200 * 10**9, None, 20)]


def five_lines(octets: int) -> tuple[str, list[Line], int, int, int]:
    """The draft's id, its lines, and net, tax and total in minor units."""
    lines = [*_fixed(*PERIODS[0], in_advance=False), _data(*PERIODS[0], octets)]
    lines += _fixed(*PERIODS[1], in_advance=True)
    lines += [_discount(line) for line in lines if line[1].startswith("sub_1/access/")]
    net = sum(line[2] for line in lines)
    tax = (net * 23 + 50) // 100
    document = hashlib.sha256(b"acc_1/run_1").hexdigest()[:26]
    return f"inv_{document}", lines, net, tax, net + tax


def _fixed(begins: date, ends: date, *, in_advance: bool) -> list[Line]:
    days, lines = (ends - begins).days, list[Line]()
    for code, cents, ahead, since in HELD:
        if ahead == in_advance and since < ends:
            first = max(begins, since)
            amount = (2 * cents * (ends - first).days + days) // (2 * days)
            begun = begins.isoformat() if since < begins else f"{since.isoformat()}T00:00:00Z"
            name, key = f"Five: {code}", f"sub_1/{code}/{begun}"
            lines.append((name, key, amount, first, ends, "1", "month", "standard"))
    return lines


def _data(begins: date, ends: date, octets: int) -> Line:
    due = 0
    for above, up_to, cents in TIERS:
        top = octets if up_to is None else min(octets, up_to)
        due += max(0, top - above) * cents
    whole, rest = divmod(octets, 10**9)
    used = f"{whole}.{rest:09}".rstrip("0")
    key, amount = f"sub_1/data/{begins.isoformat()}/five@1", (due + 5 * 10**8) // 10**9
    return "Five: data", key, amount, begins, ends, used, "GB", "standard"


def _discount(line: Line) -> Line:
    name, key, cents, first, end, quantity, unit, category = line
    off, key = -((cents * 10 + 50) // 100), f"{key}/discount/loyal/2026-11-01"
    return f"Loyalty on {name}", key, off, first, end, quantity, unit, category
