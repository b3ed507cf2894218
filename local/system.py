"""The emulator as a process, ready to be deployed to."""

import http.client
import os
import shutil
import time

from local.context import ACCOUNT, ROOT, Context
from local.processes import Processes

PYTHON = ROOT / ".venv-emulator" / "bin" / "python"
READY_SECONDS = 30.0


class NotReady(Exception):
    """Something that was started does not answer; its last words are in the text."""


def start_emulator(context: Context, processes: Processes) -> None:
    """Start it over the state in the context's directory, and return when it answers."""
    scratch = context.directory / "tmp"
    shutil.rmtree(scratch, ignore_errors=True)  # unpacked functions of the last run
    scratch.mkdir(parents=True)
    state = context.directory / "state"
    state.mkdir(exist_ok=True)
    processes.start(
        "emulator", [PYTHON, "-m", "local.emulator"], cwd=ROOT,
        environment={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "GATEWAY_PORT": str(context.ports.emulator),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "TMPDIR": str(scratch),
            "DOCKER_HOST": "unix:///nonexistent",
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOG_LEVEL": os.environ.get("EMULATOR_LOG_LEVEL", "WARNING"),
        },
    )  # fmt: skip
    wait_for(context, processes)


def wait_for(context: Context, processes: Processes) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if "emulator" in processes.dead():
            break
        connection = http.client.HTTPConnection("127.0.0.1", context.ports.emulator, timeout=2)
        try:
            connection.request("GET", "/_ministack/health")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise NotReady(f"the emulator does not answer:\n{processes.log_of('emulator')}")
