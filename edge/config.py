"""collector.toml, read and checked: every error names the key and what to do about it."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

DEFAULT_LINE_RATE_MBPS = 1000
RADIUS_SECRET_ENV = "DEMARC_RADIUS_SECRET"  # noqa: S105 - the variable's name, no secret
HMAC_KEY_ENV = "DEMARC_HMAC_KEY"
HMAC_KEY_BYTES_MIN = 16

KEYS: dict[str, frozenset[str]] = {
    "collector": frozenset(
        {"id", "spool", "spool_max_mb", "reserve_mb", "status_file", "status_every_seconds"}
    ),
    "radius": frozenset({"listen", "secret", "secret_env", "line_rate_mbps"}),
    "nas": frozenset({"address", "id", "secret", "secret_env", "line_rate_mbps"}),
    "lines": frozenset({"directory", "pattern", "every_seconds"}),
    "kinesis": frozenset({"stream", "region", "hmac_key", "hmac_key_env", "every_seconds"}),
}


class BadConfig(Exception):
    """A key of collector.toml that is missing, unknown or wrong, and the fix."""


@dataclass(frozen=True, slots=True)
class Router:
    """Who may send from an address, its fastest line, and what we call it (None: its own word)."""

    network: IPv4Network | IPv6Network | None
    id: str | None
    secret: bytes = field(repr=False)
    line_rate_bps: int


class Routers:
    """The routers by source address, the narrowest network first; a default for the others."""

    def __init__(self, routers: list[Router], default: Router | None, line_rate_bps: int) -> None:
        self._routers = sorted(routers, key=lambda r: -r.network.prefixlen if r.network else 0)
        self._default, self._line_rate_bps = default, line_rate_bps
        self._rates = {r.id: r.line_rate_bps for r in routers if r.id}
        self.at = lru_cache(4096)(self._at)  # a router sends from one address for years

    def _at(self, address: str) -> Router | None:
        source = ip_address(address.partition("%")[0])
        mapped = getattr(source, "ipv4_mapped", None) or source
        found = (r for r in self._routers if r.network and mapped in r.network)
        return next(found, self._default)

    def name_at(self, address: str) -> str | None:
        """What the configuration calls the router at an address, if it names it."""
        try:
            router = self.at(address)
        except ValueError:
            return None
        return router.id if router else None

    def line_rate_bps(self, nas_id: str) -> int:
        """The fastest line behind a router: what decides whether a counter can have wrapped."""
        return self._rates.get(nas_id, self._line_rate_bps)


@dataclass(frozen=True, slots=True)
class Config:
    """All of collector.toml, with secrets resolved and never printed."""

    collector: str
    spool: Path
    spool_max_bytes: int
    reserve_bytes: int
    status_file: Path | None
    status_every_seconds: float
    listen: tuple[str, int] | None
    routers: Routers = field(repr=False)
    lines_directory: Path | None
    lines_pattern: str
    lines_every_seconds: float
    stream: str
    region: str | None
    send_every_seconds: float
    hmac_key: bytes = field(repr=False)


def load(path: Path, environment: Mapping[str, str] | None = None) -> Config:
    """Read collector.toml. Secrets may stand in the environment instead of the file."""
    try:
        data = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadConfig(f"{path}: {error}") from error
    return parse(data, os.environ if environment is None else environment)


def parse(data: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Check the parsed file; unknown keys are refused, because a misspelt one would be ignored."""
    _refuse_unknown(data)
    collector, radius = data.get("collector", {}), data.get("radius")
    lines, kinesis = data.get("lines", {}), data.get("kinesis", {})
    if radius is None and not lines:
        raise BadConfig("neither [radius] nor [lines]: add at least one, or nothing comes in")
    directory = lines and Path(_text("lines", lines, "directory"))
    status_file = collector.get("status_file")
    return Config(
        collector=_text("collector", collector, "id"),
        spool=Path(_text("collector", collector, "spool")),
        spool_max_bytes=int(_number("collector", collector, "spool_max_mb", 4096) * 1_000_000),
        reserve_bytes=int(_number("collector", collector, "reserve_mb", 64) * 1_000_000),
        status_file=Path(status_file) if status_file else None,
        status_every_seconds=_number("collector", collector, "status_every_seconds", 5),
        listen=None if radius is None else _address(radius.get("listen", "127.0.0.1:1813")),
        routers=_routers(data.get("nas", []), radius or {}, environment),
        lines_directory=directory or None,
        lines_pattern=lines.get("pattern", "*.jsonl"),
        lines_every_seconds=_number("lines", lines, "every_seconds", 1),
        stream=_text("kinesis", kinesis, "stream"),
        region=kinesis.get("region"),
        send_every_seconds=_number("kinesis", kinesis, "every_seconds", 1),
        hmac_key=_hmac_key(kinesis, environment),
    )


def _routers(entries: Any, radius: Mapping[str, Any], environment: Mapping[str, str]) -> Routers:
    rate = _rate("radius", radius, DEFAULT_LINE_RATE_MBPS * 1_000_000)
    routers: list[Router] = []
    for place, entry in enumerate(entries):
        where = f"nas[{place}]"
        try:
            network = ip_network(_text(where, entry, "address"))
        except ValueError as error:
            raise BadConfig(f"{where}.address: {error}; write 10.0.0.1 or 10.0.0.0/24") from error
        secret = _secret(where, entry, environment, None) or _secret(
            "radius", radius, environment, RADIUS_SECRET_ENV
        )
        if not secret:
            raise BadConfig(f"{where}: no secret; add `secret` or `secret_env`, or one to [radius]")
        routers.append(Router(network, entry.get("id"), secret, _rate(where, entry, rate)))
    secret = _secret("radius", radius, environment, RADIUS_SECRET_ENV)
    return Routers(routers, Router(None, None, secret, rate) if secret else None, rate)


def _secret(
    where: str, table: Mapping[str, Any], environment: Mapping[str, str], default_env: str | None
) -> bytes | None:
    if "secret" in table:
        return _text(where, table, "secret").encode()
    name = table.get("secret_env", default_env)
    value = environment.get(name) if name else None
    if "secret_env" in table and not value:
        raise BadConfig(f"{where}.secret_env: the environment has no {name}; set it")
    return value.encode() if value else None


def _hmac_key(kinesis: Mapping[str, Any], environment: Mapping[str, str]) -> bytes:
    name = kinesis.get("hmac_key_env", HMAC_KEY_ENV)
    written = kinesis.get("hmac_key") or environment.get(name, "")
    try:
        key = bytes.fromhex(written)
    except ValueError as error:
        raise BadConfig("kinesis.hmac_key: not hexadecimal; copy it as it was issued") from error
    if len(key) < HMAC_KEY_BYTES_MIN:
        raise BadConfig(
            f"kinesis.hmac_key: {len(key)} bytes of key; set it or {name} to at least "
            f"{HMAC_KEY_BYTES_MIN} bytes in hexadecimal"
        )
    return key


def _refuse_unknown(data: Mapping[str, Any]) -> None:
    for section, table in data.items():
        if section not in KEYS:
            raise BadConfig(f"[{section}]: unknown section{_meant(section, KEYS)}")
        entries = table if section == "nas" and isinstance(table, list) else [table]
        for entry in entries:
            if not isinstance(entry, Mapping) or (section == "nas" and entry is table):
                form = "[[nas]]" if section == "nas" else f"[{section}]"
                raise BadConfig(f"{section}: not a table; write it as {form}")
            for key in entry:
                if key not in KEYS[section]:
                    raise BadConfig(f"{section}.{key}: unknown key{_meant(key, KEYS[section])}")


def _meant(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"known are {', '.join(sorted(known))}"
    return f"; {hint}"


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise BadConfig(f"{where}.{key}: missing or no text; add it")
    return value


def _number(where: str, table: Mapping[str, Any], key: str, default: float) -> float:
    value = table.get(key, default)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise BadConfig(f"{where}.{key}: {value!r} is no number of zero or more")
    return value


def _rate(where: str, table: Mapping[str, Any], default_bps: int) -> int:
    return int(_number(where, table, "line_rate_mbps", default_bps / 1_000_000) * 1_000_000)


def _address(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise BadConfig(f"radius.listen: {written!r} is no address; write host:port")
    return host.strip("[]"), int(port)
