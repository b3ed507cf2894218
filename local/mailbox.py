"""The mails that were sent, in a browser: what a customer would find in their inbox.

It reads the copies that the product keeps beside its documents; nothing leaves this machine.

    python -m local.mailbox --port 8085 --bucket <documents> --endpoint http://127.0.0.1:8083
"""

import argparse
import html
import signal
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs, quote, urlsplit

import boto3

SHOWN_MAX = 200
STYLE = """body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:46rem;padding:1rem}
a{color:#0b5ed7}table{width:100%;border-collapse:collapse}
td{padding:.4rem .6rem .4rem 0;border-bottom:1px solid #ddd;vertical-align:top}
iframe{width:100%;height:34rem;border:1px solid #ccc}
.quiet{color:#4a5568}"""


class Mailbox(BaseHTTPRequestHandler):
    """The list at /, one mail at /mail?key=…, its HTML and its attachments below it."""

    def __init__(self, *arguments: Any, s3: Any, bucket: str, **more: Any) -> None:
        self.s3, self.bucket = s3, bucket
        super().__init__(*arguments, **more)

    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        key = parse_qs(asked.query).get("key", [""])[0]
        if asked.path == "/":
            self._answer("text/html", _page("Sent mail", self._list()))
        elif asked.path == "/mail" and key.startswith("mail/"):
            self._answer("text/html", _one(key, self._mail(key)))
        elif asked.path == "/body" and key.startswith("mail/"):
            self._answer("text/html", _content(self._mail(key), "html"))
        elif asked.path == "/attachment" and key.startswith("mail/"):
            part = next(self._mail(key).iter_attachments())
            self._answer(part.get_content_type(), part.get_content())
        else:
            self.send_error(404, "There is no such mail")

    def _list(self) -> str:
        listed = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix="mail/"
        )
        keys = [one["Key"] for page in listed for one in page.get("Contents", [])]
        if not keys:
            return "<p>No mail yet: bills are mailed when a run is issued.</p>"
        newest = sorted(keys, reverse=True)[:SHOWN_MAX]
        rows = "".join(_row(key, self._mail(key)) for key in newest)
        return f'<p class="quiet">{len(keys)} mails, the newest first</p><table>{rows}</table>'

    def _mail(self, key: str) -> EmailMessage:
        raw = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return cast("EmailMessage", message_from_bytes(raw, policy=policy.default))

    def _answer(self, content_type: str, content: str | bytes) -> None:
        body = content.encode() if isinstance(content, str) else content
        charset = "; charset=utf-8" if content_type.startswith("text/") else ""
        self.send_response(200)
        self.send_header("Content-Type", content_type + charset)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: the terminal belongs to the whole system."""


def _row(key: str, mail: EmailMessage) -> str:
    return (
        f'<tr><td><a href="/mail?key={quote(key)}">{html.escape(str(mail["Subject"]))}</a></td>'
        f'<td class="quiet">{html.escape(str(mail["To"]))}</td></tr>'
    )


def _one(key: str, mail: EmailMessage) -> str:
    files = "".join(
        f'<a href="/attachment?key={quote(key)}">{html.escape(part.get_filename() or "file")}</a>'
        for part in mail.iter_attachments()
    )
    return _page(
        str(mail["Subject"]),
        f'<p class="quiet">to {html.escape(str(mail["To"]))} · {files}</p>'
        f'<iframe title="The mail" src="/body?key={quote(key)}"></iframe>'
        '<p><a href="/">All mails</a></p>',
    )


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind, "plain"))
    # Links open a tab of their own and not this frame.
    return '<base target="_blank">' + (part.get_content() if part else "")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style>"
        f"<h1>{html.escape(title)}</h1>{body}</html>"
    )


def main() -> None:
    parser = argparse.ArgumentParser("python -m local.mailbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bucket", required=True)
    parser.add_argument("--endpoint", required=True)
    given = parser.parse_args()
    s3 = cast("Any", boto3).client("s3", endpoint_url=given.endpoint)
    server = ThreadingHTTPServer(
        ("127.0.0.1", given.port), partial(Mailbox, s3=s3, bucket=given.bucket)
    )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.serve_forever()


if __name__ == "__main__":
    main()
