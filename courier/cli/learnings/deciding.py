"""A person's word on learnings: about a pull request, or written into a file."""

from typing import TYPE_CHECKING, Literal

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.planning.catalog.catalog import Catalog

Action = Literal["approve", "reject"]

_STATUS = {"approve": "approved", "reject": "rejected"}


async def decide(here: Here, action: Action, names: tuple[str, ...], *, reason: str) -> str:
    """Carry it out, and return what came of it.

    Raises:
        NotFound: If there is no such learning.
        Conflict: If a pull request that would be merged proposes others too.
        Misused: If a file cannot be changed without touching more.
    """
    from courier.engine.learnings.deciding import Deciding, Decision

    wanted = tuple(dict.fromkeys(name.removeprefix("learning/") for name in names))
    by, at = await here.checkout.identity(), here.clock.now().replace(microsecond=0)
    async with here.wired() as wiring:
        await wiring.mirror.fetch()
        deciding = Deciding(wiring.world)
        batch = await deciding.batch_of(wanted)
        if batch is not None:
            proposed = tuple(name for name in wanted if name in [one.name for one in batch.lessons])
            decision = Decision(action, proposed, by, at, reason)
            if action == "approve":
                pull = await deciding.approve(batch, decision)
                told = f"Merged #{pull.number} into {pull.base}."
            else:
                await deciding.reject(batch, decision)
                told = f"Rejected {', '.join(proposed)}; nothing like it is proposed again."
            wanted = tuple(name for name in wanted if name not in proposed)
            if not wanted:
                return told
            return "\n".join([told, await _written(here, action, wanted)])
    return await _written(here, action, wanted)


async def _written(here: Here, action: Action, names: tuple[str, ...]) -> str:
    from courier.cli.learnings.looking import catalog_here

    catalog = await catalog_here(here)
    return "\n".join(_edited(here, catalog, name, _STATUS[action]) for name in names)


def _edited(here: Here, catalog: "Catalog", name: str, status: str) -> str:
    from courier.errors import Misused, NotFound
    from courier.planning.documents.pinning import with_status
    from courier.planning.documents.references import Ref

    document = catalog.documents.get(Ref("Learning", name))
    if document is None:
        raise NotFound(
            f"There is no learning {name}.",
            detail="No open pull request proposes it, and no document in .courier/ is it.",
            next_step="See `courier learnings list`.",
        )
    path = here.checkout.root / document.path
    before = path.read_bytes().decode()
    after = with_status(document, before, status)
    if after is None:
        raise Misused(
            "The status cannot be changed here without touching more.",
            detail=str(document.position(("spec",))),
            next_step=f"Write `status: {status}` yourself.",
        )
    if before == after or document.value["spec"].get("status", "approved") == status:
        return f"{document.ref} is {status} already."
    path.write_bytes(after.encode())
    return f"{document.ref} is {status} in {document.path}, once that is on the tracked branch."
