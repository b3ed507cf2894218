"""Who may do what: every policy of every template, by name. `roles.txt` is what was reviewed.

Whatever has statements is listed: roles, groups and users, the policies of buckets, queues, topics
and keys, and who may invoke which function.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.review.words import bare, words

LIST = Path(__file__).with_name("roles.txt")
TITLE = """\
# Who may do what, in stage `prod`: each role, group, user and policy of a resource.
# Written by `make review` from the templates, compared by a test. Read the diff of this file.
"""


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the list, but for the resources, which lines that are alike have in common."""

    holder: str
    action: str
    how: str  # by whom and when, where the policy says so


def listed(templates: dict[str, dict[str, Any]]) -> str:
    """The whole list, in one order."""
    resources: dict[Right, set[str]] = defaultdict(set)
    for stack, template in templates.items():
        for id, resource in template["Resources"].items():
            for right, on in _rights(stack, id, resource):
                resources[right].update(on)
    lines: dict[str, list[str]] = defaultdict(list)
    for right, on in resources.items():
        rest = " ".join(filter(None, (", ".join(sorted(on)), right.how)))
        lines[right.holder].append(f"    {right.action:<34} {rest}\n")
    parts = [f"{holder}\n" + "".join(sorted(lines[holder])) for holder in sorted(lines)]
    return "\n".join([TITLE, *parts])


def _rights(stack: str, id: str, resource: dict[str, Any]) -> Iterator[tuple[Right, list[str]]]:
    """Every right that one resource of a template gives, and on what."""
    properties = resource.get("Properties", {})
    holders = [bare(id)]
    match resource["Type"]:
        case "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy":
            given = (properties.get(kind, []) for kind in ("Roles", "Groups", "Users"))
            holders = [_name(holder) for held_by in given for holder in held_by]
        case "AWS::IAM::User":
            for group in properties.get("Groups", []):
                yield Right(f"{stack} {bare(id)}", "is in", ""), [words(group)]
        case "AWS::Lambda::Permission":
            who, source = words(properties["Principal"]), words(properties["SourceArn"])
            holder = f"{stack} {_name(properties['FunctionName'])}"
            yield Right(holder, properties["Action"], f"by {who} from {source}"), []
    for holder in holders:
        for policy in properties.get("ManagedPolicyArns", []):
            yield Right(f"{stack} {holder}", "managed policy", ""), [words(policy)]
        for statement in statements(properties):
            on = many(statement.get("Resource", statement.get("NotResource", [])))
            for action in many(statement.get("Action", statement.get("NotAction"))):
                right = Right(f"{stack} {holder}", _action(statement, action), _how(statement))
                yield right, [words(one) for one in on]


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement of every policy document somewhere in a value."""
    if isinstance(value, dict):
        if isinstance(value.get("Statement"), list):
            yield from value["Statement"]
        for inner in value.values():
            yield from statements(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner)


def many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _name(reference: Any) -> str:
    return words(reference).strip("<>").removesuffix(".Arn")


def _action(statement: dict[str, Any], action: str) -> str:
    """What is allowed; what is not as usual says so."""
    denied = "deny " * (statement["Effect"] == "Deny")
    inverted = "".join(f"{key} " for key in ("NotAction", "NotResource") if key in statement)
    return f"{denied}{inverted}{action}"


def _how(statement: dict[str, Any]) -> str:
    told = []
    for key in ("Principal", "NotPrincipal"):
        given = statement.get(key, {})
        kinds = given.values() if isinstance(given, dict) else [given]
        who = sorted(words(one) for kind in kinds for one in many(kind))
        if who:
            told.append(f"{'by' if key == 'Principal' else 'by all but'} {', '.join(who)}")
    for test, given in sorted(statement.get("Condition", {}).items()):
        for key, value in sorted(given.items()):
            told.append(f"if {key} {test} {', '.join(sorted(words(one) for one in many(value)))}")
    return " ".join(told)
