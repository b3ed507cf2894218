"""What must not be lost is kept, under names that never change."""

import json
import re

import pytest

from infra.review.words import words
from tests.infra.conftest import Templates, of_type, properties

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


# --- at rest, in transit, and for how long


def test_what_is_kept_is_encrypted_with_a_key_of_ours_that_turns_every_year(
    templates: Templates,
) -> None:
    [(key, made)] = properties(templates, "AWS::KMS::Key").items()
    ours = {"Fn::GetAtt": [key, "Arn"]}

    assert made["EnableKeyRotation"] is True
    for id, table in properties(templates, "AWS::DynamoDB::Table").items():
        assert table["SSESpecification"]["KMSMasterKeyId"] == ours, id
    for id in ("DataDocumentsDACEAC53", "DataArchive774FA568"):
        bucket = properties(templates, "AWS::S3::Bucket")[id]
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"] == {
            "SSEAlgorithm": "aws:kms",
            "KMSMasterKeyID": ours,
        }
    for id, secret in properties(templates, "AWS::SecretsManager::Secret").items():
        assert words(secret["KmsKeyId"]) == "<DataKey.Arn>", id


def test_what_is_on_its_way_is_encrypted_too(templates: Templates) -> None:
    for id, queue in properties(templates, "AWS::SQS::Queue").items():
        assert queue["SqsManagedSseEnabled"] is True, id
    [stream] = properties(templates, "AWS::Kinesis::Stream").values()
    assert stream["StreamEncryption"]["EncryptionType"] == "KMS"
    assert stream["RetentionPeriodHours"] == 7 * 24  # as long as a weekend and a repair may take


def test_the_key_is_the_accounts_own_and_nobody_elses(templates: Templates) -> None:
    [key] = properties(templates, "AWS::KMS::Key").values()

    for statement in key["KeyPolicy"]["Statement"]:
        assert words(statement["Principal"]["AWS"]) == "arn:aws:iam::<account>:root"


def test_no_bucket_is_public_and_none_forgets_what_it_had(templates: Templates) -> None:
    for id, bucket in properties(templates, "AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, id
        assert len(bucket["PublicAccessBlockConfiguration"]) == 4, id
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}, id
        assert "WebsiteConfiguration" not in bucket, id


def test_documents_are_locked_for_the_ten_years_that_a_tax_office_may_ask_for_them(
    prod: Templates,
) -> None:
    documents = properties(prod, "AWS::S3::Bucket")["DataDocumentsDACEAC53"]

    assert documents["ObjectLockEnabled"] is True
    assert documents["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {
        "Mode": "GOVERNANCE",
        "Days": 3653,
    }


def test_who_reads_a_bucket_is_logged(templates: Templates) -> None:
    for id, bucket in properties(templates, "AWS::S3::Bucket").items():
        if "AccessLogs" not in id:
            destination = bucket["LoggingConfiguration"]["DestinationBucketName"]
            assert words(destination) == "<DataAccessLogs>", id


REFUSE_HTTP = {"Bool": {"aws:SecureTransport": "false"}}


def test_buckets_queues_and_the_topic_refuse_http(prod: Templates) -> None:
    for policy, guarded, of in (
        ("AWS::S3::BucketPolicy", "AWS::S3::Bucket", "Bucket"),
        ("AWS::SQS::QueuePolicy", "AWS::SQS::Queue", "Queues"),
        ("AWS::SNS::TopicPolicy", "AWS::SNS::Topic", "Topics"),
    ):
        refusing = {
            words(place)
            for one in properties(prod, policy).values()
            for place in (one[of] if isinstance(one[of], list) else [one[of]])
            if any(
                statement["Effect"] == "Deny"
                and statement["Principal"] in ("*", {"AWS": "*"})
                and statement["Condition"] == REFUSE_HTTP
                for statement in one["PolicyDocument"]["Statement"]
            )
        }
        assert refusing == {f"<{id[:-8]}>" for id in of_type(prod, guarded)}, policy


def test_every_log_ends_after_a_year_and_each_function_has_its_own(prod: Templates) -> None:
    logs = properties(prod, "AWS::Logs::LogGroup")
    for id, log in logs.items():
        assert log["RetentionInDays"] == 365, id

    functions = properties(prod, "AWS::Lambda::Function")
    used = [words(function["LoggingConfig"]["LogGroup"]) for function in functions.values()]
    assert len(set(used)) == len(used) == len(functions)
    assert set(used) <= {f"<{id[:-8]}>" for id in logs}


SECRET_IN_CLEAR = re.compile(r"sk_live_|sk_test_|rk_live_|whsec_|AKIA[A-Z0-9]{16}|BEGIN [A-Z ]*KEY")


def test_no_template_holds_a_secret(templates: Templates) -> None:
    assert SECRET_IN_CLEAR.search(json.dumps(templates)) is None
    for id, secret in properties(templates, "AWS::SecretsManager::Secret").items():
        if "SecretString" in secret:  # only CloudFormation ever sees it
            assert words(secret["SecretString"]) == "<CollectorsAccessKey.SecretAccessKey>", id
        else:
            start = secret["GenerateSecretString"].get("SecretStringTemplate", "{}")
            assert not any(json.loads(start).values()), id
