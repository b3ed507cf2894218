"""Who may sign in: staff to the console, customers to the portal, in two separate pools."""

from aws_cdk import Duration
from aws_cdk.aws_cognito import (
    AccountRecovery,
    AuthFlow,
    CfnUserPoolGroup,
    FeaturePlan,
    Mfa,
    MfaSecondFactor,
    PasswordPolicy,
    SignInAliases,
    StandardThreatProtectionMode,
    UserPool,
    UserPoolClient,
)
from constructs import Construct

from infra.accepted import accept
from infra.stage import Stage

STAFF_GROUPS = {
    "billing": "Starts, approves and issues bill runs; edits customers and the catalogue",
    "support": "Reads customers and bills; edits contacts and notes",
    "auditor": "Reads everything, changes nothing",
}


class Auth(Construct):
    """Two user pools. Their attributes can never be changed, so accounts are mapped in a table."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.stage = stage
        # Staff sign in by a user name, which the timeline then shows as the actor of what they do.
        self.staff = self._pool(
            "Staff",
            aliases=SignInAliases(username=True),
            mfa=Mfa.REQUIRED if stage.staff_mfa_required else Mfa.OPTIONAL,
        )
        self.customers = self._pool(
            "Customers", aliases=SignInAliases(email=True), mfa=Mfa.OPTIONAL
        )
        accept(
            self.customers,
            "AwsSolutions-COG2",
            "Customers choose whether they want a second factor; staff must have one",
        )
        for group, purpose in STAFF_GROUPS.items():
            CfnUserPoolGroup(
                self,
                f"Group{group.title()}",
                user_pool_id=self.staff.user_pool_id,
                group_name=group,
                description=purpose,
            )
        self.staff_client = self._client(self.staff, access=Duration.minutes(15))
        self.customers_client = self._client(self.customers, access=Duration.minutes(60))

    def environment(self, pool: UserPool, client: UserPoolClient) -> dict[str, str]:
        """What a door needs to sign people in and to verify their tokens."""
        cognito = f"https://cognito-idp.{pool.stack.region}.amazonaws.com"
        keys = self.stage.jwks_base or cognito
        return {
            "COGNITO_POOL_ID": pool.user_pool_id,
            "COGNITO_CLIENT_ID": client.user_pool_client_id,
            "COGNITO_ISSUER": f"{cognito}/{pool.user_pool_id}",
            "COGNITO_JWKS_URL": f"{keys}/{pool.user_pool_id}/.well-known/jwks.json",
        }

    def _pool(self, id: str, *, aliases: SignInAliases, mfa: Mfa) -> UserPool:
        return UserPool(
            self,
            id,
            self_sign_up_enabled=False,
            sign_in_aliases=aliases,
            account_recovery=AccountRecovery.EMAIL_ONLY,
            mfa=mfa,
            mfa_second_factor=MfaSecondFactor(otp=True, sms=False),
            password_policy=PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            feature_plan=FeaturePlan.PLUS if self.stage.keeps_data else FeaturePlan.ESSENTIALS,
            standard_threat_protection_mode=(
                StandardThreatProtectionMode.FULL_FUNCTION if self.stage.keeps_data else None
            ),
            deletion_protection=self.stage.keeps_data,
            removal_policy=self.stage.removal_policy,
        )

    def _client(self, pool: UserPool, *, access: Duration) -> UserPoolClient:
        return pool.add_client(
            "Web",
            auth_flows=AuthFlow(user_password=True),  # our own /signin speaks to Cognito
            generate_secret=False,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=access,
            id_token_validity=access,
            refresh_token_validity=Duration.hours(12),
        )
