"""What staff may do now: asked of their user pool, as a token tells what was true when it was made.

A token lives for a quarter of an hour. Whoever is disabled in the pool, or taken out of a group,
must not work on until it ends: what writes is asked about at once, what reads within AGE_MAX.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import ClientError

from billing.adapters import aws
from billing.adapters.identity import TokenRefused

AGE_MAX = timedelta(seconds=10)  # a page and what it loads ask once


@dataclass(slots=True)
class Standing:
    """What one user pool says of its people, kept for a moment in this process."""

    pool_id: str
    _told: dict[str, tuple[frozenset[str], datetime]] = field(
        default_factory=dict[str, tuple[frozenset[str], datetime]]
    )

    def groups(self, user_name: str, now: datetime, *, afresh: bool) -> frozenset[str]:
        """The groups a person is in; `afresh`: now, else as told within AGE_MAX.

        Raises TokenRefused for whoever was disabled or is gone. When the pool cannot be asked, its
        error rises: nobody comes in on an old word.
        """
        told = self._told.pop(user_name, None)
        if told is None or afresh or now - told[1] >= AGE_MAX:
            told = (_groups(self.pool_id, user_name), now)
        self._told[user_name] = told
        return told[0]


def _groups(pool_id: str, user_name: str) -> frozenset[str]:
    who = {"UserPoolId": pool_id, "Username": user_name}
    client = aws.client("cognito-idp")
    try:
        enabled = client.admin_get_user(**who)["Enabled"]
        pages = client.get_paginator("admin_list_groups_for_user").paginate(**who)
        groups = frozenset(str(one["GroupName"]) for page in pages for one in page["Groups"])
    except ClientError as error:
        if aws.code_of(error) != "UserNotFoundException":
            raise
        enabled, groups = False, frozenset[str]()
    if not enabled:
        raise TokenRefused("this person may not sign in any more")
    return groups
