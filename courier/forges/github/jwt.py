"""Signed claims (JSON Web Tokens, RS256) by which an App proves to be itself."""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from courier.errors import Misconfigured

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


def signed(claims: Mapping[str, object], *, key: str) -> str:
    """Return claims signed with a private key.

    Args:
        claims: What is claimed.
        key: An RSA key as PEM; ``\\n`` written out counts as the end of a line.

    Raises:
        Misconfigured: If it is no such key, or what signs is not installed.
    """
    head = _encoded(json.dumps({"alg": "RS256", "typ": "JWT"}).encode())
    text = f"{head}.{_encoded(json.dumps(claims).encode())}"
    return f"{text}.{_encoded(_signature(text.encode(), key))}"


def _signature(text: bytes, key: str) -> bytes:
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256
    except ImportError as missing:
        raise Misconfigured(
            "GitHub Apps need a library that is not installed.",
            next_step="Install it beside courier: `pip install cryptography`.",
        ) from missing
    signature: bytes = _read(key).sign(text, PKCS1v15(), SHA256())
    return signature


def _read(key: str) -> "RSAPrivateKey":
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        found = load_pem_private_key(key.replace("\\n", "\n").encode(), password=None)
    except (ValueError, TypeError) as broken:
        # What is wrong with it is not repeated: it may quote the key.
        raise _unusable() from broken
    if not isinstance(found, RSAPrivateKey):
        raise _unusable()
    return found


def _unusable() -> Misconfigured:
    return Misconfigured(
        "The GitHub App's private key is no RSA key.",
        next_step="Set GITHUB_APP_PRIVATE_KEY to the whole PEM file that GitHub gave you.",
    )


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
