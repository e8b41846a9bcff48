"""Secrets in what an agent commits: known values, and the shapes of well-known keys."""

import re
from collections.abc import Sequence
from typing import Final

_SHORTEST: Final = 4
_SHAPES: Final = {
    "an Anthropic key": rb"sk-ant-[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}",
    "an OpenAI key": rb"sk-(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}",
    "an OpenRouter key": rb"sk-or-v1-[0-9a-f]{64}",
    "a GitHub token": rb"gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,}",
    "a GitLab token": rb"glpat-[A-Za-z0-9_-]{20,}",
    "an AWS access key": rb"(?:AKIA|ASIA)[A-Z2-7]{16}",
    "a Google API key": rb"AIza[A-Za-z0-9_-]{35}",
    "a Slack token": rb"xox[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}",
    "a Stripe live key": rb"[rs]k_live_[A-Za-z0-9]{24,}",
    "an npm token": rb"npm_[A-Za-z0-9]{36}",
    "a PyPI token": rb"pypi-AgE[A-Za-z0-9_-]{60,}",
    "an E2B key": rb"e2b_[0-9a-f]{40}",
    "a private key": (
        rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----\s+"
        rb"(?:[A-Za-z0-9+/=:, -]*\r?\n){0,4}[A-Za-z0-9+/=]{40,}"
    ),
}
_KEYS: Final = tuple(
    (name, re.compile(rb"(?<![A-Za-z0-9_])(?:" + shape + rb")")) for name, shape in _SHAPES.items()
)


def secret_values(secrets: Sequence[str]) -> tuple[bytes, ...]:
    """Return the values worth looking for; very short ones would be found everywhere."""
    return tuple(secret.encode() for secret in secrets if len(secret.strip()) >= _SHORTEST)


def holds_secret(data: bytes, values: Sequence[bytes]) -> bool:
    """Return whether one of the values occurs in the data."""
    return any(value in data for value in values)


def key_shapes(data: bytes) -> dict[bytes, str]:
    """Return each text shaped like a well-known key, with what kind of key it looks like."""
    return {match[0]: name for name, key in _KEYS for match in key.finditer(data)}
