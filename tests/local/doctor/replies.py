"""What AWS answers, as its API reference shows it: recorded, never asked of AWS itself."""

from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.stub import Stubber

TOPIC = "arn:aws:sns:eu-central-1:123456789012:Demarc-prod-App-Alarms"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1f2e"

# (service, operation) -> reply; a pair of texts is an error: its code and its message
Reply = Mapping[str, Any] | tuple[str, str]

GOOD: Mapping[tuple[str, str], Reply] = {
    ("sts", "get_caller_identity"): {
        "UserId": "AROAEXAMPLE:mira",
        "Account": "123456789012",
        "Arn": "arn:aws:sts::123456789012:assumed-role/deployer/mira",
    },
    ("account", "get_region_opt_status"): {
        "RegionName": "eu-central-1",
        "RegionOptStatus": "ENABLED_BY_DEFAULT",
    },
    ("ssm", "get_parameter"): {
        "Parameter": {"Name": "/cdk-bootstrap/hnb659fds/version", "Type": "String", "Value": "30"}
    },
    ("lambda", "get_account_settings"): {
        "AccountLimit": {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 1000},
        "AccountUsage": {"TotalCodeSize": 0, "FunctionCount": 0},
    },
    ("sesv2", "get_account"): {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 12.0},
    },
    ("sesv2", "get_email_identity"): {
        "IdentityType": "DOMAIN",
        "VerifiedForSendingStatus": True,
    },
    ("acm", "describe_certificate"): {
        "Certificate": {
            "CertificateArn": CERTIFICATE,
            "Status": "ISSUED",
            "SubjectAlternativeNames": ["portal.brook.net", "*.brook.net"],
        }
    },
    ("cloudformation", "describe_stacks"): {
        "Stacks": [
            {
                "StackName": "Demarc-prod-App",
                "StackStatus": "UPDATE_COMPLETE",
                "CreationTime": "2026-10-01T09:00:00Z",
                "Outputs": [{"OutputKey": "AlarmsTopic", "OutputValue": TOPIC}],
            }
        ]
    },
    ("sns", "list_subscriptions_by_topic"): {
        "Subscriptions": [
            {
                "SubscriptionArn": f"{TOPIC}:8a21d249",
                "Owner": "123456789012",
                "Protocol": "email",
                "Endpoint": "noc@brook.net",
                "TopicArn": TOPIC,
            }
        ]
    },
}


def answering(**changed: Reply) -> Callable[[str, str | None], Any]:
    """Clients that answer as GOOD says, but for what is `changed` (by operation), any time."""
    replies = {**GOOD}
    for (service, operation), _ in GOOD.items():
        if operation in changed:
            replies[service, operation] = changed[operation]

    def client(service: str, region: str | None) -> Any:
        made = boto3.client(service, region_name=region or "eu-central-1")
        stubber = Stubber(made)
        for (of, operation), reply in replies.items():
            if of != service:
                continue
            for _ in range(4):
                if isinstance(reply, tuple):
                    stubber.add_client_error(operation, *reply)
                else:
                    stubber.add_response(operation, reply)
        stubber.activate()
        return _InAnyOrder(made, stubber)

    return client


class _InAnyOrder:
    """A stubbed client asked one operation at a time: the queue is searched for it."""

    def __init__(self, client: Any, stubber: Stubber) -> None:
        self._client, self._stubber = client, stubber

    def __getattr__(self, operation: str) -> Any:
        queue = self._stubber._queue
        name = self._client.meta.method_to_api_mapping[operation]
        while queue and queue[0]["operation_name"] != name:
            queue.rotate(-1)
        return getattr(self._client, operation)
