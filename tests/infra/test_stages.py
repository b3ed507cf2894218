"""The stages are one program: what differs follows from infra/stage.py and from nothing else."""

import json
import re
from collections.abc import Iterator
from typing import Any

from infra import stage
from tests.infra.conftest import Templates, of_type, synthesized

# Each line: where a template may differ, and the field of Stage that makes it so.
ALLOWED = {
    r"Resources/\w+/Properties/Runtime": "python",
    r"Resources/\w+/Properties/Architectures/0": "architecture",
    r"Resources/\w+/Properties/Layers": "dependencies_layer",
    r"Resources/Dependencies\w+": "dependencies_layer",
    r"Resources/\w+/(DeletionPolicy|UpdateReplacePolicy)": "keeps_data",
    r"Resources/Data\w+/Properties/DeletionProtectionEnabled": "keeps_data",
    r"Resources/Data\w+/Properties/PointInTimeRecoverySpecification/\w+": "keeps_data",
    r"Resources/Auth\w+/Properties/(DeletionProtection|UserPoolTier|UserPoolAddOns)": "keeps_data",
    r"Resources/AuthStaff\w+/Properties/MfaConfiguration": "staff_mfa_required",
    r"Resources/(IngestUsageRecycle|PaymentsWebhookEvents)(Dead)?Policy\w+": "tls_only",
    r"Resources/(Data(Documents|Archive)|Alarms)Policy\w+": "tls_only",
    r"Resources/DataAccessLogsPolicy\w+/Properties/PolicyDocument/Statement": "tls_only",
    r"Resources/\w+/Properties/RetentionInDays": "log_retention",
    r"Resources/\w+/Properties/Environment/Variables/STAGE": "name",
    r"Resources/\w+/Properties/(Tags/\d+/Value|\w*Tags/stage)": "name",
    r"Resources/\w+/Properties/Environment/Variables/ORIGIN_SECRET": "edge",
    r"Resources/\w+/Properties/Environment/Variables/P(ORTAL|UBLIC)_URL": "portal_url, console_url",
    r"Outputs/(Portal|Console|Webhook)Url/Value": "portal_url, console_url",
    r"Outputs/PublishOutput\w+": "edge",  # what the edge stack reads of the others
    r"Resources/\w+/Properties/Environment/Variables/COGNITO_JWKS_URL.*": "jwks_base",
    r"Resources/\w+/Properties/Environment/Variables/PROCESSOR_API_BASE": "processor_api_base",
}


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Paths at which two templates differ; what is missing in one differs as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            here = f"{path}/{key}".lstrip("/")
            if key in one and key in other:
                yield from differences(one[key], other[key], here)
            else:
                yield here
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{path}/{index}")
    elif one != other:
        yield path


def nameless(template: dict[str, Any]) -> dict[str, Any]:
    """The template without the stage's name in the names of stacks and event sources."""
    text = re.sub(r"Demarc-(local|prod)", "Demarc", json.dumps(template))
    return json.loads(re.sub(r"Demarc(?:local|prod)((?:App|Data)\w+?)[0-9A-F]{16}", r"\1", text))


def test_stages_differ_only_in_what_stage_py_lists(local: Templates, prod: Templates) -> None:
    for stack in ("Data", "App"):
        unlisted = [
            path
            for path in differences(nameless(local[stack]), nameless(prod[stack]))
            if not any(re.fullmatch(allowed, path) for allowed in ALLOWED)
        ]
        assert unlisted == [], stack


def test_only_the_front_of_the_cloud_is_missing_locally(local: Templates, prod: Templates) -> None:
    assert local.keys() == {"Data", "App"}
    assert prod.keys() == {"Data", "App", "Edge", "Firewall"}


def test_cloudfront_asks_the_firewall_and_tells_the_api_who_it_is(prod: Templates) -> None:
    doors = [
        resource["Properties"]["DistributionConfig"]
        for resource in prod["Edge"]["Resources"].values()
        if resource["Type"] == "AWS::CloudFront::Distribution"
    ]

    assert len(doors) == 2
    for door in doors:
        assert door["WebACLId"]
        [header] = door["Origins"][0]["OriginCustomHeaders"]
        assert header["HeaderName"] == "x-origin-secret"
        assert "resolve:secretsmanager" in str(header["HeaderValue"])


def test_with_a_certificate_each_door_answers_to_its_own_address() -> None:
    given = stage.cloud(
        "prod",
        account="123456789012",
        region="us-east-1",
        portal_url="https://portal.isp.example",
        console_url="https://console.isp.example",
        certificate_arn="arn:aws:acm:us-east-1:123456789012:certificate/one",
    )
    doors = of_type(synthesized(given), "AWS::CloudFront::Distribution").values()

    configs = [door["Properties"]["DistributionConfig"] for door in doors]
    assert [config["Aliases"] for config in configs] == [
        ["portal.isp.example"],
        ["console.isp.example"],
    ]
    for config in configs:
        assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
