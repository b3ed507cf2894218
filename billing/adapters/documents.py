"""Files that stay: invoices as PDF, copies of mail, the frozen lists of a bill run.

Owns      the keys of the documents bucket and the three ways to write to it
Not       what stands in a document (sheet.py) and how it looks (templates/invoice.typ)
Repeats   `put_once` finds its own bytes and is content; other bytes under a key are a fault
"""

import json
import threading
from pathlib import Path
from typing import Any, cast

import typst
from botocore.exceptions import ClientError

from billing.adapters import aws
from billing.core.errors import BillingError
from billing.core.invoicing import Invoice, canonical, digest

TEMPLATES = Path(__file__).parent / "templates"

# Level A and UA-1: an archive may keep it, and a screen reader can read it.
PDF_STANDARDS = ["a-3a", "ua-1"]

_of_thread = threading.local()


class DocumentConflict(BillingError):
    """A stored document never changes: other content needs another key."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"document {key} is stored with other content: stored documents are never replaced, "
            "so find out which of the two is true before anything is sent"
        )
        self.key = key


class DocumentNotFound(BillingError):
    """Nothing is stored under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"document {key} is not stored (yet): issue the invoice again to make it")
        self.key = key


def put_once(bucket: str, key: str, content: bytes, content_type: str) -> bool:
    """Store a document for ever. False: the same bytes were there already."""
    if put_first(bucket, key, content, content_type):
        return True
    if get(bucket, key) != content:
        raise DocumentConflict(key)
    return False


def put_first(bucket: str, key: str, content: bytes, content_type: str) -> bool:
    """Store a document for ever. False: one was there already, and it stays."""
    try:
        aws.client("s3").put_object(
            Bucket=bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*"
        )
    except ClientError as error:
        # 412: it is there. 409: another writer of the same key is at it; what it wrote decides.
        if aws.code_of(error) not in ("PreconditionFailed", "ConditionalRequestConflict"):
            raise
        return False
    return True


def get(bucket: str, key: str) -> bytes:
    """The bytes of a stored document."""
    try:
        return aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        if aws.code_of(error) in ("NoSuchKey", "404"):
            raise DocumentNotFound(key) from None
        raise


def document_key(invoice: Invoice) -> str:
    """Where the PDF of an invoice lies: under its id and the hash of what it says."""
    return f"invoices/{invoice.id}/{digest(canonical(invoice))}.pdf"


def put_list(bucket: str, prefix: str, items: list[Any]) -> dict[str, str]:
    """Store a JSON array under a name made from its content; the reply points at it.

    The key differs with the content, so a list that a map is reading is never changed under it.
    """
    content = json.dumps(items, sort_keys=True, separators=(",", ":")).encode()
    key = f"{prefix}-{digest(content)}.json"
    # Whoever writes under this key writes these bytes: no condition is needed.
    aws.client("s3").put_object(
        Bucket=bucket, Key=key, Body=content, ContentType="application/json"
    )
    return {"bucket": bucket, "key": key}


def get_list(pointer: dict[str, str]) -> list[Any]:
    """The JSON array that `put_list` stored."""
    return cast("list[Any]", json.loads(get(pointer["bucket"], pointer["key"])))


def render(sheet: dict[str, Any], issued_at: int) -> bytes:
    """Draw a sheet as PDF. The same sheet gives the same bytes, on every machine and every day.

    issued_at  noon of the issue date, seconds since 1970 UTC: the document's own time
    """
    inputs = {"sheet": json.dumps(sheet, sort_keys=True, ensure_ascii=False)}
    try:
        return _compile(inputs, PDF_STANDARDS, issued_at)
    except typst.TypstError:
        # The archive standards refuse a character no shipped font can draw. After its number is
        # given an invoice must come out all the same, so this one is a plain tagged PDF.
        return _compile(inputs, [], issued_at)


def _compile(inputs: dict[str, str], standards: list[Any], issued_at: int) -> bytes:
    pdf = _compiler().compile(
        format="pdf", pdf_standards=standards, sys_inputs=inputs, timestamp=issued_at
    )
    return cast("bytes", pdf)


def _compiler() -> typst.Compiler:
    """This thread's compiler: it keeps fonts and template, and serves one thread at a time."""
    if not hasattr(_of_thread, "compiler"):
        fonts = typst.Fonts(include_system_fonts=False, font_paths=[str(TEMPLATES / "fonts")])
        _of_thread.compiler = typst.Compiler(
            str(TEMPLATES / "invoice.typ"), font_paths=fonts, ignore_system_fonts=True
        )
    return cast("typst.Compiler", _of_thread.compiler)
