"""What stands between the world and the doors: CloudFront, the firewall, throttles, access logs."""

import json
from typing import Any

from infra.review.words import words
from infra.stacks import REQUESTS_PER_5_MINUTES
from tests.infra.conftest import Templates, properties

# Of CloudFront's own policies: HSTS, nosniff, frame and referrer headers; and never any caching.
SECURITY_HEADERS = "67f7725c-6f97-4210-82d7-5512b31e9d03"
NO_CACHING = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
FACING_THE_WORLD = ("PortalApiCustomer", "PortalApiStaff", "PaymentsWebhookReceive")


def doors(prod: Templates) -> list[dict[str, Any]]:
    found = properties(prod, "AWS::CloudFront::Distribution").values()
    return [one["DistributionConfig"] for one in found]


def test_each_door_answers_to_its_own_address_by_tls_1_2_at_least(prod: Templates) -> None:
    assert [door["Aliases"] for door in doors(prod)] == [
        ["portal.meridian.example"],
        ["console.meridian.example"],
    ]
    for door in doors(prod):
        assert door["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
        assert door["ViewerCertificate"]["SslSupportMethod"] == "sni-only"


def test_browsers_are_sent_to_https_and_told_to_stay_there(prod: Templates) -> None:
    for door in doors(prod):
        for behavior in (door["DefaultCacheBehavior"], *door["CacheBehaviors"]):
            assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
            assert behavior["ResponseHeadersPolicyId"] == SECURITY_HEADERS


def test_nothing_is_cached_but_what_is_the_same_for_everybody(prod: Templates) -> None:
    for door in doors(prod):
        assert door["DefaultCacheBehavior"]["CachePolicyId"] == NO_CACHING
        assert [one["PathPattern"] for one in door["CacheBehaviors"]] == ["/static/*"]


def test_the_firewall_stands_before_both_doors_and_both_are_logged(prod: Templates) -> None:
    assert len(doors(prod)) == 2
    for door in doors(prod):
        assert words(door["WebACLId"]) == "<FirewallAcl.Arn>"
        assert words(door["Logging"]["Bucket"]).startswith("<DataAccessLogs.")


def test_the_firewall_blocks_known_attacks_and_whoever_asks_too_much(prod: Templates) -> None:
    [acl] = properties(prod, "AWS::WAFv2::WebACL").values()
    *managed, too_many = sorted(acl["Rules"], key=lambda rule: rule["Priority"])

    assert acl["Scope"] == "CLOUDFRONT"
    assert [rule["Name"] for rule in managed] == [
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
    ]
    for rule in managed:
        assert rule["OverrideAction"] == {"None": {}}  # it blocks, and does not only count
    assert too_many["Action"] == {"Block": {}}
    assert too_many["Statement"]["RateBasedStatement"] == {
        "AggregateKeyType": "IP",
        "Limit": REQUESTS_PER_5_MINUTES,
    }


def test_an_import_and_an_event_of_the_processor_may_be_longer_than_the_firewalls_8_kilobytes(
    prod: Templates,
) -> None:
    [acl] = properties(prod, "AWS::WAFv2::WebACL").values()
    counted = {
        rule["Name"]: rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", [])
        for rule in acl["Rules"]
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }

    assert counted == {
        "AWSManagedRulesCommonRuleSet": [
            {"Name": "SizeRestrictions_BODY", "ActionToUse": {"Count": {}}}
        ],
        "AWSManagedRulesKnownBadInputsRuleSet": [],
    }


def test_an_api_asked_at_its_own_address_refuses(prod: Templates) -> None:
    """Only CloudFront knows the secret that every function facing the world asks for."""
    for door in doors(prod):
        [origin] = door["Origins"]
        [header] = origin["OriginCustomHeaders"]
        assert origin["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert header["HeaderName"] == "x-origin-secret"
        assert "{{resolve:secretsmanager:" in words(header["HeaderValue"])
    asked = {
        id[:-8]: words(function["Environment"]["Variables"]["ORIGIN_SECRET"])
        for id, function in properties(prod, "AWS::Lambda::Function").items()
        if "ORIGIN_SECRET" in function.get("Environment", {}).get("Variables", {})
    }
    assert asked == dict.fromkeys(FACING_THE_WORLD, "<DataOrigin>")
    behind_an_api = {
        words(one["IntegrationUri"]).strip("<>").removesuffix(".Arn")
        for one in properties(prod, "AWS::ApiGatewayV2::Integration").values()
    }
    assert behind_an_api == set(FACING_THE_WORLD)


def test_both_apis_are_throttled_and_say_who_asked_for_what_without_a_secret_or_a_name(
    templates: Templates,
) -> None:
    stages = properties(templates, "AWS::ApiGatewayV2::Stage").values()
    logs = {f"<{id[:-8]}.Arn>" for id in properties(templates, "AWS::Logs::LogGroup")}

    assert len(stages) == len(properties(templates, "AWS::ApiGatewayV2::Api")) == 2
    for stage in stages:
        assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 200
        assert stage["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 400
        assert words(stage["AccessLogSettings"]["DestinationArn"]) in logs
        told = json.loads(stage["AccessLogSettings"]["Format"])
        assert set(told) == {
            "request",
            "at",
            "ip",
            "method",
            "route",
            "status",
            "milliseconds",
            "octets",
        }
        assert told["route"] == "$context.routeKey"  # not the path: a pay link's token is in it


def test_no_other_origin_may_read_what_an_api_answers(templates: Templates) -> None:
    for id, api in properties(templates, "AWS::ApiGatewayV2::Api").items():
        assert "CorsConfiguration" not in api, id


def test_staff_have_a_second_factor_and_a_session_of_a_quarter_of_an_hour(prod: Templates) -> None:
    pools = {id[:-8]: pool for id, pool in properties(prod, "AWS::Cognito::UserPool").items()}
    clients = properties(prod, "AWS::Cognito::UserPoolClient")
    [of_staff] = [one for id, one in clients.items() if "AuthStaff" in id]

    assert pools["AuthStaff"]["MfaConfiguration"] == "ON"
    assert pools["AuthStaff"]["EnabledMfas"] == ["SOFTWARE_TOKEN_MFA"]
    assert (of_staff["AccessTokenValidity"], of_staff["TokenValidityUnits"]["AccessToken"]) == (
        15,
        "minutes",
    )
    for id, pool in pools.items():
        assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True, id
        assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12, id
        assert pool["UserPoolAddOns"]["AdvancedSecurityMode"] == "ENFORCED", id
    for id, client in clients.items():
        assert client["PreventUserExistenceErrors"] == "ENABLED", id
        assert client["EnableTokenRevocation"] is True, id
