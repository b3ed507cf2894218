"""What a reviewer reads is what the templates say, and no finding gets past."""

import re
from difflib import unified_diff

import pytest

from billing.config import ROOT
from infra.review import __main__ as review
from infra.review import roles
from infra.review.assembly import Acceptance, Assembly
from infra.review.findings import IGNORED, Finding, disagreements, lint_disagreements
from infra.review.words import finding, words
from tests.infra.conftest import Templates

ANSWER = "run `make review`, and read the diff: each line is a right that somebody gets or loses"


def test_the_reviewed_list_of_roles_is_that_of_the_templates(prod: Templates) -> None:
    reviewed, now = roles.LIST.read_text(), roles.listed(prod)

    changes = unified_diff(reviewed.splitlines(), now.splitlines(), "reviewed", "now", lineterm="")
    assert reviewed == now, "\n".join([ANSWER, *changes])


def test_the_security_page_lists_each_accepted_finding(reviewed: Assembly) -> None:
    [shown] = review.TABLE.findall(review.SECURITY.read_text())

    assert shown == review.table(reviewed.accepted), "run `make review`"


def test_every_proof_and_every_place_on_the_security_page_is_there() -> None:
    page = review.SECURITY.read_text()
    written = "".join(file.read_text() for file in (ROOT / "tests").rglob("test_*.py"))
    proofs = set(re.findall(r"`(test_\w+)`", page))
    links = re.findall(r"\]\(([^)]+)\)", page)
    places = re.findall(r"`((?:billing|edge|functions|infra|local|requirements)/[\w/.-]*)`", page)

    assert len(proofs) > 40
    assert [proof for proof in sorted(proofs) if f"def {proof}(" not in written] == []
    assert [place for place in places if not (ROOT / place).exists()] == []
    assert [link for link in links if not (review.SECURITY.parent / link).exists()] == []


def test_only_what_x_ray_and_log_delivery_need_is_accepted_without_a_named_resource(
    reviewed: Assembly,
) -> None:
    iam = [one for one in reviewed.accepted if "IAM" in one.rule]
    nameless = [one for one in iam if "<" not in one.rule]

    assert {one.rule.partition("[")[0] for one in iam} == {"AwsSolutions-IAM5"}
    assert {one.rule for one in nameless} == {"AwsSolutions-IAM5[Resource::*]"}
    assert all("X-Ray" in one.reason for one in nameless)


def test_each_acceptance_stands_at_one_construct_with_a_reason(reviewed: Assembly) -> None:
    for one in reviewed.accepted:
        assert one.path.count("/") >= 1, f"{one.rule} is accepted for a whole stack"
        assert len(one.reason.split()) >= 5, one


LOG = Acceptance("App/Live/Log", "Logs", "It is only a log")


@pytest.mark.parametrize("path", ["App/Live/Log", "App/Live/Log/Resource"])
def test_an_acceptance_covers_its_construct_and_what_that_is_made_of(path: str) -> None:
    assert list(disagreements([Finding(path, "Logs", "no retention")], [LOG])) == []


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("App/Live/Log", "Keys"),
        ("App/Live", "Logs"),  # what it is part of
        ("App/Live/LogOfAnother", "Logs"),
    ],
)
def test_a_finding_that_nobody_accepted_is_new_and_what_is_not_found_is_stale(
    path: str, rule: str
) -> None:
    new, stale = disagreements([Finding(path, rule, "no retention")], [LOG])

    assert new.startswith(f"new      {rule}\n")
    assert stale.startswith("stale    Logs\n")


def test_a_rule_of_cfn_lint_is_ignored_as_long_as_it_finds_something() -> None:
    meant = [Finding("a", rule, "") for rule in IGNORED]

    assert list(lint_disagreements(meant)) == []
    [new] = lint_disagreements([*meant, Finding("a", "E3002", "")])
    [stale] = lint_disagreements([])
    assert new.startswith("new      E3002\n")
    assert stale.startswith("stale    W3005\n")


OF_ANOTHER_STACK = {
    "Fn::GetStackOutput": {
        "StackName": "Demarc-prod-Data",
        "Region": "eu-central-1",
        "OutputName": "PublishOutputFnGetAttDataLedgerDBC368C7Arn75BD1726",
    }
}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"Ref": "DataLedgerDBC368C7"}, "<DataLedger>"),
        ({"Fn::GetAtt": ["DataLedgerDBC368C7", "Arn"]}, "<DataLedger.Arn>"),
        (OF_ANOTHER_STACK, "<DataLedger.Arn>"),
        ({"Fn::Join": ["", [OF_ANOTHER_STACK, "/index/gsi1"]]}, "<DataLedger.Arn>/index/gsi1"),
        (
            {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":s3:eu-west-1:123456789012:a"]]},
            "arn:aws:s3:<region>:<account>:a",
        ),
    ],
)
def test_a_reference_is_said_by_name(value: object, said: str) -> None:
    assert words(value) == said


def test_a_finding_is_said_by_name_too() -> None:
    json = '{"Fn::GetStackOutput":{"OutputName":"PublishOutputRefDataLedgerDBC368C7F23B7203"}}'

    assert finding(f"IAM5[Resource::{json}/*]") == "IAM5[Resource::<DataLedger>/*]"
    assert finding("IAM5[Resource::<LiveDBC368C7.Arn>:*]") == "IAM5[Resource::<Live.Arn>:*]"
