"""Both doors in one process: a user pool of our own keys, tokens, and API Gateway's events."""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import urlencode

import boto3
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.models import DEFAULT_ACCOUNT_ID

from billing.config import load_plans
from billing.store import accounts, catalog
from billing.store.access import EVERY_ACCOUNT
from billing.store.logins import Login, load_login, save_login
from billing.store.timeline import Event, list_events

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
ISSUER = "https://idp.example"
POOLS = {"staff": ("pool-staff", "client-staff"), "customer": ("pool-cust", "client-cust")}
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLANS = {offering.code: offering.id for offering in load_plans()}
ADDRESS = {"street": "Quay Street", "number": "7", "postcode": "T12 AB12", "town": "Cork",
           "country": "IE"}  # fmt: skip

_keys = count(1)


@dataclass(frozen=True)
class Context:
    """The context of an invocation, as Lambda gives it."""

    function_name: str = "portal-api"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:portal-api"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"


@dataclass
class Answer:
    """A response as the browser or program sees it."""

    status: int
    headers: Mapping[str, str]
    cookies: list[str]
    text: str
    raw: dict[str, Any] = field(repr=False)

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def octets(self) -> bytes:
        return base64.b64decode(self.raw["body"])

    @property
    def pointers(self) -> list[str]:
        return [error["pointer"] for error in self.json["errors"]]


def our_keys() -> dict[str, Any]:
    jwk = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
    return {"keys": [{**jwk, "kid": "ours", "use": "sig"}]}


def jwks_server(keys: Mapping[str, Any]) -> tuple[ThreadingHTTPServer, str]:
    """A pool's public keys on loopback, as Cognito publishes them."""
    document = json.dumps(keys).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_port}/jwks.json"


def token(kind: str, subject: str, *groups: str, **changes: Any) -> str:
    pool, client = POOLS[kind]
    claims = {
        "sub": subject,
        "iss": f"{ISSUER}/{pool}",
        "client_id": client,
        "token_use": "access",
        "username": subject,
        "cognito:groups": list(groups),
        "iat": int(NOW.timestamp()) - 60,
        "exp": int((NOW + timedelta(minutes=15)).timestamp()),
    }
    return jwt.encode({**claims, **changes}, KEY, algorithm="RS256", headers={"kid": "ours"})


def found_staff_pool() -> None:
    """The staff's user pool, under the name that the tokens bear; the real one draws its own."""
    made = boto3.client("cognito-idp").create_user_pool(PoolName="staff")["UserPool"]["Id"]
    pools = cognitoidp_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].user_pools
    pools[POOLS["staff"][0]] = pools.pop(made)


def employ(name: str, *groups: str) -> None:
    """A member of staff, in these groups and those of before."""
    client, pool = boto3.client("cognito-idp"), POOLS["staff"][0]
    if name not in {user["Username"] for user in client.list_users(UserPoolId=pool)["Users"]}:
        client.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
    known = {one["GroupName"] for one in client.list_groups(UserPoolId=pool)["Groups"]}
    for group in groups:
        if group not in known:
            client.create_group(UserPoolId=pool, GroupName=group)
        client.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=group)


def event(
    method: str,
    path: str,
    *,
    body: Any = None,
    query: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    cookies: list[str] | None = None,
) -> dict[str, Any]:
    """An event of API Gateway's HTTP API, payload format 2.0."""
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    sent = {"host": "127.0.0.1", **({"content-type": "application/json"} if body else {})}
    made = {
        "version": "2.0",
        "routeKey": "ANY /{proxy+}",
        "rawPath": path,
        "rawQueryString": urlencode(query or {}),
        "headers": {**sent, **{k.lower(): v for k, v in (headers or {}).items()}},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "domainName": "api.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "tests",
            },
            "requestId": "id",
            "routeKey": "ANY /{proxy+}",
            "stage": "$default",
            "time": "02/Nov/2026:09:00:00 +0000",
            "timeEpoch": int(NOW.timestamp() * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        made["queryStringParameters"] = dict(query)
    if cookies:
        made["cookies"] = cookies
    if text is not None:
        made["body"] = text
    return made


def answered(result: dict[str, Any]) -> Answer:
    body = result.get("body") or ""
    text = "" if result.get("isBase64Encoded") else body
    return Answer(
        result["statusCode"], result["headers"], result.get("cookies") or [], text, result
    )


@dataclass
class Door:
    """One of the two applications, asked as somebody; bearer None: as nobody."""

    handler: Callable[[dict[str, Any], Any], dict[str, Any]]
    bearer: str | None = None

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        headers = dict(options.pop("headers", {}))
        if self.bearer:
            headers.setdefault("authorization", f"Bearer {self.bearer}")
        if method == "POST":
            headers.setdefault("idempotency-key", f"key-{next(_keys)}")
        made = event(method, path, body=body, headers=headers, **options)
        return answered(self.handler(made, Context()))

    def as_bearer(self, bearer: str | None) -> "Door":
        return Door(self.handler, bearer)

    def get(self, path: str, **options: Any) -> Answer:
        return self("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return self("POST", path, body, **options)

    def patch(self, path: str, body: Any, version: int | None = None) -> Answer:
        headers = {} if version is None else {"if-match": f'"{version}"'}
        return self("PATCH", path, body, headers=headers)


def put_plans() -> None:
    for offering in load_plans()[:3]:
        for version in offering.versions:
            told = Event("offering.changed", "staff:mira", offering.id, "new", NOW)
            catalog.put_price_version(version, told)


def open_customer(
    staff: Door,
    name: str,
    *,
    plan: str = "fibre-100",
    since: str = "2026-11-01T00:00:00Z",
    **account: Any,
) -> str:
    """A customer made by staff through the API: party, account, service, plan; the account's id."""
    party = staff.post("/v1/parties", {"kind": "person", "name": name}).json["id"]
    wanted = {"partyId": party, "billingAddress": ADDRESS, "taxPlace": {"country": "IE"}}
    opened = staff.post("/v1/accounts", wanted | account)
    assert opened.status == 201, opened.text
    account_id = opened.json["id"]
    service = staff.post(
        f"/v1/accounts/{account_id}/services",
        {"name": "Home", "site": ADDRESS, "identities": [f"user:{name.lower()}@isp.example"]},
    )
    assert service.status == 201, service.text
    begun = staff.post(
        f"/v1/accounts/{account_id}/subscriptions",
        {
            "serviceId": service.json["id"],
            "offeringId": PLANS[plan],
            "since": since,
        },
    )
    assert begun.status == 201, begun.text
    return account_id


def give_login(subject: str, *account_ids: str) -> None:
    """The accounts that are the subject's from now on; none: what it had is taken away."""
    known = load_login(subject) or Login(subject)
    event = Event("login.given", "staff:mira", subject, "", NOW)
    for account_id in account_ids or known.account_ids:
        save_login(replace(known, account_ids=account_ids), account_id, event)
        known = load_login(subject) or known


def events_of(account_id: str) -> list[tuple[str, str]]:
    """(kind, actor) of an account's timeline, newest first."""
    return [(one.kind, one.actor) for one in list_events(account_id, EVERY_ACCOUNT).items]


def account_version(account_id: str) -> int:
    return accounts.load_account(account_id, EVERY_ACCOUNT).version
