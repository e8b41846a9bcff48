"""Saying that a chain goes on after a failure: checked, and put on record with who said so."""

from typing import TYPE_CHECKING

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.planning.documents.references import Ref


async def resume_chain(here: Here, ref: "Ref", *, part: str = "", reason: str = "") -> str:
    """Put the word on record; return the part the chain goes on with.

    Args:
        here: Where the command was started.
        ref: The chain.
        part: The part to go on with; empty for the one that failed.
        reason: Why.

    Raises:
        NotFound: If the tracked branch has no such chain, or the chain no such part.
        Conflict: If there is nothing to go on after.
    """
    from courier.engine.accounts.courses import ChainRequest
    from courier.engine.accounts.itinerary import itinerary
    from courier.engine.journal.lock import holder
    from courier.errors import Conflict, NotFound
    from courier.planning.problems import suggestion

    by = await here.checkout.identity()
    at = here.clock.now().replace(microsecond=0)
    async with here.wired() as wiring:
        catalog = (await wiring.preview().tracked()).catalog
        known = await itinerary(catalog, wiring.state)
        if ref not in known:
            hint = suggestion(ref.name, [each.name for each in known if each.kind == ref.kind])
            raise NotFound(
                "There is no such chain on the tracked branch.",
                detail=str(ref),
                next_step=hint.strip() or "See `courier get chains`.",
            )
        told = known[ref]
        parts = [each["name"] for each in told["parts"]]
        if part and part not in parts:
            hint = suggestion(part, parts).strip()
            raise NotFound("The chain has no such part.", detail=part, next_step=hint)
        if not told["message"] or told["phase"] not in ("failed", "stopped"):
            raise Conflict(f"{ref} waits for no word.", detail=f"It is {told['phase']}.")
        request = ChainRequest(ref, by, at, part, reason)
        await wiring.state.write([request.file], message=f"resume: {ref}")
        if holder(wiring.journal) is None:
            here.console.note("No engine runs here: it happens with the next `courier apply`.")
    return part or str(told["current"])
