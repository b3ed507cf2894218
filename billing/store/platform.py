"""Which errors are the platform's, so that another try may succeed, and which are of the data."""

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError

# A row too large or with an empty key is refused at every try: whoever wrote it is at fault.
_OF_THE_DATA = ("ValidationException", "ValidationError")


def is_of_platform(error: BaseException) -> bool:
    """Whether AWS, or the way to it, failed: throttled, timed out, not reached, not allowed.

    Everything of that kind befalls every account alike. Whatever else is raised, and what AWS
    refuses because of what it was given, is a fact about the data that was worked on.
    """
    if isinstance(error, TransactWriteError):
        codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
        return not codes.intersection(_OF_THE_DATA) and _not_of_data(error.cause_response_code)
    if isinstance(error, ClientError):
        return _not_of_data(error.response.get("Error", {}).get("Code"))
    if isinstance(error, PynamoDBException):
        return not isinstance(error, DoesNotExist) and _not_of_data(error.cause_response_code)
    return isinstance(error, BotoCoreError | OSError | MemoryError)


def _not_of_data(code: str | None) -> bool:
    return code not in _OF_THE_DATA
