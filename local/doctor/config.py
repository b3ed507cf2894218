"""isp.toml, plans.toml and the addresses: valid, and no longer the invented provider's."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from billing.config import BadConfig, Isp, load_isp, load_plans
from local.doctor.finding import Finding, fine, fix

# RFC 2606 reserves these for examples: no mail arrives there and nobody can own them.
INVENTED = (".example", ".test", ".invalid", "example.com", "example.net", "example.org")


def findings(root: Path, context: Mapping[str, Any]) -> list[Finding]:
    """context  what cdk.json and the command line give: portal_url, console_url, …"""
    try:
        isp = load_isp(root / "isp.toml")
    except BadConfig as error:
        return [fix(f"isp.toml: {error}", "put it right; every key is explained in the file")]
    return [*_of_isp(isp), _plans(root), *_addresses(context), _alarms(context)]


def _of_isp(isp: Isp) -> Iterator[Finding]:
    left = list(_invented(isp))
    if left:
        yield fix(
            f"isp.toml still says what was invented: {', '.join(left)}",
            "describe your own company, seller and mail addresses there",
        )
    else:
        yield fine(f"isp.toml describes {isp.isp.name}")
    if not isp.nas:
        yield fix("isp.toml names no router", "add a [[nas]] section for each one that counts")


def _invented(isp: Isp) -> Iterator[str]:
    addresses = {
        "isp.support_email": isp.isp.support_email,
        "mail.sender": isp.mail.sender,
        "mail.reply_to": isp.mail.reply_to,
    }
    for path, address in addresses.items():
        if address.endswith(INVENTED):
            yield f"{path} = {address}"
    for seller in isp.sellers:
        if "XX" in (seller.vat_id or ""):
            yield f"sellers.{seller.id}.vat_id = {seller.vat_id}"


def _plans(root: Path) -> Finding:
    try:
        plans = load_plans(root / "plans.toml")
    except BadConfig as error:
        return fix(f"plans.toml: {error}", "put it right; docs/pricing.md shows each model")
    return fine(f"plans.toml sells {len(plans)} plans")


def _alarms(context: Mapping[str, Any]) -> Finding:
    address = str(context.get("alarms_to") or "")
    if "@" not in address or address.endswith(INVENTED):
        return fix(
            f"alarms_to reaches nobody: {address or 'nothing is set'}",
            'set "alarms_to" in cdk.json to an address that somebody reads',
        )
    return fine(f"Alarms go to {address}")


def _addresses(context: Mapping[str, Any]) -> Iterator[Finding]:
    for name in ("portal_url", "console_url"):
        url = urlsplit(str(context.get(name) or ""))
        if url.scheme != "https" or not url.hostname:
            yield fix(f"{name} is no https address", f'set "{name}" in cdk.json')
        elif url.hostname.endswith(INVENTED):
            yield fix(
                f"{name} is still invented: {url.hostname}",
                f'set "{name}" in cdk.json to an address of your own domain',
            )
        else:
            yield fine(f"{name} is {url.hostname}")
