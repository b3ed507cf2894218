"""The tables are taken back to a moment in the middle of an issue; what left the house stays.

Point-in-time recovery knows tables. Documents and letters of the time after it are where they were.
"""

import time_machine

from tests.cloud import Cloud
from tests.cycle.essence import essence
from tests.cycle.machines import ISSUE
from tests.cycle.test_killed import finished, moments, reach
from tests.cycle.town import NOON
from tests.invariants import broken


def test_tables_restored_to_any_step_of_an_issue_give_the_same_documents_on_the_same_day(
    isp: Cloud,
):
    _, approved = reach(isp, "issue")
    seen, _ = moments(isp, ISSUE, approved)
    ended, kept = essence(isp), dict(isp.s3.objects)

    for moment in seen:
        isp.dynamodb.put_back(moment.state["dynamodb"])
        with time_machine.travel(NOON, tick=False):
            finished(ISSUE, approved)

        assert essence(isp) == ended, moment.step
        assert {path: isp.s3.objects[path] for path in kept} == kept
    assert broken(isp) == []


def test_tables_restored_to_different_moments_are_found_by_the_check_of_the_books(isp: Cloud):
    _, approved = reach(isp, "issue")
    seen, _ = moments(isp, ISSUE, approved)
    early, late = (seen[at].state["dynamodb"] for at in (-5, -1))
    tables, tokens = late
    isp.dynamodb.put_back(late)
    assert broken(isp) == []

    accounts = next(name for name in tables if "accounts" in name)
    isp.dynamodb.put_back(({**tables, accounts: early[0][accounts]}, tokens))

    assert broken(isp) != []
