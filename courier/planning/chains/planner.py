"""Every chain of a catalog at one look: which part starts, and what each waits for."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains import sprints, work
from courier.planning.chains.chain import Chain
from courier.planning.chains.decide import Decision, Look, decide
from courier.planning.chains.ground import AWAITING_MERGE, Ground, Obstacle, good, ground, pushed
from courier.planning.chains.suit import suited
from courier.planning.chains.words import FAILED, why_stopped
from courier.planning.documents.references import Ref
from courier.planning.freezing.freeze import STATE_BRANCH, held
from courier.planning.made.following import astray, followed, gone, noted
from courier.planning.made.making import Found, Made, Sight, start_made
from courier.planning.made.names import made_run
from courier.planning.observed.course import Course, ObservedCourse, Part
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held, StartRun

KINDS: Final[Mapping[str, Callable[[Catalog, Ref], Chain]]] = {
    work.KIND: work.work_chain,
    sprints.KIND: sprints.sprint_chain,
}
"""Kind to what reads one of it."""


@dataclass(frozen=True, slots=True)
class _Decided:
    chain: Chain
    decision: Decision
    wanted: Made | Obstacle | None = None

    @property
    def next(self) -> Part | None:
        """Return the part that comes next."""
        at = self.decision.next
        return self.decision.course.parts[at] if at is not None else None

    def run(self, part: Part) -> str:
        """Return the name of the run that does a part."""
        return made_run(self.chain.ref, part=part.name, number=part.tries)


def plan_chains(sight: Sight) -> Found:
    """Return what is to be done about every chain."""
    found = Found()
    decided: list[_Decided] = []
    flying = sight.observed.in_flight
    for ref, chain in chains_of(sight.catalog):
        seen = sight.observed.courses.get(ref, ObservedCourse())
        if seen.fault or not chain.links:
            found.held.append(held(sight.catalog, ref, "Blocked", _unfit(chain, seen)))
            found.owned |= {run for run in flying if run.startswith(f"{ref.name}.")}
            continue
        one = _Decided(chain, decide(chain, seen, look_of(chain, sight.observed)))
        found.owned |= {part.run for part in one.decision.course.parts if part.run}
        decided.append(replace(one, wanted=_wanted(one, sight)))
    started = start_made(sight, (one.wanted for one in decided if isinstance(one.wanted, Made)))
    for one in decided:
        _take(found, one, sight, started)
    found.courses += gone(sight.catalog, sight.observed, KINDS)
    return found


def chains_of(catalog: Catalog) -> Iterator[tuple[Ref, Chain]]:
    """Yield every chain of a catalog."""
    for kind, read in KINDS.items():
        for ref in catalog.of_kind(kind):
            yield ref, read(catalog, ref)


def look_of(chain: Chain, observed: Observed) -> Look:
    """Return what a chain is decided by."""

    def follow(part: str, tries: int) -> Part:
        run = made_run(chain.ref, part=part, number=tries)
        return followed(observed, part, run, tries=tries)

    runs = observed.records.runs
    return Look(follow, lambda run: runs[run].ended_at if run in runs else None)


def tips_wanted(catalog: Catalog, observed: Observed) -> Mapping[str, str]:
    """Return the branches that parts about to start go on with, each with what is known of it.

    Args:
        catalog: The chains.
        observed: What is known but those tips.
    """
    found: dict[str, str] = {}
    for ref, chain in chains_of(catalog):
        seen = observed.courses.get(ref, ObservedCourse())
        decision = decide(chain, seen, look_of(chain, observed))
        before = decision.course.parts[: decision.next or 0]
        if decision.next is not None and chain.is_single and not good(before):
            before = (*earlier(chain, decision.course.parts, observed), *before)
            done = pushed(before)
        else:
            done = good(before)
        found |= {part.branch or "": part.commit or "" for part in done}
    return found


def earlier(chain: Chain, parts: Sequence[Part], observed: Observed) -> tuple[Part, ...]:
    """Return how far those parts had come that were begun anew since."""
    look = look_of(chain, observed)
    return tuple(look.follow(part.name, part.tries - 1) for part in parts if part.tries > 1)


def _wanted(one: _Decided, sight: Sight) -> Made | Obstacle | None:
    """Return the run that is to start, or what keeps it from that; None where none is."""
    part, at = one.next, one.decision.next
    if part is None or at is None:
        return None
    chain, course = one.chain, one.decision.course
    former = earlier(chain, course.parts, sight.observed)
    begins = ground(chain, course.parts[:at], sight.observed, earlier=former)
    if isinstance(begins, Obstacle):
        return begins
    run, link = one.run(part), chain.links[at]
    again = f", try {part.tries}" if part.tries > 1 else ""
    return Made(
        run,
        chain.document,
        source=chain.source,
        spec={**link.spec, **_branches(chain, run, begins)},
        reason=f"{chain.word} {part.name}, {at + 1} of {len(chain.links)}{again}",
        suit=suited(chain, course, at, begins),
        others=(link.document,),
        shares=begins.number,
        task=link.prompt,
        title=link.title,
    )


def _branches(chain: Chain, run: str, begins: Ground) -> Mapping[str, str]:
    own = {} if chain.branch is None else {"branch": chain.branch + chain.tail(run)}
    return own if begins.base is None else {**own, "base": begins.base}


def _take(
    found: Found, one: _Decided, sight: Sight, started: Mapping[str, StartRun | Held]
) -> None:
    """Note what becomes of one chain."""
    chain, course, part = one.chain, one.decision.course, one.next
    if isinstance(one.wanted, Obstacle):
        told = held(sight.catalog, chain.ref, one.wanted.reason, one.wanted.message)
        found.held.append(told)
        course = _kept_back(course, one.wanted)
    elif part is not None and (start := _allowed(started.get(one.run(part)), sight)) is not None:
        if isinstance(start, Held):
            found.held.append(start)
        else:
            found.actions.append(start)
            course = _begun(course, part, start.run)
    lost = [("Blocked", astray(sight.observed, each)) for each in course.parts]
    for reason, why in (*lost, (FAILED, why_stopped(chain, course))):
        if why is not None:
            found.held.append(held(sight.catalog, chain.ref, reason, why))
    if (planned := noted(sight.observed, course)) is not None:
        found.courses.append(planned)


def _kept_back(course: Course, obstacle: Obstacle) -> Course:
    """Return a course whose next part does not begin; what people closed is stopped."""
    phase = course.phase if obstacle.reason == AWAITING_MERGE else "stopped"
    return course.model_copy(update={"phase": phase, "reason": obstacle.reason})


def _begun(course: Course, part: Part, run: str) -> Course:
    begun = part.model_copy(update={"phase": "running", "run": run})
    parts = tuple(begun if each is part else each for each in course.parts)
    return course.model_copy(update={"parts": parts, "phase": "running"})


def _allowed(start: StartRun | Held | None, sight: Sight) -> StartRun | Held | None:
    """Return a start unless its work would go where no work can go."""
    if not isinstance(start, StartRun):
        return start
    git = start.frozen.git
    if git.branch not in (git.base_branch, sight.observed.branch, STATE_BRANCH):
        return start
    cause = next(each for each in start.frozen.inputs if each.kind in KINDS)
    message = f'The work cannot go to branch "{git.branch}"; choose another `branch`.'
    return held(sight.catalog, Ref(cause.kind, cause.name), "Blocked", message)


def _unfit(chain: Chain, seen: ObservedCourse) -> str:
    if not chain.links:
        return "Its range holds no sprint: `to` comes before `from`. Turn them round."
    return (
        f"Its course on the state branch cannot be read ({seen.fault}). Nothing starts, so that "
        "nothing is done twice; repair the file, or delete it."
    )
