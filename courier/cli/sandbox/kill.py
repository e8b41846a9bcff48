"""`courier sandbox kill`."""

from collections.abc import Mapping
from typing import Any

import click

from courier.cli.here import Here
from courier.cli.sandbox.desk import NAME, plain
from courier.cli.verb import Verb

_EXAMPLE = """\
courier sandbox kill desk
courier sandbox kill desk --reason "the machine is needed"
"""


@click.command(cls=Verb, example=_EXAMPLE)
@NAME
@click.option("--reason", default="asked for", show_default=True, help="Why; kept on record.")
@click.pass_obj
def kill(here: Here, name: str, reason: str) -> int:
    """End one and keep its work.

    Stops its agent, takes out what is not committed, pushes it to a branch, opens a pull request,
    and destroys the machine. What of that does not work is told and keeps nothing else from being
    done; exits 1 then.
    """
    return here.run(_kill(here, plain(name), reason))


async def _kill(here: Here, name: str, reason: str) -> int:
    from courier.cli.sandbox.desk import ask, keeping, live_one, until

    async with keeping(here) as kept:
        await live_one(kept.wiring, name)
        await ask(here, kept.wiring, name, "kill", reason)
        told = await until(kept.wiring, name, lambda _told: False)
    here.console.show(farewell(told))
    faults = [part for part in told.get("going") or () if part.get("fault")]
    for part in faults:
        here.console.tell(f"{part['part']}: {part['fault']}")
    return 1 if faults or told["state"] == "error" else 0


def farewell(told: Mapping[str, Any]) -> str:
    """Return in one line what became of a sandbox."""
    work, pull = told.get("work") or {}, told.get("pullRequest") or {}
    parts = [f"sandbox/{told['sandbox']} is {told['state']} ({told['reason']})"]
    if work.get("branch"):
        parts.append(f"its work is on {work['branch']}")
    if pull.get("number"):
        parts.append(f"pull request #{pull['number']}")
    return ", ".join(parts) + "."
