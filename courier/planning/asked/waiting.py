"""Where a run waits for people, with every place decided."""

from collections.abc import Iterator

from courier.planning.asked.asked import Asked
from courier.resources.durations import to_seconds
from courier.resources.workflow import Approval
from courier.runs.run.frozen import FrozenApproval
from courier.runs.steps.approvals import DELIVERY


def freeze_approvals(asked: Asked) -> tuple[FrozenApproval, ...]:
    """Return the places of a workflow, each with a name of its own.

    A place at a step that is left out moves to before what is done next.
    """
    taken: set[str] = set()
    found = []
    for written in asked.workflow.spec.approvals:
        name = next(each for each in _names(written) if each not in taken)
        taken.add(name)
        found.append(_frozen(asked, written, name))
    return tuple(found)


def _names(written: Approval) -> Iterator[str]:
    place = f"before-{written.before}" if written.before else f"after-{written.after}"
    name = written.name or place
    yield name
    number = 1
    while True:
        number += 1
        yield f"{name}-{number}"


def _frozen(asked: Asked, written: Approval, name: str) -> FrozenApproval:
    before, after = _place(asked, written)
    timeout = written.timeout
    return FrozenApproval(
        name=name,
        before=before,
        after=after,
        by=written.by,
        reason=(written.reason or "").strip(),
        timeout_seconds=to_seconds(timeout) if timeout is not None else None,
    )


def _place(asked: Asked, written: Approval) -> tuple[str | None, str | None]:
    step = written.before or written.after
    done = [each.step.name for each in asked.steps]
    if step in done or step == DELIVERY:
        return written.before, written.after
    order = [each.name for each in asked.workflow.spec.steps]
    later = order[order.index(step) :] if step in order else []
    return next((name for name in later if name in done), DELIVERY), None
