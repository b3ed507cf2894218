"""The account: from botocore's request to a service's answer, without a network."""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import botocore.handlers
import botocore.parsers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from tests.cloud.dynamodb import DynamoDb, Refused
from tests.cloud.others import Cognito, Secrets, Ses, Sqs, States
from tests.cloud.s3 import S3, Missing, Taken, unchunked

Json = dict[str, Any]


class NotSupported(Exception):
    """The program calls something that this account does not have."""


class Cloud:
    """An AWS account in memory, spoken to by every client of the process while it is entered.

    off_the_wire  calls of the services that speak JSON are answered before they are signed, sent
                  and read, unless `on_the_wire` wants this one: three times as fast
    """

    _entered: ClassVar["Cloud | None"] = None

    def __init__(self, *, off_the_wire: bool = False) -> None:
        self._off_the_wire = off_the_wire
        self.dynamodb = DynamoDb()
        self.s3 = S3()
        self.sqs = Sqs()
        self.ses = Ses()
        self.secrets = Secrets()
        self.states = States()
        self.cognito = Cognito()

    def __enter__(self) -> "Cloud":
        if Cloud._entered is not None:
            raise RuntimeError("one account at a time")
        Cloud._entered = self
        return self

    def __exit__(self, *_: object) -> None:
        Cloud._entered = None

    def state(self) -> Mapping[str, Any]:
        """All that the account holds, as a value that later calls do not change."""
        return {name: service.state() for name, service in self._services()}

    def put_back(self, state: Mapping[str, Any]) -> None:
        """Make the account what it was when `state` was taken."""
        for name, service in self._services():
            service.put_back(state[name])

    def _services(self) -> list[tuple[str, Any]]:
        return [(name, one) for name, one in vars(self).items() if not name.startswith("_")]

    def answer(self, service: str, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        """What the service answers to a request, having done what it asks."""
        if service == "s3":
            return self._from_s3(operation, request)
        services: dict[str, Any] = {
            "dynamodb": self.dynamodb,
            "sqs": self.sqs,
            "sesv2": self.ses,
            "secrets-manager": self.secrets,
            "sfn": self.states,
            "cognito-identity-provider": self.cognito,
        }
        action = getattr(services.get(service), _snake(operation), None)
        if action is None:
            raise NotSupported(f"{service}.{operation}")
        return _of_json(request, action, json.loads(_body(request)))

    def _from_s3(self, operation: str, request: AWSPreparedRequest) -> AWSResponse:
        bucket, path, query = _s3_address(request.url)
        try:
            if operation == "PutObject":
                body = _body(request)
                if "aws-chunked" in _header(request, "Content-Encoding"):
                    body = unchunked(body)
                kind = _header(request, "Content-Type") or "binary/octet-stream"
                only_new = _header(request, "If-None-Match") == "*"
                stored = self.s3.put(path, body, kind, only_new)
                return response(request, 200, b"", ETag=stored.etag)
            if operation in ("GetObject", "HeadObject"):
                stored = self.s3.get(path)
                content = stored.content if operation == "GetObject" else b""
                headers = {"ETag": stored.etag, "Content-Type": stored.content_type}
                return response(request, 200, content, **headers)
            if operation == "ListObjectsV2":
                text = self.s3.listing(bucket, query.get("prefix", [""])[0])
                return response(request, 200, text.encode())
        except Missing:
            return s3_error(request, 404, "NoSuchKey")
        except Taken:
            return s3_error(request, 412, "PreconditionFailed")
        raise NotSupported(f"s3.{operation}")


def install() -> None:
    """Put the account between every client made from now on and the network. Once."""
    register = botocore.handlers.BUILTIN_HANDLERS
    if not any(handler is _before_send for _, handler, *_ in register):
        register.append(("before-send", _before_send))
        register.append(("before-call", _before_call, botocore.handlers.REGISTER_LAST))


on_the_wire: list[Callable[[], bool]] = []  # who wants a call to be sent as it would be in life


def response(request: AWSPreparedRequest, status: int, body: bytes, **headers: str) -> AWSResponse:
    """An answer as botocore reads it from the network."""
    told = {
        "Content-Length": str(len(body)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    return AWSResponse(request.url, status, told, _Raw(body))


def error(
    request: AWSPreparedRequest, status: int, code: str, message: str, **more: Any
) -> AWSResponse:
    """An answer with an error of a service that speaks JSON."""
    told = {"__type": code, "message": message, "Message": message, **more}
    headers = {"x-amzn-ErrorType": code}
    return response(request, status, json.dumps(told).encode(), **headers)


def s3_error(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return response(request, status, b"" if request.method == "HEAD" else body)


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


def _before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse | None:
    account = Cloud._entered
    # Another hook has answered in the service's place: then the request never arrived.
    if account is None or getattr(request, "answered", False):
        return None
    _, service, operation = event_name.split(".")
    return account.answer(service, operation, request)


def _before_call(
    model: Any, params: Json, event_name: str, **_: Any
) -> tuple[AWSResponse, Json] | None:
    account = Cloud._entered
    if account is None or not account._off_the_wire or any(wanted() for wanted in on_the_wire):
        return None
    _, service, operation = event_name.split(".")
    if service == "s3":
        return None
    request: Any = _Called(params["url"], params["body"])
    answer = account.answer(service, operation, request)
    told = {
        "status_code": answer.status_code,
        "headers": answer.headers,
        "body": answer.content,
        "context": {"operation_name": operation},
    }
    parser = _parser(model.service_model.resolved_protocol)
    parsed = parser.parse(told, model.output_shape)
    if "Error" in parsed:  # the fields of its own that an error of the service's model has
        shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
        parsed |= parser.parse(told, shape) if shape else {}
    return answer, parsed


@dataclass(frozen=True, slots=True)
class _Called:
    """A request that was made and not sent."""

    url: str
    body: bytes


@cache
def _parser(protocol: str) -> Any:
    return botocore.parsers.create_parser(protocol)


def _of_json(
    request: AWSPreparedRequest, action: Callable[[Json], Json], call: Json
) -> AWSResponse:
    try:
        return response(request, 200, json.dumps(action(call)).encode())
    except Refused as refused:
        return error(request, 400, refused.code, refused.message, **refused.more)


def _body(request: AWSPreparedRequest) -> bytes:
    body = request.body
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    return body.read()


def _header(request: AWSPreparedRequest, name: str) -> str:
    value = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else value


def _s3_address(url: str) -> tuple[str, str, dict[str, list[str]]]:
    """Bucket, "bucket/key" and query of an address in either style."""
    parts = urlsplit(url)
    path = unquote(parts.path).lstrip("/")
    first, _, rest = parts.netloc.partition(".s3.")
    if rest:
        return first, f"{first}/{path}", parse_qs(parts.query)
    return path.partition("/")[0], path, parse_qs(parts.query)


def _snake(operation: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
