"""Stacks of pull requests, brought up to date when one of them is opened or merged."""

import logging

from courier.errors import CourierError
from courier.ports.forges import Changes, Forge
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.pullrequests.stack import (
    floor_of,
    is_stacked,
    retargets,
    stack_of,
    with_stack,
)

log = logging.getLogger(__name__)


async def restack(forge: Forge, merged: PullRequest | None = None) -> None:
    """Let what waits on merged branches go where these went, and tell every stack as it is now.

    What cannot be changed now is left as it is; the next change of the stack tries again.

    Args:
        forge: Where they are.
        merged: What was merged, where that is all that happened: the history of all pull requests
            is not asked for if nothing open can have been stacked on it.
    """
    try:
        if merged is not None:
            open_ones = await forge.list(status="created")
            if not any(is_stacked(one) or one.base != merged.base for one in open_ones):
                return
        pulls = list(await forge.list())
        for wanted in retargets(pulls):
            changed = await forge.change(wanted.number, Changes(base=wanted.base))
            pulls = [changed if each.number == wanted.number else each for each in pulls]
        for pull in pulls:
            if pull.status != "created":
                continue
            stack = stack_of(floor_of(pull), pull.base, pulls)
            body = with_stack(pull.body, stack, pull.branch)
            if body != pull.body:
                await forge.change(pull.number, Changes(body=body))
    except CourierError as fault:
        log.warning("the stacks of pull requests are not all up to date: %s", fault)
