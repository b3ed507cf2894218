"""Compare or write the review; see the package."""

import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from billing.config import ROOT
from infra import stage
from infra.review import findings, roles, supply
from infra.review.assembly import Acceptance, Assembly, assembly, production

SECURITY = ROOT / "docs" / "security.md"
TABLE = re.compile(r"(?<=<!-- accepted findings, by make review -->\n).*?(?=<!-- end -->)", re.S)


def table(accepted: Iterable[Acceptance]) -> str:
    """The accepted findings as docs/security.md shows them."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in accepted:
        place = one.path.removeprefix("Demarc-prod-").replace("/Resource", "")
        rows[(one.rule, one.reason)].append(f"`{place}`")
    lines = [
        f"| `{rule}` | {', '.join(sorted(places))} | {reason} |"
        for (rule, reason), places in sorted(rows.items())
    ]
    ignored = [f"| cfn-lint `{rule}` | all | {why} |" for rule, why in findings.IGNORED.items()]
    return "\n".join(["| finding | where | why |", "|---|---|---|", *lines, *ignored, ""])


def write(reviewed: Assembly) -> None:
    roles.LIST.write_text(roles.listed(reviewed.templates))
    supply.PAGE.write_text(supply.page(supply.deployed()))
    text = SECURITY.read_text()
    SECURITY.write_text(TABLE.sub(lambda _: table(reviewed.accepted), text))


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        return review(arguments, Path(scratch))


def review(arguments: list[str], scratch: Path) -> int:
    reviewed = assembly(production(), scratch / "prod")
    if arguments == ["--write"]:
        write(reviewed)
        return 0
    found = findings.nag(reviewed)
    linted = findings.lint([*reviewed.files, *assembly(stage.local(), scratch / "local").files])
    told = [
        *findings.disagreements(found, reviewed.accepted),
        *findings.lint_disagreements(linted),
    ]
    print("\n".join(told) or f"{len(found) + len(linted)} findings, each accepted with a reason")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
