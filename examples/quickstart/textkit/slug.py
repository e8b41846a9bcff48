"""Slugs: titles as they appear in links."""


def slugify(title: str) -> str:
    """Return the title in lower case, its words joined by single hyphens."""
    return title.lower().replace(" ", "-")
