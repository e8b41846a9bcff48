"""What people may call the kinds of things: ``runs``, ``run``, ``work-chains``, ``prs``."""

from difflib import get_close_matches

from courier.errors import Misused, NotFound
from courier.planning.documents.references import Ref
from courier.resources.names import KIND_NAMES

PULL_REQUEST = "PullRequest"
"""Not a kind of document: what the forge has."""

CHAIN = "Chain"
"""Not a kind of document: work chains and sprint chains alike."""

ALL = "all"


def kind_named(text: str) -> str:
    """Return the kind a word means, `PULL_REQUEST` and `ALL` included.

    Raises:
        NotFound: If it means none; says which was probably meant.
    """
    known = {_plain(kind): kind for kind in KIND_NAMES}
    known |= {"pr": PULL_REQUEST, "pullrequest": PULL_REQUEST, "all": ALL}
    known |= {"recurring": "RecurringTask", "chain": CHAIN, "answer": "AnsweringSession"}
    wanted = _plain(text)
    for word in (wanted, wanted.removesuffix("es"), wanted.removesuffix("s")):
        if word in known:
            return known[word]
    if wanted.endswith("ies") and f"{wanted[:-3]}y" in known:
        return known[f"{wanted[:-3]}y"]
    close = get_close_matches(wanted, known, n=1)
    hint = f"Did you mean `{plural(known[close[0]])}`?" if close else "Try `courier get all`."
    raise NotFound("There is no such kind.", detail=text, next_step=hint)


def thing_named(text: str, *, next_step: str = "Try `skill/review`.") -> Ref:
    """Return what ``KIND/NAME`` means, whether it exists or not.

    Args:
        text: As people write it, e.g. ``skills/review``.
        next_step: What to advise where it has not that form.

    Raises:
        Misused: If it has not that form.
        NotFound: If there is no such kind.
    """
    word, _, name = text.partition("/")
    if not name:
        raise Misused("Name it as KIND/NAME.", detail=text, next_step=next_step)
    return Ref(kind_named(word), name)


def plural(kind: str) -> str:
    """Return what a list of the kind is called, e.g. ``work-chains``."""
    if kind == PULL_REQUEST:
        return "prs"
    word = "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in kind).lstrip("-")
    if word.endswith("x"):
        return f"{word}es"
    return word if word.endswith("s") else f"{word}s"


def singular(kind: str) -> str:
    """Return what one of the kind is called, e.g. ``work-chain``."""
    return plural(kind).removesuffix("es" if kind.endswith("x") else "s")


def _plain(text: str) -> str:
    return text.replace("-", "").replace("_", "").lower()
