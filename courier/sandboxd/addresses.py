"""Addresses of proxies and registries among a machine's settings, and which hold a password."""

from typing import Final
from urllib.parse import urlsplit

PROXIES: Final = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)


def is_clean(addresses: str) -> bool:
    """Return whether there is no user name or password in addresses that spaces separate."""
    try:
        parts = [urlsplit(_whole(each)) for each in addresses.split()]
    except ValueError:
        return False
    return not any("@" in part.netloc for part in parts)


def _whole(address: str) -> str:
    return address if "://" in address else f"//{address.lstrip('/')}"
