"""Secrets in what an agent commits: known values, and the shapes of well-known keys."""

import re
from collections.abc import Sequence
from typing import Final

_SHORTEST: Final = 4
_SHAPES: Final = (
    ("an Anthropic key", rb"sk-ant-", rb"[a-z0-9]{2,12}-[A-Za-z0-9_-]{20,}"),
    ("an OpenAI key", rb"sk-", rb"(?:proj|svcacct|admin)-[A-Za-z0-9_-]{40,}"),
    ("an OpenRouter key", rb"sk-or-v1-", rb"[0-9a-f]{64}"),
    ("a GitHub token", rb"ghp_", rb"[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"gho_", rb"[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"ghu_", rb"[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"ghs_", rb"[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"ghr_", rb"[A-Za-z0-9]{36,}"),
    ("a GitHub token", rb"github_pat_", rb"[A-Za-z0-9_]{60,}"),
    ("a GitLab token", rb"glpat-", rb"[A-Za-z0-9_-]{20,}"),
    ("an AWS access key", rb"AKIA", rb"[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("an AWS access key", rb"ASIA", rb"[A-Z2-7]{16}(?![A-Za-z0-9])"),
    ("a Google API key", rb"AIza", rb"[A-Za-z0-9_-]{35}"),
    ("a Slack token", rb"xox", rb"[abeoprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}"),
    ("a Stripe live key", rb"k_live_", rb"[A-Za-z0-9]{24,}"),
    ("an npm token", rb"npm_", rb"[A-Za-z0-9]{36}"),
    ("a PyPI token", rb"pypi-AgE", rb"[A-Za-z0-9_-]{60,}"),
    ("an E2B key", rb"e2b_", rb"[0-9a-f]{40}"),
    (
        "a private key",
        rb"-----BEGIN ",
        rb"(?:[A-Z]+ )?PRIVATE KEY(?: BLOCK)?-----\s+"
        rb"(?:[A-Za-z0-9+/=:, -]*\r?\n){0,4}[A-Za-z0-9+/=]{40,}",
    ),
)
_KEYS: Final = tuple(
    (name, start, re.compile(re.escape(start) + rest)) for name, start, rest in _SHAPES
)


def secret_values(secrets: Sequence[str]) -> tuple[bytes, ...]:
    """Return the values worth looking for; very short ones would be found everywhere."""
    return tuple(secret.encode() for secret in secrets if len(secret.strip()) >= _SHORTEST)


def holds_secret(data: bytes, values: Sequence[bytes]) -> bool:
    """Return whether one of the values occurs in the data."""
    return any(value in data for value in values)


def key_shapes(data: bytes) -> dict[bytes, str]:
    """Return each text shaped like a well-known key, with what kind of key it looks like."""
    return {
        match[0]: name
        for name, start, key in _KEYS
        if start in data
        for match in key.finditer(data)
    }
