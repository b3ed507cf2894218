"""A stream of one machine: PutRecords over HTTP, with the failures of a real one on demand."""

import base64
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any


class Stream:
    """What was offered, call by call, and what was taken. `refuse` decides for each pack.

    unreachable  whether a call is cut off before anything of it is taken
    lose_reply   whether its answer is cut off after all of it was
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.calls: list[list[dict[str, Any]]] = []
        self.taken: list[dict[str, Any]] = []
        self.wire: list[bytes] = []  # of what was taken, as it came
        self.unreachable = lambda call: False
        self.refuse = lambda call, place, pack: False
        self.lose_reply = lambda call: False
        self.url = ""

    def put(self, entries: list[dict[str, str]]) -> dict[str, Any] | None:
        """The answer to one PutRecords; None if it gets lost on its way back."""
        with self.lock:
            call = len(self.calls)
            wire = [base64.b64decode(entry["Data"]) for entry in entries]
            packs = [json.loads(data) for data in wire]
            self.calls.append(packs)
            if self.unreachable(call):
                return None
            results: list[dict[str, str]] = []
            for place, pack in enumerate(packs):
                if self.refuse(call, place, pack):
                    results.append(
                        {
                            "ErrorCode": "ProvisionedThroughputExceededException",
                            "ErrorMessage": "Rate exceeded",
                        }
                    )
                else:
                    self.taken.append(pack)
                    self.wire.append(wire[place])
                    results.append({"SequenceNumber": str(len(self.taken)), "ShardId": "s-0"})
            failed = sum("ErrorCode" in result for result in results)
            if self.lose_reply(call):
                return None
            return {"FailedRecordCount": failed, "Records": results}

    def sequence(self) -> list[tuple[str, int]]:
        """The boots and numbers of all records taken, in the order in which they were."""
        with self.lock:
            return [
                (pack["boot"], seq)
                for pack in self.taken
                for seq, _ in enumerate(pack["records"], pack["first_seq"])
            ]

    def records(self) -> dict[tuple[str, int], set[str]]:
        """Every content taken under each (boot, sequence number)."""
        contents: dict[tuple[str, int], set[str]] = {}
        with self.lock:
            for pack in self.taken:
                for seq, record in enumerate(pack["records"], pack["first_seq"]):
                    contents.setdefault((pack["boot"], seq), set()).add(json.dumps(record))
        return contents


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A collector that was killed in the middle of a call is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running() -> Iterator[Stream]:
    stream = Stream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            data = self.rfile.read(length)
            if len(data) < length:
                raise ConnectionAbortedError
            body = json.loads(data)
            assert self.headers["X-Amz-Target"].endswith(".PutRecords")
            answer = stream.put(body["Records"])
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    stream.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield stream
    finally:
        server.shutdown()
        server.server_close()
