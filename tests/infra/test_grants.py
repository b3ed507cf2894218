"""Least privilege: what each role may do, read from the policies as they are deployed."""

from collections.abc import Iterator

from infra.review.roles import many
from infra.review.words import words
from tests.infra.conftest import Templates, of_type, properties

# X-Ray and log delivery know no resource; everything else names its own.
OF_NO_RESOURCE = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
POOLS = ("AuthCustomers", "AuthStaff")


def statements(templates: Templates) -> Iterator[tuple[str, list[str], str]]:
    """(policy, actions, resources as text) of every role."""
    for id, policy in of_type(templates, "AWS::IAM::Policy").items():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            yield id, [actions] if isinstance(actions, str) else actions, str(statement["Resource"])


def test_nobody_can_change_or_delete_what_stands_in_the_ledger(templates: Templates) -> None:
    allowed = {
        "dynamodb:GetItem",
        "dynamodb:BatchGetItem",
        "dynamodb:Query",
        "dynamodb:PutItem",
    }
    on_the_ledger = [
        (id, actions) for id, actions, on in statements(templates) if "DataLedger" in on
    ]

    assert on_the_ledger
    for id, actions in on_the_ledger:
        assert set(actions) <= allowed, id


def test_no_role_may_scan_change_in_place_or_use_a_wildcard_of_dynamodb(
    templates: Templates,
) -> None:
    never = ("dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "*")
    for id, actions, _ in statements(templates):
        for action in actions:
            assert action not in never, id
            assert not (action.startswith("dynamodb:") and "*" in action), id


def test_a_resource_is_always_named(templates: Templates) -> None:
    for id, actions, on in statements(templates):
        if on in ("*", "['*']"):
            assert set(actions) <= OF_NO_RESOURCE, id


def test_only_the_ingest_functions_may_write_usage_in_batches(templates: Templates) -> None:
    writers = {
        id
        for id, actions, on in statements(templates)
        if "dynamodb:BatchWriteItem" in actions and "DataUsage" in on
    }

    assert writers
    assert all(id.startswith("IngestUsage") for id in writers)


def test_a_customers_door_starts_no_workflow_and_a_webhook_posts_nothing(
    templates: Templates,
) -> None:
    for id, actions, on in statements(templates):
        if "states:StartExecution" in actions:
            assert not id.startswith(("PortalApiCustomer", "PaymentsWebhook")), id
        if id.startswith("PaymentsWebhookReceive"):
            assert "DataLedger" not in on


def test_a_state_machine_may_start_its_functions_and_its_own_children_and_nothing_else(
    templates: Templates,
) -> None:
    for name, states in (
        ("Prepare", {"OpenRun", "DraftPartition", "Compare"}),
        ("Issue", {"Freeze", "Number", "IssuePartition", "Collect", "CloseRun", "Deliver"}),
    ):
        role, machine = f"<BillCycle{name}MachineRole>", f"<BillCycle{name}Machine>"
        of_role = [
            statement
            for policy in properties(templates, "AWS::IAM::Policy").values()
            if role in map(words, policy.get("Roles", []))
            for statement in policy["PolicyDocument"]["Statement"]
        ]
        started = {
            action: {words(one) for one in many(statement["Resource"])}
            for statement in of_role
            for action in many(statement["Action"])
            if action in ("lambda:InvokeFunction", "states:StartExecution")
        }
        assert started == {
            "lambda:InvokeFunction": {f"<BillCycle{state}.Arn>" for state in states},
            "states:StartExecution": {machine},
        }


def test_a_collector_may_put_records_on_one_stream_and_nothing_else(prod: Templates) -> None:
    [(_, actions, on)] = [s for s in statements(prod) if s[0].startswith("CollectorsGroup")]

    assert actions == ["kinesis:PutRecords"]
    assert "DataUsageRecords" in on


def test_the_console_invites_customers_asks_about_staff_and_changes_no_pool_otherwise(
    templates: Templates,
) -> None:
    on_pools = [(id, actions, on) for id, actions, on in statements(templates) if "Auth" in on]

    assert {id for id, _, _ in on_pools if not id.startswith("PortalApiStaff")} == set()
    assert {pool: set(actions) for _, actions, on in on_pools for pool in POOLS if pool in on} == {
        "AuthCustomers": {"cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser"},
        "AuthStaff": {"cognito-idp:AdminGetUser", "cognito-idp:AdminListGroupsForUser"},
    }
