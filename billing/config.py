"""Configuration: isp.toml and plans.toml read once, each error with its path and its fix."""

from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from billing.core.catalog import Offering
from billing.core.errors import BillingError

# The import root: the repository, and /var/task in a Lambda function.
ROOT = Path(__file__).resolve().parent.parent


class BadConfig(BillingError):
    """A file that cannot describe an ISP. The text lists every path with its problem and fix."""

    def __init__(self, file: str, problems: tuple[str, ...]) -> None:
        super().__init__(
            f"{file} has {len(problems)} problem(s):\n" + "\n".join(f"  {p}" for p in problems)
        )
        self.file, self.problems = file, problems


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IspSection(_Section):
    name: str
    slug: str  # lower case, names the deployment: "meridian"
    zone: str  # IANA; billing days and usage hours
    currency: str
    language: str = "en"
    country: str = "IE"
    support_email: str
    support_phone: str = ""


class Address(_Section):
    street: str
    number: str
    postcode: str
    town: str
    region: str = ""
    country: str  # ISO 3166-1 alpha-2


class Seller(_Section):
    id: str
    name: str
    address: Address
    vat_id: str
    registration: str = ""  # company register entry, printed on documents
    iban: str
    bic: str = ""
    series: str  # of its invoice numbers
    prefix: str  # of its invoice numbers: "MF-"


class UsageSection(_Section):
    buckets: int  # fixed for the life of a deployment
    grid_zone: str  # must be the zone of [isp]
    fold_after_minutes: int = 15
    retention_days: int = 400


class CyclesSection(_Section):
    anchors: tuple[int, ...]
    due_days: int
    max_concurrency: int = 10
    partition_size: int = 500


class Tax(_Section):
    country: str
    category: str
    percent: Fraction  # "23" in the file
    valid_from: date
    valid_to: date | None = None  # exclusive
    name: str = "VAT"


class PaymentsSection(_Section):
    currency: str
    amount_min: str = "0.50"  # the processor's minimum, decimal text
    methods: tuple[str, ...] = ("card",)


class Nas(_Section):
    id: str
    name: str = ""
    vendor: str = ""
    address: str  # source address of its packets
    line_rate_mbps: int
    counting_from: datetime  # UTC instant; sessions older than this give an uncounted baseline
    secret_ref: str  # name of the RADIUS secret, never the secret


class MailSection(_Section):
    sender: str
    reply_to: str = ""


class BrandingSection(_Section):
    colour: str = "#0b5cab"
    logo: str = ""  # path below the import root
    tagline: str = ""


class Isp(_Section):
    """One ISP: everything of isp.toml."""

    isp: IspSection
    sellers: tuple[Seller, ...]
    usage: UsageSection
    cycles: CyclesSection
    tax: tuple[Tax, ...]
    payments: PaymentsSection
    nas: tuple[Nas, ...]
    mail: MailSection
    branding: BrandingSection

    def seller(self, id: str | None = None) -> Seller:
        """The seller of that id; without one, the first."""
        raise NotImplementedError


def load_isp(path: Path | None = None) -> Isp:
    """Read isp.toml at the import root (or at `path`). BadConfig lists what is wrong."""
    raise NotImplementedError


def load_plans(path: Path | None = None) -> tuple[Offering, ...]:
    """Read plans.toml at the import root (or at `path`): the offerings a new deployment imports."""
    raise NotImplementedError
