"""S3's objects: put with If-None-Match, get, head and list. The last word on a key is one step."""

import hashlib
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape


class Missing(Exception):
    """No such key."""


class Taken(Exception):
    """If-None-Match: there is one already."""


@dataclass(frozen=True, slots=True)
class Stored:
    content: bytes
    content_type: str

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.content).hexdigest()}"'


class S3:
    """The objects of every bucket, under "bucket/key"."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}

    def state(self) -> Any:
        return dict(self.objects)

    def put_back(self, state: Any) -> None:
        self.objects = dict(state)

    def put(self, path: str, content: bytes, content_type: str, only_new: bool) -> Stored:
        if only_new and path in self.objects:
            raise Taken(path)
        self.objects[path] = Stored(content, content_type)
        return self.objects[path]

    def get(self, path: str) -> Stored:
        if path not in self.objects:
            raise Missing(path)
        return self.objects[path]

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        start = f"{bucket}/"
        return sorted(
            path.removeprefix(start) for path in self.objects if path.startswith(start + prefix)
        )

    def listing(self, bucket: str, prefix: str) -> str:
        """ListObjectsV2's answer: everything in one page."""
        keys = self.keys(bucket, prefix)
        found = "".join(
            f"<Contents><Key>{escape(key)}</Key>"
            f"<Size>{len(self.objects[f'{bucket}/{key}'].content)}</Size></Contents>"
            for key in keys
        )
        return (
            f"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>{len(keys)}</KeyCount>"
            f"{found}</ListBucketResult>"
        )


def unchunked(body: bytes) -> bytes:
    """What was sent as `aws-chunked`: sizes in hex, content, and trailers left out."""
    content, at = b"", 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end].split(b";")[0], 16)
        if size == 0:
            return content
        content += body[end + 2 : end + 2 + size]
        at = end + 2 + size + 2
