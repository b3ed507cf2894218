"""What a process remembers of the request it is at: of two handlers here, each has its own.

In Lambda each process serves one event at a time, and its modules may rely on that: the resolver
keeps the event in a class attribute, the batch processor its records in itself.
"""

import copy
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import BaseRouter

from functions.payments_webhook import worker
from functions.portal_api import customer, staff
from functions.runtime import metrics

_APPS = (customer.app, staff.app)
_EVENT = ("current_event", "lambda_context")

Memory = tuple[Any, ...]


def take() -> Memory:
    """What is remembered now."""
    return (
        {name: BaseRouter.__dict__.get(name) for name in _EVENT},
        [(dict(app.context), list(app.processed_stack_frames)) for app in _APPS],
        {name: copy.copy(value) for name, value in vars(worker.batch).items()},
    )


def give(memory: Memory) -> None:
    """Remember this instead. Metrics are for nobody here."""
    metrics.clear_metrics()
    event, contexts, batch = memory
    for name, value in event.items():
        setattr(BaseRouter, name, value)
    for app, (context, frames) in zip(_APPS, contexts, strict=True):
        app.context.clear()
        app.context.update(context)
        app.processed_stack_frames[:] = frames
    vars(worker.batch).clear()
    vars(worker.batch).update({name: copy.copy(value) for name, value in batch.items()})


def blank() -> Memory:
    """That of a new process."""
    return _BLANK


_BLANK = take()
