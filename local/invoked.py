"""The context of a call that no Lambda service makes."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Invocation:
    """What handlers look at of a LambdaContext; there is always enough time left."""

    function_name: str = "in-process"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:in-process"
    aws_request_id: str = "00000000-0000-0000-0000-000000000000"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000
