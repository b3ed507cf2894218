"""The published description of both APIs (OpenAPI 3.1), made from the routes themselves.

python -m functions.portal_api.openapi           writes functions/portal_api/openapi.json
python -m functions.portal_api.openapi --check   says whether that file is still true
"""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "openapi.json"
VERSION = "1.0.0"

# The description needs the code of the routes and no tables; importing wants their names.
for name in ("USAGE_TABLE", "LEDGER_TABLE", "ACCOUNTS_TABLE"):
    os.environ.setdefault(name, "not-read")
os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver  # noqa: E402
from aws_lambda_powertools.event_handler.openapi.models import (  # noqa: E402
    HTTPBearer,
    Server,
)

from functions.portal_api import customer, staff  # noqa: E402
from functions.portal_api.access import Access, Route  # noqa: E402
from functions.portal_api.routes.asked import ETAG  # noqa: E402

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "instance", "errors"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:demarc:problem:digest-changed"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence for people: the field and the fix"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {"type": "string", "examples": ["#/billingAddress/town"]},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "a text of your own, new for each new request; a repeat gets the same answer",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "the ETag that was read; 412 if somebody else saved meanwhile",
    "schema": {"type": "string", "pattern": ETAG.pattern, "examples": ['"3"']},
}
PDF = {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}
PAGE = {"text/html; charset=utf-8": {"schema": {"type": "string"}}}
LOCATION = {"Location": {"required": True, "schema": {"type": "string", "format": "uri"}}}
CSV = {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}}


def description() -> dict[str, Any]:
    """Both APIs: {"customer": …, "staff": …}, each a whole OpenAPI 3.1 document."""
    return {
        "customer": _of(customer.app, customer.TABLE, "Portal: what a customer may ask"),
        "staff": _of(staff.app, staff.TABLE, "Console: what staff may ask"),
    }


def text() -> str:
    return json.dumps(description(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _of(app: APIGatewayHttpResolver, table: Mapping[Route, Access], title: str) -> dict[str, Any]:
    made = app.get_openapi_json_schema(
        title=title,
        version=VERSION,
        openapi_version="3.1.0",
        servers=[Server(url="/")],
        security_schemes={"bearer": HTTPBearer(bearerFormat="JWT")},
        security=[{"bearer": []}],
    )
    found: dict[str, Any] = json.loads(made)
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError", "ResponseValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    for rule, operations in found["paths"].items():
        for method, operation in operations.items():
            _complete(operation, method.upper(), rule, table)
    return found


def _complete(
    operation: dict[str, Any], method: str, rule: str, table: Mapping[Route, Access]
) -> None:
    """What the routes do not say of themselves: headers, roles, and how they refuse."""
    access = table[Route(method, rule.replace("{", "<").replace("}", ">"))]
    parameters = operation.setdefault("parameters", [])
    if method == "POST" and access.writes and rule.startswith("/v1/"):
        parameters.append(IDEMPOTENCY_KEY)
    if method == "PATCH" or (access.writes and "/{subscription_id}/" in rule):
        parameters.append(IF_MATCH)
    if not parameters:
        del operation["parameters"]
    if rule == "/v1/imports":
        operation["requestBody"] = CSV
    if not access.roles:
        operation["security"] = []
    else:
        operation["x-roles"] = sorted(access.roles)
    refusal = {"$ref": "#/components/schemas/Problem"}
    for status in ("422", "500"):  # Powertools' own forms of refusal, which we do not use
        operation["responses"].pop(status, None)
    operation["responses"]["default"] = {
        "description": "Refused (RFC 9457)",
        "content": {"application/problem+json": {"schema": refusal}},
    }
    _name_media(operation["responses"], rule)


def _name_media(responses: dict[str, Any], rule: str) -> None:
    """What is answered with something else than JSON: documents, and a pay link to a browser."""
    if rule.endswith("/pdf"):
        responses["200"]["content"] = PDF
    if rule.startswith("/pay/"):
        responses["default"]["content"] |= PAGE
        if "200" in responses:
            invoice = {"$ref": "#/components/schemas/InvoiceOut"}
            responses["200"]["content"] = {"application/json": {"schema": invoice}} | PAGE
        if "303" in responses:
            del responses["303"]["content"]
            responses["303"]["headers"] = LOCATION


def main(arguments: list[str]) -> int:
    if arguments == ["--check"]:
        same = FILE.exists() and FILE.read_text("utf-8") == text()
        if not same:
            print(f"{FILE.name} is not what the routes say: python -m functions.portal_api.openapi")
        return 0 if same else 1
    FILE.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
