"""What a create call asks for, checked field by field."""

import re
from collections.abc import Mapping
from typing import Any

from courier.sandboxd.exchange import HttpError
from courier.sandboxd.records import Lifecycle
from courier.sandboxd.sandboxes import Wanted
from courier.sandboxd.templates import BASE, Templates

DEFAULT_SECONDS = 300
DEFAULT_SECONDS_V1 = 15
MOST_SECONDS = 24 * 3600
EVERYWHERE = {"0.0.0.0/0", "::/0"}
KEY = re.compile(r"[a-z0-9-]{1,255}")
UNSUPPORTED = {
    "mcp": "MCP gateways",
    "volumeMounts": "volumes",
    "iam": "workload identity",
}


def read_wish(fields: Mapping[str, Any], templates: Templates, *, version: int) -> Wanted:
    """Return what a create call asks for.

    Raises:
        HttpError: 400 for a field that is wrong or cannot be honoured, 404 for an unknown template.
    """
    for name, meaning in UNSUPPORTED.items():
        if fields.get(name):
            raise HttpError(400, f"This server does not offer {meaning} (field '{name}').")
    source = templates.find(_text(fields, "templateID", BASE))
    templates.use(source)
    internet, network = read_network(fields)
    return Wanted(
        source=source,
        timeout=read_timeout(
            fields, default=DEFAULT_SECONDS if version > 1 else DEFAULT_SECONDS_V1
        ),
        metadata=_texts(fields, "metadata"),
        variables=_texts(fields, "envVars"),
        lifecycle=_lifecycle(fields),
        internet=internet,
        network=network,
    )


def read_timeout(fields: Mapping[str, Any], *, default: int, name: str = "timeout") -> int:
    """Return a timeout in seconds.

    Raises:
        HttpError: 400 if it is no whole number between 0 and 24 hours.
    """
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise HttpError(400, f"'{name}' must be a whole number of seconds, zero or more.")
    if value > MOST_SECONDS:
        raise HttpError(400, f"Timeout cannot be greater than {MOST_SECONDS // 3600} hours.")
    return value


def read_network(fields: Mapping[str, Any]) -> tuple[bool, Mapping[str, Any] | None]:
    """Return whether the network may be used, and the rules as given.

    Raises:
        HttpError: 400 for rules other than all or nothing.
    """
    allowed = fields.get("allow_internet_access", fields.get("allowInternetAccess"))
    network = fields.get("network") or None
    if not network:
        return allowed is not False, None
    denied = set(network.get("denyOut") or ())
    partial = [name for name in ("allowOut", "rules", "egressProxy") if network.get(name)]
    if partial or denied - EVERYWHERE:
        said = "This server can cut a sandbox off the network wholly (denyOut 0.0.0.0/0) or not."
        raise HttpError(400, said)
    return allowed is not False and not denied, network


def require_idempotency_key(key: str) -> str:
    """Return the key.

    Raises:
        HttpError: 400 if it is malformed.
    """
    if not KEY.fullmatch(key):
        raise HttpError(400, "Idempotency-Key must be 1 to 255 lower-case letters, digits, hyphens")
    return key


def _lifecycle(fields: Mapping[str, Any]) -> Lifecycle:
    resume = (fields.get("autoResume") or {}).get("enabled") is True
    pauses = fields.get("autoPause") is True
    if resume and not pauses:
        raise HttpError(400, "Auto-resume needs a sandbox that pauses at its timeout.")
    keep_memory = fields.get("autoPauseMemory") is not False
    return Lifecycle("pause" if pauses else "kill", resume, keep_memory)


def _text(fields: Mapping[str, Any], name: str, default: str) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or not value:
        raise HttpError(400, f"'{name}' must be a text.")
    return value


def _texts(fields: Mapping[str, Any], name: str) -> dict[str, str]:
    value = fields.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise HttpError(400, f"'{name}' must map texts to texts.")
    if any("\0" in text for pair in value.items() for text in pair):
        raise HttpError(400, f"'{name}' cannot hold NUL characters.")
    return value
