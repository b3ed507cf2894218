"""One address for the portal and one for the console, before the emulator's API gateway.

In AWS this is CloudFront. The emulator answers /login, /logout, /oauth2 and /health itself,
whatever the host; by the path form of an API's address every path reaches the API.

    python -m local.front_door --emulator 8083 --door 8080=<api id> --door 8081=<api id>
"""

import argparse
import http.client
import signal
import sys
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# RFC 9110 §7.6.1 and what the two servers write themselves.
OF_ONE_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "date",
    "server",
}
REPEATABLE = {"GET", "HEAD"}
TIMEOUT_SECONDS = 35


class Door(BaseHTTPRequestHandler):
    """Hands a request on as it is: cookies apart, redirects unfollowed, bytes untouched."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, *arguments: Any, emulator: int, api: str, **more: Any) -> None:
        self.emulator, self.api = emulator, api
        self.connection_behind: http.client.HTTPConnection | None = None
        super().__init__(*arguments, **more)

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            answer = self._ask(body)
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection_behind = None
            self.send_error(502, "The emulator does not answer", str(error))
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():  # keeps several Set-Cookie apart
            if name.lower() not in OF_ONE_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def _ask(self, body: bytes) -> http.client.HTTPResponse:
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in OF_ONE_HOP
        }
        headers |= {
            "X-Forwarded-Host": self.headers.get("Host", ""),
            "X-Forwarded-For": self.client_address[0],
            "X-Forwarded-Proto": "http",
            "Host": f"127.0.0.1:{self.emulator}",
            "Content-Length": str(len(body)),
        }
        path = f"/_aws/execute-api/{self.api}/$default{self.path}"
        kept = self.connection_behind is not None
        try:
            return self._send(path, body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection_behind = None
            if not kept or self.command not in REPEATABLE:
                raise
            return self._send(path, body, headers)  # a kept connection had been closed meanwhile

    def _send(self, path: str, body: bytes, headers: dict[str, str]) -> http.client.HTTPResponse:
        if self.connection_behind is None:
            self.connection_behind = http.client.HTTPConnection(
                "127.0.0.1", self.emulator, timeout=TIMEOUT_SECONDS
            )
        self.connection_behind.request(self.command, path, body, headers)
        return self.connection_behind.getresponse()

    def log_message(self, format: str, *args: Any) -> None:
        """The API keeps an access log of its own."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = pass_on


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m local.front_door", description=__doc__)
    parser.add_argument("--emulator", type=int, required=True, help="its port")
    parser.add_argument("--door", action="append", required=True, metavar="PORT=API")
    given = parser.parse_args(arguments)
    for door in given.door:
        port, _, api = door.partition("=")
        server = Server(("127.0.0.1", int(port)), partial(Door, emulator=given.emulator, api=api))
        threading.Thread(target=server.serve_forever, daemon=True).start()
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
