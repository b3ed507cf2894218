"""Twenty accounts of every kind that a bill cycle meets, billed by two sellers."""

from datetime import UTC, datetime

from tests.functions.bill_cycle.world import (
    change_plan_of,
    downloaded,
    new_customer,
    paid,
    set_tax_country,
    whole_cycle,
)

NINE = datetime(2026, 11, 2, 9, tzinfo=UTC)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)  # the same day in Dublin: documents bear its date
PARTITION_SIZE = 7  # twenty accounts are three partitions
SEPTEMBER = {
    "cycle": {"anchor": 1, "period": "2026-09-01"},
    "attempt": 1,
    "actor": "system:bill-cycle",
}

SECOND_SELLER = """
[[sellers]]
id = "bantry"
name = "Bantry Wireless Ltd"
vat_id = "IE1111111YY"
registration = "CRO 111111"
iban = "IE64 IRCE 9205 0112 3456 78"
series = "bantry"
prefix = "BW-"
[sellers.address]
street = "Wolfe Tone Square"
number = "2"
postcode = "P75 X111"
town = "Bantry"
region = "County Cork"
country = "IE"

"""


def settle_in() -> None:
    """Twenty accounts; half of them were billed for September."""
    for name in ("Ada", "Ben", "Cara", "Dan", "Eve", "Finn", "Gus"):
        new_customer(name, "fibre-100", since="2026-09-01")
    for name in ("Hal", "Ida"):
        new_customer(name, "wireless-50", since="2026-09-01", seller="bantry")
    new_customer("Parked", since="2026-09-01", country="")
    whole_cycle(SEPTEMBER)

    for name in ("Jo", "Kim", "Liz"):
        new_customer(name, "business-1000", since="2026-10-11")
    for name in ("Max", "Ned", "Oda"):
        new_customer(name, "wireless-50", seller="bantry")
    for name in ("Pat", "Quin"):
        new_customer(name, "fibre-500")
    new_customer("Late", since="2026-12-05")
    new_customer("Rex", since="2026-10-01", country="")
    downloaded("acc_ada", 1100)  # usage above the allowance, in both of its tiers
    downloaded("acc_cara", 700)
    downloaded("acc_hal", 420)
    downloaded("acc_max", 90)
    change_plan_of("acc_ben", "fibre-500", "2026-10-11")
    change_plan_of("acc_ned", "business-1000", "2026-10-21")
    paid("acc_pat", "200.00")  # more than is owed: credit is left
    paid("acc_oda", "10.00")
    paid("acc_parked", "5.00")


def mend() -> None:
    """The tax country that one of the parked accounts lacked."""
    set_tax_country("acc_rex", "IE")
