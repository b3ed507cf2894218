"""An AWS account in memory: what Demarc calls of it, each call atomic, its whole state a value.

    with cloud.Cloud() as aws:          # every boto client and pynamodb model now speaks to it
        aws.dynamodb.create_table("t", ("pk", "sk"))
        before = aws.state()            # a value; cheap
        …
        aws.put_back(before)

moto applies a transaction twice when the SDK repeats it and is slow to copy, so a sweep over every
call or an interleaving on it would prove nothing. Here a repeated token is one transaction, a
condition is read and written in one step, and the rules of DynamoDB that a handler can run into
(sizes, counts, reasons of a cancelled transaction, pages) hold. Whatever is not in the subset
raises NotSupported: nothing passes by accident. `tests/acceptance/test_cloud.py` plays random
calls on this and on the emulator and compares every answer.
"""

from tests.cloud.account import Cloud, NotSupported

__all__ = ["Cloud", "NotSupported"]
