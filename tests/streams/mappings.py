"""AWS::Lambda::EventSourceMapping as it stands in the templates, with what it refers to."""

import os
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from tests.functions.ingest_usage.doors import Context
from tests.streams.poller import QueueSettings, StreamSettings

Json = dict[str, Any]


@dataclass(frozen=True)
class Mapping:
    """One mapping, its function, and the queue it reads (a stream: empty)."""

    properties: Json
    function: Json
    queue: Json

    def invoke(self, event: Json) -> Any:
        """The real handler, as the template names it."""
        module, _, name = self.function["Handler"].rpartition(".")
        return getattr(import_module(module), name)(event, Context())

    @property
    def stream_settings(self) -> StreamSettings:
        return StreamSettings.of(self.properties, os.environ["ARCHIVE_BUCKET"])

    @property
    def queue_settings(self) -> QueueSettings:
        return QueueSettings.of(self.properties, self.queue, self.function["Timeout"])


def mappings_of(templates: MappingOf[str, Json]) -> dict[str, Mapping]:
    """Every mapping, by the handler of its function: "functions.ingest_usage.live…"."""
    resources: Json = {}
    for template in templates.values():
        resources |= template["Resources"]
    found: dict[str, Mapping] = {}
    for one in resources.values():
        if one["Type"] == "AWS::Lambda::EventSourceMapping":
            properties = one["Properties"]
            function = resources[_named(properties["FunctionName"])]["Properties"]
            source = resources.get(_named(properties["EventSourceArn"]), {})
            queue = source["Properties"] if source.get("Type") == "AWS::SQS::Queue" else {}
            found[function["Handler"]] = Mapping(properties, function, queue)
    return found


def _named(reference: Json) -> str:
    """The logical id that a property refers to; "" for one in another stack."""
    if "Ref" in reference:
        return reference["Ref"]
    return reference.get("Fn::GetAtt", [""])[0]
