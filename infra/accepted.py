"""Findings of cdk-nag that are meant to be: each is accepted next to what it is about.

`make check` compares what is accepted with what the rules find, both ways: a new finding fails,
and so does an acceptance of what is no longer found. `docs/security.md` lists them all.

cdk-nag's own acknowledgements cannot do that. They hide a finding, so a stale one is never seen;
and a finding about another stack's resource bears the stage, the region and a hash in its name.
Here it is named as `infra.review.words` names it, e.g. `<DataDocuments.Arn>/runs/*`.
"""

from constructs import IConstruct

ACCEPTED = "demarc:accepted"  # the key under which the cloud assembly's metadata has them


def accept(construct: IConstruct, rule: str, reason: str) -> None:
    """This rule's finding on the construct, or on what it is made of, is meant to be."""
    construct.node.add_metadata(ACCEPTED, {"rule": rule, "reason": reason})


def accept_path(construct: IConstruct, resource: str, reason: str) -> None:
    """A role may act on everything below one named resource; AwsSolutions-IAM5 names it."""
    accept(construct, f"AwsSolutions-IAM5[Resource::{resource}]", reason)
