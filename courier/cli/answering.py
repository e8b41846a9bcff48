"""A person's yes or no to a run that waits, put on record and passed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from courier.cli.here import Here

if TYPE_CHECKING:
    from courier.engine.requests.requests import Request
    from courier.planning.catalog.catalog import Catalog
    from courier.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody says to a run.

    Attributes:
        why: The reason or comment.
        gate: Only at the approval of this name.
        tree: Only about the tree whose id starts so.
    """

    action: Literal["approve", "reject"]
    run: str
    why: str
    gate: str | None = None
    tree: str | None = None


async def answered(here: Here, said: Answer) -> str:
    """Put the answer on record, pass it on and return what came of it.

    Raises:
        Conflict: If the run waits for nothing, or for something else.
        NotAllowed: If the person may not decide this.
    """
    from courier.engine.accounts.records import account

    async with here.wired() as wiring:
        found = await account(wiring.world, wiring.client(), said.run)
        asked = _question(found, said)
        request = await _request(here, said, asked)
        catalog = (await wiring.preview().tracked()).catalog
        _check_allowed(request, asked, catalog, str(found["project"]))
        return await _pass_on(here, wiring, request, catalog)


def _question(found: Mapping[str, Any], said: Answer) -> Mapping[str, Any]:
    """Return what the run asks."""
    from courier.errors import Conflict

    questions = found.get("approvals") or ()
    if found.get("reason") != "AwaitingApproval" or not questions:
        phase = found.get("phase")
        raise Conflict(
            f"Run {said.run} does not wait for anybody.",
            detail=f"It is {phase}.",
            next_step=f"See `courier describe run/{said.run}`.",
        )
    asked: Mapping[str, Any] = questions[-1]
    if said.gate not in (None, asked["approval"]):
        raise Conflict(
            f'It does not wait at "{said.gate}".', detail=f'It waits at "{asked["approval"]}".'
        )
    if said.tree is not None and not str(asked["tree"]).startswith(said.tree):
        raise Conflict(
            "Its work is not that tree.",
            detail=f"It is tree {asked['tree']}.",
            next_step=f"Look again with `courier describe run/{said.run}`.",
        )
    return asked


async def _request(here: Here, said: Answer, asked: Mapping[str, Any]) -> "Request":
    from courier.engine.requests.requests import Request

    return Request(
        action=said.action,
        run=said.run,
        by=await here.checkout.identity(),
        at=here.clock.now(),
        reason=said.why,
        user=here.environment.get("COURIER_USER", "").strip(),
        approval=str(asked["approval"]),
        tree=str(asked["tree"]),
        words=asked.get("words"),
    )


def _check_allowed(
    request: "Request", asked: Mapping[str, Any], catalog: "Catalog", project: str
) -> None:
    from courier.engine.requests.approver import may_not
    from courier.errors import NotAllowed
    from courier.planning.catalog.permission import team_of

    by = tuple(str(each) for each in asked.get("by") or ())
    why = may_not(request, by, team_of(catalog, project), asked.get("requestedBy"))
    if why is not None:
        who = f"{request.person} ({request.user})" if request.user else request.person
        raise NotAllowed(
            "You may not decide this.",
            detail=f"You are {who}. {why}",
            next_step="Ask somebody who may, or set COURIER_USER to your name in the Team.",
        )


async def _pass_on(here: Here, wiring: "Wiring", request: "Request", catalog: "Catalog") -> str:
    from courier.engine.requests.approver import Approver
    from courier.engine.requests.requests import Requests, put_on_record
    from courier.planning.catalog.permission import team_of

    await put_on_record(request, state=wiring.state)
    approver = Approver(wiring.world, wiring.client(), Requests(wiring.state))
    given = await approver.settle(request.run, lambda project: team_of(catalog, project))
    told = "is approved" if request.action == "approve" else "is rejected"
    if given is None:
        return f"On record: {request.run} {told}; it is not in flight on this machine."
    if wiring.presence.other() is None:
        here.console.note("No engine runs here: it goes on with the next `courier apply`.")
    return f"{request.run} {told} at {request.approval}, tree {request.tree[:12]}."
