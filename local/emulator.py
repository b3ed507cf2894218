"""The emulator of AWS, on loopback, kept closer to AWS than it comes.

Run by the Python of `.venv-emulator`: `python -m local.emulator`. Each patch says what AWS does and
the emulator does not. They reach into private parts, so the version is pinned and checked first.
"""

import compileall
import importlib.metadata
import inspect
import json
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace
from typing import Any

VERSION = "1.5.33"
EXPECTED = {  # what is replaced below, with the parameters it had when the patches were written
    "lambda_svc._execute_function": ["func", "event"],
    "lambda_svc._execute_function_with_config_scope": ["func", "event"],
    "lambda_svc._poll_kinesis": [],
    "lambda_runtime.Worker._drain_stderr_bounded": None,
    "lambda_runtime.zipfile.ZipFile": None,
    "provisioners._sm_secret_create": ["logical_id", "props", "stack_name"],
    "scheduler._schedule_last_fired": None,
    "iam_actions._ses_v2_resource_arn": ["method", "path", "body", "region", "account_id"],
}


class WrongEmulator(Exception):
    """The emulator is not the one these patches were written for."""


def check(modules: dict[str, Any]) -> None:
    """Refuse another version, or one whose parts look different."""
    found = importlib.metadata.version("ministack")
    if found != VERSION:
        raise WrongEmulator(
            f"ministack is {found}, the patches need {VERSION}: "
            "remove .venv-emulator and run make again"
        )
    for name, parameters in EXPECTED.items():
        module, *path = name.split(".")
        part = modules[module]
        for attribute in path:
            part = getattr(part, attribute, None)
            if part is None:
                raise WrongEmulator(f"ministack has no {name}, which a patch replaces")
        if parameters is not None and list(inspect.signature(part).parameters) != parameters:
            raise WrongEmulator(f"{name} takes other parameters than {parameters}")


def answer_at_once(runtime: Any) -> None:
    """A warm invocation ends when the handler returns, not after 50 ms of waiting for log lines.

    A line that is written later counts to the next invocation.
    """
    runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.002, 0.100)


class UnpackedOnce(zipfile.ZipFile):
    """A function's code unpacked and compiled once for its content, then linked to by each worker.

    AWS keeps an unpacked copy too; here each new worker would unpack and compile 200 files again.
    """

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        archive = Path(str(self.filename))
        kept = Path(os.environ["UNPACKED_DIR"]) / sha256(archive.read_bytes()).hexdigest()[:20]
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            unfinished = Path(mkdtemp(dir=kept.parent))
            super().extractall(unfinished, members, pwd)
            compileall.compile_dir(unfinished, quiet=2, stripdir=str(unfinished))
            try:
                unfinished.rename(kept)
            except OSError:  # another worker was faster
                shutil.rmtree(unfinished)
        Path(path).rmdir()
        Path(path).symlink_to(kept, target_is_directory=True)


def with_cookies(execute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An HTTP API event of payload 2.0 carries the request's cookies as a list."""

    def patched(func: Any, event: Any) -> Any:
        if isinstance(event, dict) and event.get("version") == "2.0" and "cookies" not in event:
            header = (event.get("headers") or {}).get("cookie")
            if header:
                event["cookies"] = [cookie for cookie in header.split("; ") if cookie]
        return execute(func, event)

    return patched


def with_error_type(execute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An error is reported by the name of its class, which workflows retry and people read."""
    named = re.compile(r"^(?:[A-Za-z_][\w.]*\.)?([A-Za-z_]\w*)(?::|$)")

    def patched(func: Any, event: Any) -> Any:
        result = execute(func, event)
        body = result.get("body") if isinstance(result, dict) else None
        if isinstance(body, dict) and body.get("errorType") == "Runtime.HandlerError":
            lines = [x for x in (result.get("log") or "").splitlines() if x and not x[0].isspace()]
            starts = [i for i, line in enumerate(lines) if line.startswith("Traceback")]
            names = (
                [m[1] for line in lines[starts[-1] + 1 :] if (m := named.match(line))]
                if starts
                else []
            )
            body["errorType"] = names[0] if names else body["errorType"]
        return result

    return patched


def ref_is_arn(create: Callable[..., Any]) -> Callable[..., Any]:
    """The Ref of a secret is its ARN, which the policies of roles name; not its name."""

    def patched(logical_id: str, properties: Any, stack_name: str) -> Any:
        _, attributes = create(logical_id, properties, stack_name)
        return attributes["Arn"], attributes

    return patched


def mail_is_its_senders(named: Callable[..., str]) -> Callable[..., str]:
    """Sending mail is allowed by the identity of its sender; without this, only by `*`."""

    def patched(method: str, path: str, body: bytes, region: str, account_id: str) -> str:
        if path.rstrip("/") == "/v2/email/outbound-emails":
            sender = json.loads(body).get("FromEmailAddress", "")
            return f"arn:aws:ses:{region}:{account_id}:identity/{sender}"
        return named(method, path, body, region, account_id)

    return patched


class FiredSince(dict[Any, float]):
    """When each schedule fired last, which counts from this start at the earliest.

    A service that is never restarted has no schedule that became overdue while it was off.
    """

    def __init__(self, start: float) -> None:
        super().__init__()
        self.start = start

    def __setitem__(self, schedule: Any, at: float) -> None:
        super().__setitem__(schedule, max(at, self.start))


def main() -> None:
    from ministack.app import main as serve  # pyright: ignore[reportMissingImports]
    from ministack.core import (  # pyright: ignore[reportMissingImports]
        iam_actions,
        lambda_runtime,
    )
    from ministack.services import (  # pyright: ignore[reportMissingImports]
        kinesis,
        lambda_svc,
        scheduler,
    )
    from ministack.services.cloudformation import (  # pyright: ignore[reportMissingImports]
        provisioners,
    )

    from local.emulator_kinesis import KinesisMappings

    try:
        check(
            {
                "iam_actions": iam_actions,
                "lambda_svc": lambda_svc,
                "lambda_runtime": lambda_runtime,
                "provisioners": provisioners,
                "scheduler": scheduler,
            }
        )
    except WrongEmulator as error:
        sys.exit(str(error))
    answer_at_once(lambda_runtime)
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": UnpackedOnce})
    lambda_svc._execute_function_with_config_scope = with_cookies(
        lambda_svc._execute_function_with_config_scope
    )
    lambda_svc._execute_function = with_error_type(lambda_svc._execute_function)
    secret = provisioners._RESOURCE_HANDLERS["AWS::SecretsManager::Secret"]
    secret["create"] = ref_is_arn(secret["create"])
    iam_actions._ses_v2_resource_arn = mail_is_its_senders(iam_actions._ses_v2_resource_arn)
    scheduler._schedule_last_fired = FiredSince(time.time())
    lambda_svc._poll_kinesis = KinesisMappings(lambda_svc, kinesis).poll
    serve()


if __name__ == "__main__":
    main()
