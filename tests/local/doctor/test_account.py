"""What AWS says becomes a sentence and a fix. The replies are recorded, AWS was not asked."""

from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from local.doctor import account
from local.doctor.account import Wanted
from local.doctor.finding import State
from tests.local.doctor.replies import CERTIFICATE, answering

WANTED = Wanted(
    stage="prod",
    region="eu-central-1",
    sender="bills@brook.net",
    certificate_arn=CERTIFICATE,
    hosts=("portal.brook.net", "desk.brook.net"),
    reserved=60,
    letters=1000,
)
STACKS_BROKEN = {
    "Stacks": [
        {
            "StackName": "Demarc-prod-Data",
            "StackStatus": "ROLLBACK_COMPLETE",
            "CreationTime": "2026-10-01T09:00:00Z",
        }
    ]
}


def test_an_account_that_is_ready_has_nothing_to_fix():
    found = account.findings(answering(), WANTED)

    assert {one.state for one in found} == {State.FINE}
    assert len(found) == 1 + len(account.QUESTIONS)


@pytest.mark.parametrize(
    ("changed", "said", "how"),
    [
        (
            {"get_caller_identity": {"Account": "1" * 12, "Arn": f"arn:aws:iam::{'1' * 12}:root"}},
            "root user",
            "make a role",
        ),
        (
            {"get_region_opt_status": {"RegionOptStatus": "DISABLED"}},
            "Region eu-central-1 is disabled",
            "aws account enable-region --region-name eu-central-1",
        ),
        (
            {"get_parameter": ("ParameterNotFound", "")},
            "not bootstrapped in eu-central-1, us-east-1",
            "npx cdk bootstrap aws://123456789012/eu-central-1 aws://123456789012/us-east-1",
        ),
        (
            {"get_parameter": {"Parameter": {"Value": "5"}}},
            "not bootstrapped",
            "npx cdk bootstrap",
        ),
        (
            {"get_account_settings": {"AccountLimit": {"ConcurrentExecutions": 10}}},
            "10 executions at once, and 160 are needed",
            "--quota-code L-B99A9384",
        ),
        (
            {"get_account": {"ProductionAccessEnabled": False, "SendingEnabled": True}},
            "sandbox",
            "production access",
        ),
        (
            {"get_account": {"ProductionAccessEnabled": True, "SendingEnabled": False}},
            "paused",
            "Reputation",
        ),
        (
            {
                "get_account": {
                    "ProductionAccessEnabled": True,
                    "SendingEnabled": True,
                    "SendQuota": {"Max24HourSend": 999.0},
                }
            },
            "999 letters a day",
            "higher sending quota",
        ),
        (
            {"get_email_identity": ("NotFoundException", "")},
            "bills@brook.net may not send yet",
            "create-email-identity --email-identity brook.net",
        ),
        (
            {"get_email_identity": {"VerifiedForSendingStatus": False}},
            "may not send yet",
            "DKIM",
        ),
        (
            {"describe_certificate": {"Certificate": {"Status": "PENDING_VALIDATION"}}},
            "pending_validation",
            "DNS records",
        ),
        (
            {
                "describe_certificate": {
                    "Certificate": {
                        "Status": "ISSUED",
                        "SubjectAlternativeNames": ["portal.brook.net"],
                    }
                }
            },
            "does not cover desk.brook.net",
            "request-certificate",
        ),
        ({"describe_stacks": STACKS_BROKEN}, "ROLLBACK_COMPLETE", "describe-stack-events"),
        (
            {
                "list_subscriptions_by_topic": {
                    "Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]
                }
            },
            "Nobody hears the alarms",
            "aws sns subscribe",
        ),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_said_with_its_fix(changed, said, how):
    found = account.findings(answering(**changed), WANTED)

    (to_fix,) = [one for one in found if one.state is State.FIX]
    assert said in to_fix.said
    assert how in to_fix.fix


def test_a_question_that_is_not_allowed_hides_no_other():
    found = account.findings(answering(get_account=("AccessDeniedException", "no")), WANTED)

    (unseen,) = [one for one in found if one.state is not State.FINE]
    assert (unseen.state, unseen.said) == (State.LOOK, "AWS does not let us ask about mail")


def test_expired_credentials_end_the_questions_at_the_first():
    found = account.findings(answering(get_caller_identity=("ExpiredToken", "expired")), WANTED)

    assert [(one.state, one.said) for one in found] == [
        (State.LOOK, "AWS refused the question about who we are: ExpiredToken")
    ]


def test_without_a_network_the_report_says_so():
    def unreachable(service, region):
        raise EndpointConnectionError(endpoint_url="https://sts.amazonaws.com")

    (only,) = account.findings(unreachable, WANTED)
    assert only.said == "No answer from AWS about who we are (EndpointConnectionError)"


def test_a_region_has_to_be_chosen_first():
    found = account.findings(answering(), replace(WANTED, region=None))

    assert found[-1].fix == "aws configure set region eu-central-1"


def test_a_certificate_that_is_not_there_is_to_be_asked_for():
    client = answering(describe_certificate=("ResourceNotFoundException", "not found"))

    found = account.certificate(client, WANTED)

    assert found.state is State.FIX
    assert "--domain-name portal.brook.net" in found.fix


def test_before_the_first_deployment_there_is_no_stack_and_nobody_to_alarm():
    none = ("ValidationError", "Stack with id Demarc-prod-Data does not exist")
    client = answering(describe_stacks=none)

    assert account.stacks(client, WANTED).state is State.FINE
    assert account.alarms(client, WANTED).state is State.LOOK
