"""What faces the world: CloudFront with its firewall, and the collectors beside the routers."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from urllib.parse import urlsplit

from aws_cdk import Duration, Stack
from aws_cdk.aws_apigatewayv2 import HttpApi
from aws_cdk.aws_certificatemanager import Certificate
from aws_cdk.aws_cloudfront import (
    AllowedMethods,
    BehaviorOptions,
    CachePolicy,
    Distribution,
    HttpVersion,
    OriginProtocolPolicy,
    OriginRequestPolicy,
    ResponseHeadersPolicy,
    SecurityPolicyProtocol,
    ViewerProtocolPolicy,
)
from aws_cdk.aws_cloudfront_origins import HttpOrigin
from aws_cdk.aws_iam import AccessKey, Group, PolicyStatement, User
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_secretsmanager import Secret
from aws_cdk.aws_wafv2 import CfnWebACL
from constructs import Construct

from infra.accepted import accept
from infra.data import Data


class Collectors(Construct):
    """The identity of the collectors, which may put records on one stream and nothing else.

    A stolen key cannot forge usage either: each pack is signed with its collector's own HMAC key.
    """

    def __init__(self, scope: Construct, id: str, *, data: Data) -> None:
        super().__init__(scope, id)
        user = User(self, "Collector")
        group = Group(self, "Group")
        group.add_user(user)
        group.add_to_policy(
            PolicyStatement(actions=["kinesis:PutRecords"], resources=[data.stream.stream_arn])
        )
        key = AccessKey(self, "AccessKey", user=user)
        self.access_key_id = key.access_key_id
        self.secret = Secret(
            self,
            "Credentials",
            secret_string_value=key.secret_access_key,
            encryption_key=data.key,
            removal_policy=data.stage.removal_policy,
            description="The collectors' secret access key",
        )
        accept(
            self.secret,
            "AwsSolutions-SMG4",
            "An access key changes on the ISP's own machine and here, by a person",
        )


class Firewall(Construct):
    """The web ACL of both front doors. CloudFront takes it from us-east-1 only."""

    def __init__(self, scope: Construct, id: str, *, requests_per_5_minutes: int) -> None:
        super().__init__(scope, id)
        self.acl = CfnWebACL(
            self,
            "Acl",
            scope="CLOUDFRONT",
            default_action=CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("Acl"),
            rules=[
                # Bodies have their limits in the doors: an import is longer than this rule's 8 KB,
                # and so may be an event of the payment processor.
                _managed(
                    0, "AWSManagedRulesCommonRuleSet", only_counted=("SizeRestrictions_BODY",)
                ),
                _managed(1, "AWSManagedRulesKnownBadInputsRuleSet"),
                CfnWebACL.RuleProperty(
                    name="TooMany",
                    priority=2,
                    action=CfnWebACL.RuleActionProperty(block={}),
                    statement=CfnWebACL.StatementProperty(
                        rate_based_statement=CfnWebACL.RateBasedStatementProperty(
                            limit=requests_per_5_minutes, aggregate_key_type="IP"
                        )
                    ),
                    visibility_config=_visible("TooMany"),
                ),
            ],
        )
        self.arn = self.acl.attr_arn


class FrontDoor(Construct):
    """CloudFront before one API, which answers nobody else: it asks for a secret header."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        api: HttpApi,
        web_acl_arn: str,
        origin_secret: Secret,
        access_logs: Bucket,
        address: str,
        certificate_arn: str,
    ) -> None:
        super().__init__(scope, id)
        stack = Stack.of(self)
        origin = HttpOrigin(
            f"{api.api_id}.execute-api.{stack.region}.{stack.url_suffix}",
            protocol_policy=OriginProtocolPolicy.HTTPS_ONLY,
            read_timeout=Duration.seconds(30),
            # a reference that CloudFormation resolves: the secret is in no template
            custom_headers={"x-origin-secret": origin_secret.secret_value.unsafe_unwrap()},
        )
        behavior = {
            "viewer_protocol_policy": ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            "origin_request_policy": OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            "response_headers_policy": ResponseHeadersPolicy.SECURITY_HEADERS,
        }
        self.distribution = Distribution(
            self,
            "Distribution",
            web_acl_id=web_acl_arn,
            enable_logging=True,
            log_bucket=access_logs,
            log_file_prefix=f"cloudfront/{id.lower()}/",
            http_version=HttpVersion.HTTP2_AND_3,
            domain_names=[str(urlsplit(address).hostname)],
            certificate=Certificate.from_certificate_arn(self, "Certificate", certificate_arn),
            minimum_protocol_version=SecurityPolicyProtocol.TLS_V1_2_2021,
            default_behavior=BehaviorOptions(
                origin=origin,
                allowed_methods=AllowedMethods.ALLOW_ALL,
                cache_policy=CachePolicy.CACHING_DISABLED,
                **behavior,
            ),
            additional_behaviors={
                "/static/*": BehaviorOptions(
                    origin=origin, cache_policy=CachePolicy.CACHING_OPTIMIZED, **behavior
                )
            },
        )
        accept(
            self.distribution,
            "AwsSolutions-CFR1",
            "A customer may look at a bill and pay it from abroad",
        )


def _managed(
    priority: int, name: str, *, only_counted: tuple[str, ...] = ()
) -> CfnWebACL.RuleProperty:
    count = CfnWebACL.RuleActionProperty(count={})
    return CfnWebACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=CfnWebACL.OverrideActionProperty(none={}),
        statement=CfnWebACL.StatementProperty(
            managed_rule_group_statement=CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count)
                    for rule in only_counted
                ]
                or None,
            )
        ),
        visibility_config=_visible(name),
    )


def _visible(name: str) -> CfnWebACL.VisibilityConfigProperty:
    return CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=True
    )
