"""Runs the stand-in until it is interrupted."""

import argparse
import signal
import sys
import threading

from local.processor.server import Standin


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m local.processor", description=__doc__)
    parser.add_argument("--port", type=int, default=8430)
    parser.add_argument("--webhook", help="where events are delivered; none: nowhere")
    parser.add_argument("--secret", default="whsec_local", help="signs the webhooks")
    parser.add_argument("--key", default="sk_test_local", help="the only API key it accepts")
    parser.add_argument("--page-url", help="how browsers reach this server, if not by its port")
    parser.add_argument("--delay-seconds", type=float, default=5.0, help="of a delayed payment")
    parser.add_argument("--duplicates", type=int, default=0, help="more deliveries of each event")
    parser.add_argument("--spread-seconds", type=float, default=0.0, help="shuffles deliveries")
    given = parser.parse_args(arguments)

    standin = Standin(
        given.port, given.webhook, given.secret, given.key, given.delay_seconds, given.page_url
    )
    standin.deliveries.duplicates = given.duplicates
    standin.deliveries.spread_seconds = given.spread_seconds
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    with standin:
        print(f"payment processor stand-in at {standin.url}", flush=True)
        over.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
