"""Several branches pushed at the same moment: fewer commands, and each has its own outcome."""

import asyncio

from courier.errors import Conflict, CourierError, Misconfigured
from courier.storage.mirror import Mirror
from tests.contracts.scratch import Scratch, git

HOOK = """#!/bin/sh
echo push >>pushes
while read -r old new ref; do
    case $ref in *declined*) exit 1 ;; esac
done
"""


async def test_each_learns_its_own_outcome(scratch: Scratch, mirror: Mirror) -> None:
    hook = scratch.origin / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    main = (await mirror.head()).commit

    async def push(branch: str, expected: str | None = None) -> CourierError | None:
        try:
            await mirror.push(main, branch=branch, expected=expected)
        except CourierError as failed:
            return failed
        return None

    good = [f"good-{number}" for number in range(20)]
    outcomes = await asyncio.gather(
        push("first"), *map(push, good), push("stale", expected="1" * 40), push("good-1")
    )
    assert outcomes[:21] == [None] * 21
    assert isinstance(outcomes[21], Conflict)
    assert outcomes[22] is None
    assert len((scratch.origin / "pushes").read_text().split()) < 8
    others = await asyncio.gather(push("next"), push("declined"), push("also"), push("more"))
    assert others[0] is others[2] is others[3] is None
    assert isinstance(others[1], Misconfigured)
    branches = set(git("branch", "--format=%(refname:short)", cwd=scratch.origin).split())
    assert branches >= {"first", *good, "next", "also", "more"}
    assert not branches & {"stale", "declined"}
