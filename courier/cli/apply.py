"""`courier apply`: one pass over the tracked branch, and the runs that come of it."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from courier.cli.here import Here
from courier.cli.verb import Verb

if TYPE_CHECKING:
    from courier.engine.passes.reconciler import Result
    from courier.engine.serving.errand import Errand
    from courier.planning.plan import Held, Plan
    from courier.runs.interactive.frozen import Word
    from courier.wiring import Wiring

_SANDBOX = "sandbox/"

_EXAMPLE = """\
courier apply
courier plan --out today.plan && courier apply today.plan
courier apply --no-wait
courier apply --simulate scenarios.yaml"""


@click.command(cls=Verb, example=_EXAMPLE)
@click.argument("saved", required=False, metavar="[PLAN]")
@click.option(
    "--wait/--no-wait", default=True, help="See the runs through, or only hand them over."
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: one object a line.",
)
@click.option(
    "--simulate",
    "scenarios",
    metavar="FILE",
    help="Play the scenarios of FILE in a scratch world instead; see the guide.",
)
@click.pass_obj
def apply(here: Here, saved: str | None, output: str, scenarios: str | None, *, wait: bool) -> int:
    """Do what the tracked branch asks for.

    One pass over the tracked branch as the remote has it: starts what was asked for and is not on
    record, cancels what nobody asks for any more. With PLAN, a plan saved by `courier plan --out`,
    nothing else is done, and nothing at all if the world moved since.

    With `--simulate` nothing of that is done: the workflows of `.courier/` as it is on disk are
    played for real in a scratch copy, with agents that answer what FILE says, no model asked and
    nothing pushed. Exits 1 if a scenario does not come out as FILE expects.

    Without a daemon this process is the engine: it stays until every run has ended or waits for a
    person, what they taught is proposed, and every sandbox has done what it was asked.
    Interrupted, the agents go on; the next `courier apply` picks them up. Exits 1 if a run failed
    or was cancelled.
    """
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=here.console.err)
    if scenarios is not None:
        from courier.cli.simulate import simulate

        return here.run(simulate(here, scenarios, output=output))
    plan = _read(here, saved) if saved is not None else None
    return here.run(applied(here, plan, output=output, wait=wait))


async def applied(
    here: Here, plan: "Plan | None" = None, *, output: str = "text", wait: bool = True
) -> int:
    """Do one pass and, if asked to, show its runs until they have ended; return the exit code."""
    async with here.wired() as wiring:
        await _warn(here, wiring)
        errand = wiring.errand()
        if not wait:
            return await _hand_over(here, errand, plan, output)
        async with errand.attended():
            if errand.other is not None:
                here.console.tell(f"Handed over to the engine of {errand.other}.")
            result = await errand.carry_out(plan)
            _show(here, result, output)
            left: set[str] = set()
            code = await _see_through(here, wiring, errand, (_runs(result), output), left)
            done: set[str] = set()
            while plan is None:
                further = _parts(result) | await _lessons(wiring)
                if not (_frees_others(result) or further - done):
                    break
                done |= further
                result = await errand.carry_out()
                _show(here, result, output)
                told = (_runs(result), output)
                code = await _see_through(here, wiring, errand, told, left) or code
            _tell_left(here, left, held=_held(result, output))
            code = await _see_sandboxes(here, wiring, result, output) or code
            await errand.announce(result)
            return code


async def _hand_over(here: Here, errand: "Errand", plan: "Plan | None", output: str) -> int:
    result = await errand.carry_out(plan)
    _show(here, result, output)
    _tell_left(here, set(), held=_held(result, output))
    if errand.other is None and any(one.how == "started" for one in result.dispatched):
        here.console.note("Nothing runs here yet: start `courier daemon` or `courier apply`.")
    return 0


def _held(result: "Result", output: str) -> "Sequence[Held]":
    """Return what to tell of documents nothing is done about."""
    return result.plan.held if result.plan is not None and output == "text" else ()


def _runs(result: "Result") -> list[str]:
    runs = [one.run for one in result.dispatched if one.how in ("started", "underway")]
    return [run for run in runs if not run.startswith(_SANDBOX)]


def _frees_others(result: "Result") -> bool:
    """Return whether runs were started that others wait for (`dependsOn`)."""
    held = result.plan.held if result.plan else ()
    return any(one.reason == "DependencyNotReady" for one in held) and any(
        one.how == "started" and not one.run.startswith(_SANDBOX) for one in result.dispatched
    )


def _parts(result: "Result") -> set[str]:
    """Return the runs whose end lets the next part of a chain begin."""
    from courier.planning.made.names import is_part

    return {run for run in _runs(result) if is_part(run)}


async def _lessons(wiring: "Wiring") -> set[str]:
    """Return how far the sessions are that look through runs which have ended.

    Another pass goes on with each, and what is told of it differs once that was done.
    """
    from courier.engine.learnings.pending import read_pending

    await wiring.index.follow()
    pending = await read_pending(wiring.world)
    known = wiring.index.named([one.session for one in pending])
    ended = {name for name, listed in known.items() if listed.observed.ended}
    return {f"{one.session} {'ended' if one.session in ended else 'new'}" for one in pending}


async def _see_through(
    here: Here,
    wiring: "Wiring",
    errand: "Errand",
    asked: tuple[list[str], str],
    left: set[str],
) -> int:
    """Show runs until they end, and note in `left` those that wait for people."""
    from courier.cli.live import watch

    runs, output = asked
    failed = False
    try:
        while runs := runs if errand.other is not None else await _others(errand, left):
            ended = await watch(wiring, here.console, runs, output=output)
            failed = failed or any(one.phase != "completed" for one in ended)
            left |= set(runs)
            left -= {one.run for one in ended}
            runs = []
    except asyncio.CancelledError:
        here.console.note("The agents go on in their sandboxes; `courier apply` picks them up.")
        raise
    return 1 if failed else 0


def _tell_left(here: Here, left: set[str], *, held: "Sequence[Held]") -> None:
    """Say what is left undone: runs that wait for people, and documents nothing is done about."""
    from courier.cli.views.held import told

    if held:
        here.console.show(told(held, here.console.ink))
    if left:
        here.console.note(
            f"Waiting for people: {', '.join(sorted(left))}. Once they answered, the next "
            "`courier apply` goes on; a daemon does by itself."
        )


async def _others(errand: "Errand", left: set[str]) -> list[str]:
    """Return the runs in flight besides those that wait for people."""
    return [run for run in await errand.in_flight() if run not in left]


async def _see_sandboxes(here: Here, wiring: "Wiring", result: "Result", output: str) -> int:
    asked: dict[str, list[Word]] = {
        one.run.removeprefix(_SANDBOX): []
        for one in result.dispatched
        if one.run.startswith(_SANDBOX) and one.how not in ("stuck", "failed")
    }
    if not asked:
        return 0
    from courier.cli.sandbox.following import see_through
    from courier.planning.plan import TellSandbox

    for action in result.plan.actions if result.plan else ():
        if isinstance(action, TellSandbox):
            asked.setdefault(action.run.removeprefix(_SANDBOX), []).append(action.word)
    return 0 if await see_through(wiring, here.console, asked, output=output) else 1


async def _warn(here: Here, wiring: "Wiring") -> None:
    from courier.cli.local import local_changes

    await wiring.mirror.fetch()
    changes = await local_changes(here.checkout, await wiring.mirror.head())
    if changes.exist:
        here.console.note(f"{changes.told()} To have them done: {changes.next_step()}.")


def _show(here: Here, result: "Result", output: str) -> None:
    from courier.cli.views import plan_view
    from courier.cli.views.dispatched import listed

    if output == "json" or result.plan is None:
        return
    here.console.show(listed(result.dispatched, here.console.ink))
    here.console.show(here.console.ink.paint(plan_view.summary(result.plan), "bold"))


def _read(here: Here, saved: str) -> "Plan":
    from pydantic import ValidationError

    from courier.errors import Misused
    from courier.planning.plan import Plan

    try:
        return Plan.model_validate_json(here.bytes_of(saved, what="plan"))
    except ValidationError as broken:
        raise Misused(
            "This is not a plan of this version of courier.",
            detail=str(here.path(saved)),
            next_step="Make one with `courier plan --out FILE`.",
        ) from broken
