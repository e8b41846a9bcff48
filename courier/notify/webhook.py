"""Letters to webhooks of one's own: versioned JSON, signed with a secret both sides know."""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from courier.runs.notices.notice import VERSION, Letter

ID: Final = "Courier-Delivery"
"""The same for every try of a letter: who had it already may pass it over."""

EVENT: Final = "Courier-Event"
TIMESTAMP: Final = "Courier-Timestamp"
"""Seconds since 1970 at which this try was signed; old ones are to be refused."""

SIGNATURE: Final = "Courier-Signature"
"""``v1=`` and the HMAC-SHA256, in hexadecimal, of the timestamp, a dot, and the body."""


def payload(letter: Letter) -> bytes:
    """Return the body, the same bytes for every try."""
    notice = letter.notice.model_dump(mode="json", by_alias=True, exclude={"key"})
    told = {"version": VERSION, "id": letter.id, "repository": letter.repository, **notice}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def headers(letter: Letter, body: bytes, *, key: str | None, now: datetime) -> Mapping[str, str]:
    """Return the headers of one try.

    Args:
        letter: What is sent.
        body: Its body.
        key: What signs it; None for no signature.
        now: The moment of the try.
    """
    stamp = str(int(now.timestamp()))
    told = {
        "Content-Type": "application/json",
        "User-Agent": "courier-webhook/1",
        ID: letter.id,
        EVENT: letter.notice.event,
        TIMESTAMP: stamp,
    }
    return told if key is None else {**told, SIGNATURE: signature(body, key=key, stamp=stamp)}


def signature(body: bytes, *, key: str, stamp: str) -> str:
    """Return what a receiver must find for itself from timestamp and body."""
    signed = stamp.encode() + b"." + body
    return f"v1={hmac.new(key.encode(), signed, sha256).hexdigest()}"
