"""What must not be lost is kept, under names that never change."""

import pytest

from tests.infra.conftest import Templates, of_type

# A renamed construct gives another logical id: CloudFormation would make an empty one beside it.
PINNED = {
    "AWS::DynamoDB::Table": {
        "DataUsage79DD4968",
        "DataLedgerDBC368C7",
        "DataAccountsC650A0A2",
    },
    "AWS::S3::Bucket": {"DataDocumentsDACEAC53", "DataArchive774FA568", "DataAccessLogsC0C25EE4"},
    "AWS::Kinesis::Stream": {"DataUsageRecords9D97951A"},
    "AWS::KMS::Key": {"DataKey5F086070"},
    "AWS::Cognito::UserPool": {"AuthCustomers0C02536D", "AuthStaff8EFCCE08"},
}


@pytest.mark.parametrize("type", PINNED)
def test_stateful_resources_keep_their_logical_ids(type: str, templates: Templates) -> None:
    assert set(of_type({"Data": templates["Data"]}, type)) == PINNED[type]


def test_stateful_resources_stand_apart_from_what_is_deployed_every_day(prod: Templates) -> None:
    for stack in prod.keys() - {"Data"}:
        for type in PINNED:
            assert not of_type({stack: prod[stack]}, type), (stack, type)


def test_outside_the_local_stage_nothing_that_keeps_data_is_ever_deleted(prod: Templates) -> None:
    for type in (*PINNED, "AWS::SecretsManager::Secret"):
        for id, resource in of_type({"Data": prod["Data"]}, type).items():
            assert resource["DeletionPolicy"] == "Retain", id
            assert resource["UpdateReplacePolicy"] == "Retain", id
    for id, table in of_type(prod, "AWS::DynamoDB::Table").items():
        assert table["Properties"]["DeletionProtectionEnabled"] is True, id
        recovery = table["Properties"]["PointInTimeRecoverySpecification"]
        assert recovery["PointInTimeRecoveryEnabled"] is True, id
    for id, pool in of_type(prod, "AWS::Cognito::UserPool").items():
        assert pool["Properties"]["DeletionProtection"] == "ACTIVE", id


def test_the_tables_of_the_template_are_those_of_the_store(templates: Templates) -> None:
    from billing.store import tables

    rows = {"Usage": tables.UsageRow, "Ledger": tables.LedgerRow, "Accounts": tables.AccountRow}
    of_template = {
        id.removeprefix("Data")[:-8]: table["Properties"]
        for id, table in of_type(templates, "AWS::DynamoDB::Table").items()
    }
    assert of_template.keys() == rows.keys()
    for name, row in rows.items():
        of_store = row._get_schema()
        indexes = of_template[name].get("GlobalSecondaryIndexes", [])
        assert names(of_template[name]["KeySchema"]) == names(of_store["key_schema"])
        assert {index["IndexName"]: names(index["KeySchema"]) for index in indexes} == {
            index["index_name"]: names(index["key_schema"])
            for index in of_store["global_secondary_indexes"]
        }


def names(schema: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(key["AttributeName"], key["KeyType"]) for key in schema]


def test_usage_and_accounts_forget_what_has_expired_and_the_ledger_nothing(
    templates: Templates,
) -> None:
    expiring = {
        id: table["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName")
        for id, table in of_type(templates, "AWS::DynamoDB::Table").items()
    }

    assert expiring == {
        "DataUsage79DD4968": "expires",
        "DataAccountsC650A0A2": "expires",
        "DataLedgerDBC368C7": None,
    }


def test_staff_signs_in_with_a_second_factor(prod: Templates) -> None:
    pools = of_type(prod, "AWS::Cognito::UserPool")

    assert pools["AuthStaff8EFCCE08"]["Properties"]["MfaConfiguration"] == "ON"
    groups = of_type(prod, "AWS::Cognito::UserPoolGroup").values()
    assert {group["Properties"]["GroupName"] for group in groups} == {
        "billing",
        "support",
        "auditor",
    }
