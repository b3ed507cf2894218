"""The stages are one program: what differs follows from infra/stage.py and from nothing else."""

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

from infra.review.assembly import production
from infra.stage import Stage, local
from tests.infra.conftest import Templates

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
    r"Resources/(MissedPolicy|Data(Documents|Archive)Policy)\w+": "tls_only",
    r"Resources/(DataAccessLogs|Alarms)Policy\w+/Properties/PolicyDocument/Statement": "tls_only",
    r"Resources/DataDocuments\w+/Properties/ObjectLock\w+": "keeps_data",
    r"Resources/Alarmsoperations\w+": "alarms_to",
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
    """The template without the stage's name and region in the names of what is in it."""
    text = re.sub(r"Demarc-(local|prod)", "Demarc", json.dumps(template))
    text = text.replace(str(production().region), str(local().region))
    return json.loads(re.sub(r"Demarc(?:local|prod)((?:App|Data)\w+?)[0-9A-F]{16}", r"\1", text))


def test_every_allowance_names_a_field_of_stage() -> None:
    fields = {field.name for field in dataclasses.fields(Stage)}

    assert {name for names in ALLOWED.values() for name in names.split(", ")} <= fields


def test_stages_differ_only_in_what_stage_py_lists(at_hand: Templates, prod: Templates) -> None:
    for stack in ("Data", "App"):
        unlisted = [
            path
            for path in differences(nameless(at_hand[stack]), nameless(prod[stack]))
            if not any(re.fullmatch(allowed, path) for allowed in ALLOWED)
        ]
        assert unlisted == [], stack


def test_only_the_front_of_the_cloud_is_missing_locally(
    at_hand: Templates, prod: Templates
) -> None:
    assert at_hand.keys() == {"Data", "App"}
    assert prod.keys() == {"Data", "App", "Edge", "Firewall"}
