"""What AWS says: who we are, where, and whether a deployment would fit.

Service quotas and defaults: docs.aws.amazon.com, Lambda quotas (a new account may start with 10
executions at once, and 100 must stay unreserved), SES sandbox (200 letters a day, to verified
addresses only), CDK bootstrapping (its version is kept in SSM).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from billing.adapters.aws import code_of, message_of
from local.doctor.finding import Finding, State, fine, fix, look

BOOTSTRAP = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_MIN = 6  # what the templates of this CDK ask for
UNRESERVED_MIN = 100  # Lambda's own rule
FIREWALL_REGION = "us-east-1"  # where CloudFront takes certificates and firewalls from

Client = Callable[[str, str | None], Any]  # of a service, in a region (None: the stage's)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment needs of the account."""

    stage: str
    region: str | None
    sender: str  # the mail address of the bills
    certificate_arn: str
    hosts: tuple[str, ...]  # of portal and console
    reserved: int  # executions at once that the functions reserve
    letters: int  # on the day of the biggest bill run


def findings(client: Client, wanted: Wanted) -> list[Finding]:
    """Everything that AWS can tell, each question alone: what is refused hides nothing else."""
    who = _asked("who we are", lambda: identity(client))
    if who.state is State.LOOK:
        return [who]
    if wanted.region is None:
        return [who, fix("No region is set", "aws configure set region eu-central-1")]
    return [
        who,
        *(_asked(what, lambda ask=ask: ask(client, wanted)) for what, ask in QUESTIONS.items()),
    ]


def identity(client: Client) -> Finding:
    told = client("sts", None).get_caller_identity()
    if told["Arn"].endswith(":root"):
        return fix(
            f"Account {told['Account']} is used by its root user",
            "make a role for deployments and sign in as that one",
        )
    return fine(f"Account {told['Account']}, as {told['Arn'].rpartition(':')[2]}")


def region(client: Client, wanted: Wanted) -> Finding:
    told = client("account", None).get_region_opt_status(RegionName=wanted.region)
    if told["RegionOptStatus"] in ("ENABLED", "ENABLED_BY_DEFAULT"):
        return fine(f"Region {wanted.region}")
    return fix(
        f"Region {wanted.region} is {told['RegionOptStatus'].lower()} for this account",
        f"aws account enable-region --region-name {wanted.region}",
    )


def bootstrap(client: Client, wanted: Wanted) -> Finding:
    """Both regions: the firewall of CloudFront lives in its own."""
    missing = [
        place
        for place in dict.fromkeys((str(wanted.region), FIREWALL_REGION))
        if bootstrap_version(client, place) < BOOTSTRAP_MIN
    ]
    if not missing:
        return fine(f"The CDK is bootstrapped in {wanted.region} and {FIREWALL_REGION}")
    account = client("sts", None).get_caller_identity()["Account"]
    where = " ".join(f"aws://{account}/{place}" for place in missing)
    return fix(f"The CDK is not bootstrapped in {', '.join(missing)}", f"npx cdk bootstrap {where}")


def bootstrap_version(client: Client, place: str) -> int:
    """0 where it never was."""
    try:
        return int(client("ssm", place).get_parameter(Name=BOOTSTRAP)["Parameter"]["Value"])
    except ClientError as error:
        if code_of(error) != "ParameterNotFound":
            raise
        return 0


def concurrency(client: Client, wanted: Wanted) -> Finding:
    limit = client("lambda", None).get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    need = wanted.reserved + UNRESERVED_MIN
    if limit >= need:
        return fine(f"Lambda may run {limit} executions at once ({need} are needed)")
    return fix(
        f"Lambda may run {limit} executions at once, and {need} are needed",
        "aws service-quotas request-service-quota-increase --service-code lambda "
        "--quota-code L-B99A9384 --desired-value 1000",
    )


def mail(client: Client, wanted: Wanted) -> Finding:
    told = client("sesv2", None).get_account()
    if not told.get("ProductionAccessEnabled"):
        return fix(
            "Mail is in the sandbox: 200 letters a day, to verified addresses only",
            "ask for production access: console of SES, Account dashboard",
        )
    if not told.get("SendingEnabled"):
        return fix("Sending mail is paused for this account", "console of SES, Reputation metrics")
    a_day = told["SendQuota"]["Max24HourSend"]
    if 0 <= a_day < wanted.letters:  # -1 is without limit
        return fix(
            f"{a_day:.0f} letters a day may be sent, and a bill run sends {wanted.letters}",
            "ask for a higher sending quota: console of SES, Account dashboard",
        )
    return fine("Mail is out of the sandbox")


def sender(client: Client, wanted: Wanted) -> Finding:
    domain = wanted.sender.partition("@")[2]
    known = [_verified(client, one) for one in (wanted.sender, domain)]
    if any(known):
        return fine(f"{wanted.sender} may send")
    return fix(
        f"{wanted.sender} may not send yet",
        f"aws sesv2 create-email-identity --email-identity {domain}, "
        "then publish the DKIM records that it answers with",
    )


def _verified(client: Client, name: str) -> bool:
    try:
        told = client("sesv2", None).get_email_identity(EmailIdentity=name)
    except ClientError as error:
        if code_of(error) != "NotFoundException":
            raise
        return False
    return bool(told.get("VerifiedForSendingStatus"))


def certificate(client: Client, wanted: Wanted) -> Finding:
    ask = (
        f"aws acm request-certificate --region {FIREWALL_REGION} --validation-method DNS "
        f"--domain-name {wanted.hosts[0]} --subject-alternative-names {wanted.hosts[-1]}"
    )
    try:
        told = client("acm", FIREWALL_REGION).describe_certificate(
            CertificateArn=wanted.certificate_arn
        )["Certificate"]
    except ClientError as error:
        if code_of(error) not in ("ResourceNotFoundException", "ValidationException"):
            raise
        return fix(
            "There is no such certificate as certificate_arn in cdk.json says",
            f"{ask}; write its ARN there",
        )
    if told["Status"] != "ISSUED":
        return fix(
            f"The certificate is {told['Status'].lower()}",
            "publish the DNS records that aws acm describe-certificate shows, and wait",
        )
    left = [host for host in wanted.hosts if not _covers(told["SubjectAlternativeNames"], host)]
    if left:
        return fix(f"The certificate does not cover {', '.join(left)}", ask)
    return fine("The certificate covers both addresses")


def _covers(names: list[str], host: str) -> bool:
    return host in names or f"*.{host.partition('.')[2]}" in names


def stacks(client: Client, wanted: Wanted) -> Finding:
    told = outputs_and_state(client, f"Demarc-{wanted.stage}-Data")
    if told is None:
        return fine(f"Stage {wanted.stage} is not deployed yet: nothing in its way")
    _, state = told
    if state.endswith(("_FAILED", "ROLLBACK_COMPLETE")) and state != "UPDATE_ROLLBACK_COMPLETE":
        return fix(
            f"Demarc-{wanted.stage}-Data is in {state}",
            f"aws cloudformation describe-stack-events --stack-name Demarc-{wanted.stage}-Data",
        )
    return fine(f"Stage {wanted.stage} is deployed ({state})")


def outputs_and_state(client: Client, stack: str) -> tuple[Mapping[str, str], str] | None:
    """What a stack says of itself; None if there is none of that name."""
    try:
        told = client("cloudformation", None).describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in message_of(error):
            raise
        return None
    outputs = {one["OutputKey"]: one["OutputValue"] for one in told.get("Outputs", [])}
    return outputs, told["StackStatus"]


def alarms(client: Client, wanted: Wanted) -> Finding:
    told = outputs_and_state(client, f"Demarc-{wanted.stage}-App")
    topic = told[0].get("AlarmsTopic") if told else None
    if topic is None:
        return look("Who hears the alarms is asked after the deployment", "run this again then")
    listening = client("sns", None).list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    if any(one["SubscriptionArn"].startswith("arn:") for one in listening):
        return fine("Somebody hears the alarms")
    return fix(
        "Nobody hears the alarms yet",
        f"confirm the letter that AWS sent to alarms_to of cdk.json; for others: aws sns subscribe "
        f"--topic-arn {topic} --protocol email --notification-endpoint <address>",
    )


QUESTIONS: Mapping[str, Callable[[Client, Wanted], Finding]] = {
    "the region": region,
    "the bootstrap": bootstrap,
    "Lambda's quota": concurrency,
    "mail": mail,
    "the sender's address": sender,
    "the certificate": certificate,
    "the stacks": stacks,
    "the alarms": alarms,
}


def _asked(what: str, ask: Callable[[], Finding]) -> Finding:
    try:
        return ask()
    except ClientError as error:
        code = code_of(error)
        if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
            return look(f"AWS does not let us ask about {what}", "ask somebody who may, or look")
        return look(f"AWS refused the question about {what}: {code}", "sign in again and repeat")
    except BotoCoreError as error:
        return look(
            f"No answer from AWS about {what} ({type(error).__name__})", "check the network"
        )
