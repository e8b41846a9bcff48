"""Every flow there is, for an engine to run."""

from collections.abc import Callable

from courier.engine.interactive.keeper import FLOW as SANDBOX
from courier.engine.interactive.keeper import Keeper
from courier.engine.notices.mailing import FLOW as NOTICE
from courier.engine.notices.mailing import Mailing
from courier.engine.running.candidate import CandidateRunner
from courier.engine.running.candidates import FLOW as CANDIDATE
from courier.engine.running.runner import FLOW as RUN
from courier.engine.running.runner import Runner
from courier.engine.seam import Context, Engine, Json
from courier.engine.world import World
from courier.ports.whereabouts import settle


def register_flows(engine: Engine, world: Callable[[], World], *, repository: str) -> None:
    """Name all flows to an engine, before it starts.

    Args:
        engine: What will run them.
        world: Gives the world of each.
        repository: Where they work, for the log.
    """

    def locate(context: Context) -> None:
        # Until the task ends: what the engine says of the run's end is about it too.
        settle(repository=repository, run=context.run_id)

    async def run(context: Context) -> Json:
        locate(context)
        return await Runner(world(), context, engine, engine).go()

    async def candidate(context: Context) -> Json:
        locate(context)
        return await CandidateRunner(world(), context, engine, engine).go()

    async def keep(context: Context) -> Json:
        locate(context)
        return await Keeper(world(), context).go()

    async def mail(context: Context) -> Json:
        locate(context)
        return await Mailing(world(), context).go()

    flows = ((RUN, run), (SANDBOX, keep), (CANDIDATE, candidate), (NOTICE, mail))
    for name, flow in flows:
        engine.register(name, flow)
