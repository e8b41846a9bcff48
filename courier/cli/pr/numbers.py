"""Pull requests as people name them."""

import re
from typing import TYPE_CHECKING

from courier.errors import Misused

if TYPE_CHECKING:
    from courier.ports.forges import Forge
    from courier.runs.pullrequests.pullrequest import PullRequest
    from courier.wiring import Wiring

_NAMED = re.compile(r"(?P<forge>github|local)?#?(?P<number>[0-9]{1,12})")


async def found(wiring: "Wiring", text: str) -> "tuple[Forge, PullRequest]":
    """Return the pull request that ``7``, ``#7`` or ``github#7`` means, and where it is.

    Raises:
        Misused: If it means none.
        NotFound: If there is none.
    """
    named = _NAMED.fullmatch(text)
    if named is None:
        raise Misused(
            "This is not a pull request's number.", detail=text, next_step="See `courier pr list`."
        )
    return await wiring.offices().find(int(named["number"]), forge=named["forge"])


def name_of(pull: "PullRequest") -> str:
    """Return what a pull request is called among those of all forges, as `found` takes it."""
    return str(pull.number) if pull.forge == "local" else f"{pull.forge}#{pull.number}"
