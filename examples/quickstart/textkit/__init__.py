"""Small helpers for text that ends up in links."""

from textkit.slug import slugify

__all__ = ["slugify"]
