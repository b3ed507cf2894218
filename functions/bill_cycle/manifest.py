"""The list of what is reviewed, approved and issued. It is stored once and never changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from billing.adapters import documents
from billing.core.errors import BillingError
from billing.core.invoicing import Parked, digest_of


class ManifestChanged(BillingError):
    """What is stored is not what was approved. Nothing is numbered."""

    def __init__(self, run_id: str, what: str) -> None:
        super().__init__(
            f"bill run {run_id}: {what} is not what was approved; nothing was issued,"
            " so find out who changed it"
        )
        self.run_id, self.what = run_id, what


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One draft as it was reviewed."""

    account_id: str
    digest: str
    seller_id: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """All drafts of a revision by account, and (account, reason) of who is parked."""

    drafts: tuple[Reviewed, ...]
    parked: tuple[tuple[str, str], ...]

    @property
    def digest(self) -> str:
        """What the approver saw."""
        listed = ((one.account_id, one.digest) for one in self.drafts)
        return digest_of(listed, (Parked(account, reason, "") for account, reason in self.parked))

    def of_seller(self, seller_id: str) -> list[str]:
        """The accounts billed by a seller, in the order of their numbers."""
        return [one.account_id for one in self.drafts if one.seller_id == seller_id]

    @property
    def sellers(self) -> list[str]:
        return sorted({one.seller_id for one in self.drafts})

    def to_list(self) -> list[Any]:
        drafts = [[one.account_id, one.digest, one.seller_id] for one in self.drafts]
        return [drafts, [list(one) for one in self.parked]]


def load_manifest(pointer: Mapping[str, str]) -> Manifest:
    """The list that a pointer names."""
    drafts, parked = documents.get_list(dict(pointer))
    return manifest_of(drafts, parked)


def manifest_of(drafts: Sequence[Sequence[str]], parked: Sequence[Sequence[str]]) -> Manifest:
    return Manifest(
        tuple(Reviewed(account, digest, seller) for account, digest, seller in drafts),
        tuple((account, reason) for account, reason in parked),
    )
