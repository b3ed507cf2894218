"""What usage has to know of the deployment; fixed while it lives."""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.core.usage.grid import Grid


@dataclass(frozen=True, slots=True)
class Settings:
    """From isp.toml. A NAS it does not name gets the line rate of the fastest port on sale."""

    buckets: int  # many identities share one
    grid: Grid
    line_rates: Mapping[str, int]  # bits per second, by NAS
    counting_from: Mapping[str, int]  # epoch seconds, by NAS
    retention_days: int = 400  # after the local day that was measured
    line_rate_other: int = 400_000_000_000
