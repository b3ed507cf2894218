"""What must not be lost: tables, buckets, the stream, secrets and the key that encrypts them."""

# jsii's classes name some parameters otherwise than its interfaces do.
# pyright: reportArgumentType=false

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk.aws_dynamodb import (
    Attribute,
    AttributeType,
    BillingMode,
    PointInTimeRecoverySpecification,
    Table,
    TableEncryption,
)
from aws_cdk.aws_iam import PolicyStatement
from aws_cdk.aws_kinesis import Stream, StreamEncryption, StreamMode
from aws_cdk.aws_kms import Key
from aws_cdk.aws_lambda import Function
from aws_cdk.aws_s3 import (
    BlockPublicAccess,
    Bucket,
    BucketEncryption,
    LifecycleRule,
    ObjectLockRetention,
    ObjectOwnership,
)
from aws_cdk.aws_secretsmanager import Secret, SecretStringGenerator
from constructs import Construct

from infra.accepted import accept, accept_path
from infra.stage import Stage

READ = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
PUT = (
    "dynamodb:PutItem",
)  # alone or in a transaction; nothing of ours updates or deletes in place
INVOICES, MAIL, PLANS = "invoices/*", "mail/*", "runs/*"  # what lies in the documents bucket
DOCUMENTS_STAY = Duration.days(3653)  # ten years, the longest that a tax office asks for
HEX = {"exclude_punctuation": True, "exclude_uppercase": True, "require_each_included_type": False}


class Data(Construct):
    """Three tables, buckets, one stream. A test pins the logical ids: a rename would delete."""

    def __init__(self, scope: Construct, id: str, *, stage: Stage) -> None:
        super().__init__(scope, id)
        self.stage = stage
        self.key = Key(
            self,
            "Key",
            enable_key_rotation=True,
            removal_policy=stage.removal_policy,
            description="Customers' and financial data of the ISP",
        )
        self.usage = self._table("Usage", expires=True)
        self.ledger = self._table("Ledger")
        self.accounts = self._table("Accounts", expires=True)
        self.accounts.add_global_secondary_index(
            index_name="gsi1",
            partition_key=Attribute(name="gsi1pk", type=AttributeType.STRING),
            sort_key=Attribute(name="gsi1sk", type=AttributeType.STRING),
        )

        self.access_logs = self._bucket("AccessLogs", logs_of_others=True)
        # Invoices as PDF, mail as sent, plans of runs. Nobody deletes them before their time but
        # who is given s3:BypassGovernanceRetention for it: a person, for an erasure.
        self.documents = self._bucket("Documents", stays=DOCUMENTS_STAY)
        self.archive = self._bucket("Archive")  # records that ingestion could not take

        self.stream = Stream(
            self,
            "UsageRecords",
            stream_mode=StreamMode.ON_DEMAND,
            encryption=StreamEncryption.MANAGED,  # its own key: producers need PutRecords, no more
            retention_period=Duration.days(7),
            removal_policy=stage.removal_policy,
        )

        self.pay_token_secret = self._generated("PayToken", "Signs the pay links of invoices")
        self.origin_secret = self._generated("Origin", "Known to CloudFront and to the APIs behind")
        processor = self.processor_secret = Secret(
            self,
            "Processor",
            removal_policy=stage.removal_policy,
            encryption_key=self.key,
            description="The payment processor's api_key and webhook_secrets; filled by the ISP",
            generate_secret_string=SecretStringGenerator(
                secret_string_template='{"api_key": "", "webhook_secrets": []}',  # noqa: S106 - nothing in it yet
                generate_string_key="unused",
            ),
        )
        collector_keys = self.collector_keys_secret = Secret(
            self,
            "CollectorKeys",
            removal_policy=stage.removal_policy,
            encryption_key=self.key,
            description="HMAC key of each collector, as hex; one is made for the first, col-1",
            generate_secret_string=SecretStringGenerator(
                secret_string_template="{}",  # noqa: S106 - nothing in it yet
                generate_string_key="col-1",
                password_length=64,
                exclude_characters="ghijklmnopqrstuvwxyz",
                **HEX,
            ),
        )

        for secret, why in (
            (self.pay_token_secret, "A rotation would break the pay links in bills already sent"),
            (self.origin_secret, "It changes by a deployment, which CloudFront needs as well"),
            (processor, "The ISP makes these keys at the processor, and both may hold two"),
            (collector_keys, "A key changes on the ISP's own machine and here, by a person"),
        ):
            accept(secret, "AwsSolutions-SMG4", why)

    def may_read(self, function: Function, *tables: Table) -> None:
        """Get and query; never a scan: every access pattern has a key."""
        self._allow(function, READ, tables)

    def may_put(self, function: Function, *tables: Table) -> None:
        """Put whole rows, each under a condition. For the ledger, that is all there is."""
        self._allow(function, PUT, tables)

    def may_put_batches(self, function: Function, table: Table) -> None:
        """Blind puts (and deletes) in batches, where a repeat changes nothing."""
        if table is self.ledger:
            raise ValueError("the ledger takes conditional puts only, and batches have none")
        self._allow(function, ("dynamodb:BatchWriteItem",), [table])

    def may_use_documents(self, function: Function, below: str, *actions: str) -> None:
        """`actions` such as s3:GetObject on the documents below one of the three prefixes.

        Who gets may list, or a document that is not there would be "forbidden", not "not found".
        """
        function.add_to_role_policy(
            PolicyStatement(
                actions=list(actions), resources=[self.documents.arn_for_objects(below)]
            )
        )
        if "s3:GetObject" in actions:
            function.add_to_role_policy(
                PolicyStatement(actions=["s3:ListBucket"], resources=[self.documents.bucket_arn])
            )
        self._may_use_key(function)
        if function.role:
            accept_path(
                function.role,
                f"<DataDocuments.Arn>/{below}",
                "Documents have names of their own; this part of the bucket holds one kind of them",
            )

    def may_read_secret(self, function: Function, *secrets: Secret) -> None:
        function.add_to_role_policy(
            PolicyStatement(
                actions=["secretsmanager:GetSecretValue"],
                resources=[secret.secret_arn for secret in secrets],
            )
        )
        self._may_use_key(function)

    def _allow(self, function: Function, actions: Sequence[str], tables: Sequence[Table]) -> None:
        resources = [table.table_arn for table in tables]
        if self.accounts in tables:
            resources.append(f"{self.accounts.table_arn}/index/gsi1")
        function.add_to_role_policy(PolicyStatement(actions=list(actions), resources=resources))
        self._may_use_key(function)

    def _may_use_key(self, function: Function) -> None:
        function.add_to_role_policy(
            PolicyStatement(
                actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key.key_arn]
            )
        )

    def _table(self, id: str, *, expires: bool = False) -> Table:
        return Table(
            self,
            id,
            partition_key=Attribute(name="pk", type=AttributeType.STRING),
            sort_key=Attribute(name="sk", type=AttributeType.STRING),
            billing_mode=BillingMode.PAY_PER_REQUEST,
            time_to_live_attribute="expires" if expires else None,
            encryption=TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            deletion_protection=self.stage.keeps_data,
            removal_policy=self.stage.removal_policy,
            point_in_time_recovery_specification=PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=self.stage.keeps_data
            ),
        )

    def _bucket(
        self, id: str, *, logs_of_others: bool = False, stays: Duration | None = None
    ) -> Bucket:
        locked = self.stage.keeps_data and stays is not None
        return Bucket(
            self,
            id,
            # CloudFront and S3 write their logs with S3's own key only
            encryption=BucketEncryption.S3_MANAGED if logs_of_others else BucketEncryption.KMS,
            encryption_key=None if logs_of_others else self.key,
            bucket_key_enabled=None if logs_of_others else True,
            object_ownership=ObjectOwnership.OBJECT_WRITER if logs_of_others else None,
            block_public_access=BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=self.stage.tls_only,
            versioned=True,
            object_lock_enabled=locked or None,
            object_lock_default_retention=ObjectLockRetention.governance(stays) if locked else None,
            removal_policy=self.stage.removal_policy,
            server_access_logs_bucket=None if logs_of_others else self.access_logs,
            server_access_logs_prefix=None if logs_of_others else f"{id.lower()}/",
            lifecycle_rules=[LifecycleRule(expiration=Duration.days(400))]
            if logs_of_others
            else None,
        )

    def _generated(self, id: str, description: str) -> Secret:
        return Secret(
            self,
            id,
            description=description,
            encryption_key=self.key,
            removal_policy=self.stage.removal_policy,
            generate_secret_string=SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
        )
