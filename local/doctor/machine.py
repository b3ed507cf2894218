"""The machine that deploys."""

import platform
import shutil
import subprocess
from pathlib import Path

from local.doctor.finding import Finding, fine, fix

NODE_MIN = 20


def findings(root: Path) -> list[Finding]:
    """Node and the CDK's command line; this Python and its packages are running already."""
    return [fine(f"Python {platform.python_version()}"), node(node_version()), cdk(root)]


def node(version: str | None) -> Finding:
    """version  as `node --version` says it, e.g. "v20.19.2"; None: there is no node"""
    install = f"install Node {NODE_MIN} or newer, for the CDK's command line"
    if version is None:
        return fix("Node is not installed", install)
    if int(version.lstrip("v").split(".")[0]) < NODE_MIN:
        return fix(f"Node {version} is too old", install)
    return fine(f"Node {version}")


def cdk(root: Path) -> Finding:
    if not (root / "node_modules" / ".bin" / "cdk").exists():
        return fix("The CDK's command line is not installed", "make node_modules/ready")
    return fine("The CDK's command line is installed")


def node_version() -> str | None:
    if shutil.which("node") is None:
        return None
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or None
