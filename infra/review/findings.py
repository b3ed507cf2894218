"""Findings of cdk-nag and cfn-lint, against those that are accepted."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cdk_nag import AwsSolutionsChecks, ServerlessChecks

from infra.review.assembly import Acceptance, Assembly
from infra.review.words import finding

# Rules of cfn-lint that do not fit, each with its reason.
IGNORED = {
    "W3005": "the CDK names each dependency, also one that follows from a reference",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a construct does not keep."""

    path: str
    rule: str
    what: str


def nag(assembly: Assembly) -> list[Finding]:
    """Every error and warning of both packs, whether accepted or not."""
    found = []
    for pack in (AwsSolutionsChecks, ServerlessChecks):
        for violation in pack(assembly.app).validate_scope(assembly.app).violations:
            rule, what = finding(violation.rule_name), violation.description
            found += [
                Finding(str(at.construct_path), rule, what) for at in violation.violating_resources
            ]
    return found


def lint(files: Sequence[Path]) -> list[Finding]:
    """Every error and warning of cfn-lint in these templates."""
    finished = subprocess.run(
        [Path(sys.executable).with_name("cfn-lint"), "--format", "json", "--", *files],
        capture_output=True,
        text=True,
        check=False,
    )
    if not finished.stdout:
        raise RuntimeError(f"cfn-lint did not run: {finished.stderr}")
    return [
        Finding(
            f"{Path(found['Filename']).name}:{found['Location']['Start']['LineNumber']}",
            found["Rule"]["Id"],
            found["Message"],
        )
        for found in json.loads(finished.stdout)
        if found["Level"] in ("Error", "Warning")
    ]


def disagreements(found: Iterable[Finding], accepted: Iterable[Acceptance]) -> Iterator[str]:
    """A line for each finding that nobody accepted, and each acceptance of what is not found."""
    found, accepted = list(found), list(accepted)
    for one in found:
        if not any(covers(acceptance, one) for acceptance in accepted):
            yield f"new      {one.rule}\n         {one.path}: {one.what}"
    for acceptance in accepted:
        if not any(covers(acceptance, one) for one in found):
            yield f"stale    {acceptance.rule}\n         accepted at {acceptance.path}, not found"


def covers(acceptance: Acceptance, found: Finding) -> bool:
    """The same rule, at the construct itself or at what it is made of."""
    inside = f"{found.path}/".startswith(f"{acceptance.path}/")
    return inside and acceptance.rule == found.rule


def lint_disagreements(found: Iterable[Finding]) -> Iterator[str]:
    """The same of cfn-lint, which is told by rule."""
    found = list(found)
    for one in found:
        if one.rule not in IGNORED:
            yield f"new      {one.rule}\n         {one.path}: {one.what}"
    for rule in sorted(IGNORED.keys() - {one.rule for one in found}):
        yield f"stale    {rule}\n         ignored in {Path(__file__).name}, not found"
