"""The product's addresses as a program uses them: signed in by the form, then with a bearer."""

import http.client
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from local.demo.journal import NotAsItMustBe

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, its body not yet looked at."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def etag(self) -> str:
        return self.headers.get("etag", "")


def send(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
) -> Answer:
    """One request; redirects are not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        cookies = "\n".join(response.headers.get_all("set-cookie") or [])
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found | {"set-cookie": cookies}, response.read())
    finally:
        connection.close()


def send_form(url: str, fields: Mapping[str, str]) -> Answer:
    """A form of a page of that site."""
    parts = urlsplit(url)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Origin": f"{parts.scheme}://{parts.netloc}",
    }
    return send("POST", url, headers, urlencode(fields).encode())


@dataclass(frozen=True, slots=True)
class Api:
    """Somebody who is signed in at one of the two front doors."""

    url: str
    token: str

    @classmethod
    def signed_in(cls, url: str, email: str, password: str) -> Self:
        """Sign in by the page's form; the session cookie is the access token."""
        answer = send_form(f"{url}/signin", {"username": email, "password": password})
        cookie = answer.headers.get("set-cookie", "")
        if answer.status != 303 or "-access=" not in cookie:
            raise NotAsItMustBe(f"{email} cannot sign in at {url}: {answer.status} {answer.text}")
        return cls(url, cookie.partition("-access=")[2].partition(";")[0])

    def get(self, path: str, **query: str) -> Any:
        """The JSON at an address; it must be there."""
        return self.expect(200, "GET", path + (f"?{urlencode(query)}" if query else "")).json

    def post(self, path: str, body: Any, status: int = 201, **headers: str) -> Any:
        """What a POST answers; `status` is what it must answer with."""
        return self.expect(status, "POST", path, body, **headers).json

    def expect(
        self, status: int, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """The answer, which must have this status."""
        answer = self.ask(method, path, body, **headers)
        if answer.status != status:
            raise NotAsItMustBe(
                f"{method} {path} answers {status}, not {answer.status}: {answer.text[:600]}"
            )
        return answer

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Whatever is answered. Headers: if_match, idempotency_key (new unless given)."""
        sent = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        if method == "POST":
            sent.setdefault("idempotency-key", uuid.uuid4().hex)
        data = None if body is None else json.dumps(body).encode()
        return send(method, self.url + path, sent, data)

    def everything(self, path: str, **query: str) -> list[Any]:
        """A whole list, page by page."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = self.get(path, **query, **({"cursor": cursor} if cursor else {}))
            found += page["data"]
            cursor = page["nextCursor"]
            if not cursor:
                return found
