"""Numbers of pull requests as people write them."""

from courier.errors import Misused


def number_of(text: str) -> int:
    """Return the number ``7`` or ``#7`` means.

    Raises:
        Misused: If it means none.
    """
    plain = text.removeprefix("#")
    if not (plain.isascii() and plain.isdigit()):
        raise Misused(
            "This is not a pull request's number.", detail=text, next_step="See `courier pr list`."
        )
    return int(plain)
