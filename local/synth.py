"""The cloud assembly of the local stage, synthesized once for each content of what goes into it."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from local.context import HOME, ROOT

INFRASTRUCTURE = ("app.py", "cdk.json", "infra", "requirements/infra.txt")
PRODUCT = ("billing", "functions", "isp.toml", "plans.toml")


def content_hash(parts: Iterable[str], *more: str) -> str:
    """Changes whenever a file below one of the parts does, or one of the words in `more`."""
    digest = hashlib.sha256("\0".join((sys.version, *more)).encode())
    for part in parts:
        path = ROOT / part
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file() and file.suffix != ".pyc":
                digest.update(
                    str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0"
                )
    return digest.hexdigest()[:20]


def assembly(base_port: int) -> tuple[Path, bool]:
    """Directory of the assembly, and whether it had to be made. Others than the last three go."""
    key = content_hash((*INFRASTRUCTURE, *PRODUCT), str(base_port))
    home = HOME / "cdk"
    target = home / key
    if target.exists():
        os.utime(target)
        return target, False
    unfinished = home / f"{key}.{os.getpid()}"
    home.mkdir(parents=True, exist_ok=True)
    given = {
        **json.loads((ROOT / "cdk.json").read_text())["context"],
        "stage": "local",
        "port": str(base_port),
        "@aws-cdk/core:validateAgainstDefaultRules": False,  # `make synth` validates
    }
    subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        check=True,
        env={
            **cdk_environment(),
            "CDK_OUTDIR": str(unfinished),
            "CDK_CONTEXT_JSON": json.dumps(given),
        },
    )
    if target.exists():  # somebody was faster
        shutil.rmtree(unfinished)
    else:
        unfinished.rename(target)
    forget_old(home)
    return target, True


def forget_old(home: Path, kept: int = 3) -> None:
    """Remove all but the newest entries of a directory of things that can be made again."""
    for old in sorted(home.iterdir(), key=lambda path: path.stat().st_mtime)[:-kept]:
        shutil.rmtree(old, ignore_errors=True)


def cdk_environment() -> dict[str, str]:
    """The CDK's tools, told to keep quiet and not to call home."""
    return {
        **os.environ,
        "CDK_DISABLE_CLI_TELEMETRY": "1",
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
        "JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION": "1",
    }
