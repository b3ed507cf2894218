"""Where the local system is and how to speak to it, for everything that drives it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from infra.ports import LocalPorts

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".demarc"  # everything local runs leave behind; `make clean` removes it
ACCOUNT = "123456789012"
REGION = "us-east-1"
COLLECTOR = "col-1"
COLLECTOR_KEY = "9f" * 32  # HMAC key of the collector, hex; known to everybody, worth nothing
PROCESSOR_KEY = "sk_test_local"
WEBHOOK_SECRET = "whsec_local"
RADIUS_SECRET = "local-radius"


@dataclass(frozen=True)
class Context:
    """A running local system: its addresses, and the outputs of its stacks by name."""

    ports: LocalPorts
    outputs: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, base_port: int = 8080) -> Self:
        """The system on these ports, with its outputs if it has been deployed."""
        made = cls(LocalPorts.at(base_port))
        if made.outputs_file.exists():
            return cls(made.ports, json.loads(made.outputs_file.read_text()))
        return made

    @property
    def directory(self) -> Path:
        return HOME / str(self.ports.portal)

    @property
    def outputs_file(self) -> Path:
        return self.directory / "state" / "outputs.json"

    @property
    def logins_file(self) -> Path:
        """Who can sign in: see local/logins.py."""
        return self.directory / "state" / "logins.json"

    @property
    def users_file(self) -> Path:
        """Who is connected to the simulated routers: a list as local/subscribers.py reads it."""
        return self.directory / "state" / "users.json"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.ports.emulator}"

    @property
    def portal_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.portal}"

    @property
    def console_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.console}"

    @property
    def mailbox_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.mailbox}"

    @property
    def processor_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.processor}"

    def aws(self) -> dict[str, str]:
        """Environment that turns any AWS client to the emulator, and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCOUNT,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def environment(self) -> dict[str, str]:
        """What every function finds in its environment, for running the product in process."""
        of = self.outputs
        return {
            **self.aws(),
            "STAGE": "local",
            "USAGE_TABLE": of["UsageTable"],
            "LEDGER_TABLE": of["LedgerTable"],
            "ACCOUNTS_TABLE": of["AccountsTable"],
            "DOCUMENTS_BUCKET": of["DocumentsBucket"],
            "ARCHIVE_BUCKET": of["ArchiveBucket"],
            "COLLECTOR_KEYS_SECRET": of["CollectorKeysSecret"],
            "PAY_TOKEN_SECRET": of["PayTokenSecret"],
            "PROCESSOR_SECRET": of["ProcessorSecret"],
            "PROCESSOR_API_BASE": self.processor_url,
            "PREPARE_MACHINE_ARN": of["PrepareMachine"],
            "ISSUE_MACHINE_ARN": of["IssueMachine"],
            "RECYCLE_QUEUE_URL": of["RecycleQueue"],
            "PAYMENTS_QUEUE_URL": of["PaymentsQueue"],
            "PORTAL_URL": self.portal_url,
            "PUBLIC_URL": self.portal_url,
            "ORIGIN_SECRET": "",
            "POWERTOOLS_METRICS_NAMESPACE": "Demarc",
            "POWERTOOLS_TRACE_DISABLED": "true",
            "POWERTOOLS_METRICS_DISABLED": "true",
            "POWERTOOLS_LOG_LEVEL": "WARNING",
        }

    def use(self) -> None:
        """Turn this process to the emulator. Call it before the store is imported."""
        os.environ.update(self.environment())

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator."""
        import boto3

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",
        )
