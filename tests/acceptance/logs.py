"""What the functions of a running system have logged, read as an operator would."""

from collections.abc import Iterator

from local import people
from local.context import Context
from tests.canary import Leak, leaks

NAMES = [
    *(f"{given} {family}" for given in people.GIVEN.split() for family in people.FAMILY.split()),
    *people.STREETS.split(","),
    *people.FIRMS.split(","),
]


def leaked(context: Context) -> list[Leak]:
    """What stands in any log of the functions and belongs to a customer."""
    lines = list(log_lines(context))
    assert any("usage batch" in line for line in lines), "the functions' logs are somewhere else"
    return leaks("\n".join(lines), NAMES)


def log_lines(context: Context) -> Iterator[str]:
    """Every line of every log group."""
    logs = context.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            events = logs.get_paginator("filter_log_events")
            for found in events.paginate(logGroupName=group["logGroupName"]):
                yield from (event["message"] for event in found["events"])
