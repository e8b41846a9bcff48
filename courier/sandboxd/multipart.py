"""Multipart bodies, read as they arrive."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import unquote

from courier.sandboxd.exchange import HttpError

MOST_HEADER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class PartHead:
    """The beginning of a part: the form field's name and the file's name, path included."""

    name: str
    filename: str


PartEvent = PartHead | bytes


def boundary_of(content_type: str) -> bytes:
    """Return the boundary named by a multipart content type.

    Raises:
        HttpError: 400 if there is none.
    """
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        raise HttpError(400, "The multipart request names no boundary.")
    return found.group(1).encode("latin-1")


async def read_parts(chunks: AsyncIterator[bytes], boundary: bytes) -> AsyncIterator[PartEvent]:
    """Yield each part's head, then its bytes piece by piece.

    Raises:
        HttpError: 400 if the body is malformed or ends early.
    """
    mark = b"\r\n--" + boundary
    held = bytearray(b"\r\n")
    inside = False
    while True:
        at = held.find(mark)
        if at < 0:
            if inside and len(held) > len(mark):
                yield bytes(held[: -len(mark)])
                del held[: -len(mark)]
            held += await _next(chunks)
            continue
        if inside and at:
            yield bytes(held[:at])
        del held[: at + len(mark)]
        head = await _head(chunks, held)
        if head is None:
            return
        inside = True
        yield head


async def _head(chunks: AsyncIterator[bytes], held: bytearray) -> PartHead | None:
    while len(held) < 2:
        held += await _next(chunks)
    if held.startswith(b"--"):
        return None
    while (end := held.find(b"\r\n\r\n")) < 0:
        if len(held) > MOST_HEADER_BYTES:
            raise HttpError(400, "A part's header is too large.")
        held += await _next(chunks)
    text = held[:end].decode("utf-8", "replace")
    del held[: end + 4]
    return PartHead(_parameter(text, "name"), _parameter(text, "filename"))


def _parameter(text: str, name: str) -> str:
    encoded = re.search(rf"[;\s]{name}\*=(?:UTF-8|utf-8)''([^;\r\n]+)", text)
    if encoded:
        return unquote(encoded.group(1))
    plain = re.search(rf'[;\s]{name}="((?:[^"\\]|\\.)*)"', text)
    if plain is None:
        return ""
    value = plain.group(1).replace('\\"', '"').replace("\\\\", "\\")
    return value.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


async def _next(chunks: AsyncIterator[bytes]) -> bytes:
    try:
        return await anext(chunks)
    except StopAsyncIteration as early:
        raise HttpError(400, "The multipart request ended early.") from early
