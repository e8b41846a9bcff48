"""What freezing a Run cannot say of a part of a chain: where it goes on, and its place."""

from courier.planning.chains.chain import Chain
from courier.planning.chains.ground import Ground
from courier.planning.made.making import Suit
from courier.planning.observed.course import Course, Part
from courier.runs.run.frozen import FrozenChain, FrozenGit, FrozenLink, FrozenPlan


def suited(chain: Chain, course: Course, at: int, begins: Ground) -> Suit:
    """Return what makes a frozen plan the plan of a part.

    Args:
        chain: The chain.
        course: How far it has come.
        at: Where the part is, from 0.
        begins: Where it begins.
    """
    links = tuple(
        _link(part, link.title) for part, link in zip(course.parts, chain.links, strict=True)
    )
    told = FrozenChain(
        kind="WorkChain" if chain.source == "workChain" else "SprintChain",
        name=chain.ref.name,
        title=chain.title,
        at=at,
        links=links,
        single=chain.is_single,
    )

    def suit(frozen: FrozenPlan) -> FrozenPlan:
        return frozen.model_copy(update={"chain": told, "git": _git(chain, frozen, begins)})

    return suit


def _git(chain: Chain, frozen: FrozenPlan, begins: Ground) -> FrozenGit:
    own = frozen.git.branch
    update: dict[str, str | None] = {}
    if chain.is_single:
        shared = begins.branch or own.removesuffix(chain.tail(frozen.run))
        update = {"branch": shared, "aside": own, "expected": begins.expected}
    if begins.commit is not None:
        update["base_commit"] = begins.commit
    return frozen.git.model_copy(update=update)


def _link(part: Part, title: str) -> FrozenLink:
    done = part.phase == "completed"
    return FrozenLink(
        part=part.name,
        title=title,
        run=part.run,
        number=part.number if done else None,
        branch=part.branch if done else None,
    )
