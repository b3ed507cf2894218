"""The front door hands requests and answers on unchanged, by the path of the API."""

import http.client
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler

import pytest

from local.front_door import Door, Server

PDF = bytes(range(256)) * 40


class Emulator(BaseHTTPRequestHandler):
    """What stands behind: says what it was asked, with two cookies; /pdf is binary."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        content = PDF if self.path.endswith("/pdf") else self.path.encode()
        self.send_response(303 if self.path.endswith("/signin") else 200)
        self.send_header("Location", "/console")
        self.send_header("Set-Cookie", "a=1; HttpOnly")
        self.send_header("Set-Cookie", "b=2; Path=/")
        self.send_header("X-Cookie-Seen", self.headers.get("Cookie", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def door() -> Iterator[http.client.HTTPConnection]:
    behind = Server(("127.0.0.1", 0), Emulator)
    front = Server(("127.0.0.1", 0), partial(Door, emulator=behind.server_port, api="a1b2"))
    for server in (behind, front):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield http.client.HTTPConnection("127.0.0.1", front.server_port, timeout=5)
    for server in (front, behind):
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("path", ["/login", "/health", "/oauth2/token", "/bills?month=10&a=b%20c"])
def test_every_path_reaches_the_api_even_those_the_emulator_would_answer(
    door: http.client.HTTPConnection, path: str
) -> None:
    door.request("GET", path)

    assert door.getresponse().read().decode() == f"/_aws/execute-api/a1b2/$default{path}"


def test_cookies_stay_apart_and_redirects_are_the_browsers_business(
    door: http.client.HTTPConnection,
) -> None:
    door.request("GET", "/signin", headers={"Cookie": "session=x; other=y"})
    answer = door.getresponse()

    assert answer.status == 303
    assert answer.headers.get_all("Set-Cookie") == ["a=1; HttpOnly", "b=2; Path=/"]
    assert answer.getheader("Location") == "/console"
    assert answer.getheader("X-Cookie-Seen") == "session=x; other=y"


def test_bytes_are_untouched_both_ways_on_a_kept_connection(
    door: http.client.HTTPConnection,
) -> None:
    for _ in range(2):
        door.request("GET", "/pdf")
        assert door.getresponse().read() == PDF
        door.request("POST", "/imports", body=PDF)
        assert door.getresponse().read() == PDF


def test_an_emulator_that_is_away_is_a_bad_gateway_and_not_a_hanging_page() -> None:
    front = Server(("127.0.0.1", 0), partial(Door, emulator=1, api="a1b2"))
    threading.Thread(target=front.serve_forever, daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", front.server_port, timeout=5)
    connection.request("POST", "/pay/x", body=b"")

    assert connection.getresponse().status == 502
    front.shutdown()
    front.server_close()
