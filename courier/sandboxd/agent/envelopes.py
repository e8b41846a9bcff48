"""The wire between server and agent: Connect's own envelopes, so streams pass through unchanged.

An envelope is one flag byte, the payload's length as four big-endian bytes, and the payload. Flag 0
carries a message, flag 2 ends a direction; an end may carry an error.
"""

import json
from collections.abc import Iterator
from typing import Any

MESSAGE = 0
END = 2
HEADER_BYTES = 5
MAX_PAYLOAD_BYTES = 64 * 1024 * 1024

Message = dict[str, Any]


class Fault(Exception):
    """A call that failed: a Connect error code such as ``not_found``, and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    def to_json(self) -> Message:
        """Return the error as Connect writes it."""
        return {"code": self.code, "message": self.message}


def pack(payload: bytes, *, flag: int = MESSAGE) -> bytes:
    """Return one envelope around the payload."""
    return bytes((flag,)) + len(payload).to_bytes(4, "big") + payload


def pack_json(message: Message, *, flag: int = MESSAGE) -> bytes:
    """Return one envelope around the message's JSON."""
    return pack(json.dumps(message, separators=(",", ":")).encode(), flag=flag)


def pack_end(fault: Fault | None = None) -> bytes:
    """Return the envelope that ends a stream, well or with a fault."""
    return pack_json({"error": fault.to_json()} if fault else {}, flag=END)


def parse(payload: bytes) -> Message:
    """Return a message's fields.

    Raises:
        Fault: If the payload is not a JSON object.
    """
    try:
        message = json.loads(payload)
    except ValueError as problem:
        raise Fault("invalid_argument", f"This is not JSON: {problem}") from problem
    if not isinstance(message, dict):
        raise Fault("invalid_argument", "A message is a JSON object.")
    return message


class Unpacker:
    """Collects bytes and gives out whole envelopes."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield each envelope completed by the data, as flag and payload.

        Raises:
            Fault: If an envelope announces more than `MAX_PAYLOAD_BYTES`.
        """
        self._held += data
        while len(self._held) >= HEADER_BYTES:
            length = int.from_bytes(self._held[1:HEADER_BYTES], "big")
            if length > MAX_PAYLOAD_BYTES:
                raise Fault("resource_exhausted", f"A message of {length} bytes is too large.")
            if len(self._held) < HEADER_BYTES + length:
                return
            flag = self._held[0]
            payload = bytes(self._held[HEADER_BYTES : HEADER_BYTES + length])
            del self._held[: HEADER_BYTES + length]
            yield flag, payload
