"""A plan as text for people or JSON for machines."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import Literal, assert_never

from courier.cli.views import agenda, headroom, held, plan_guest
from courier.cli.views.equipment import given, value
from courier.cli.views.ink import PLAIN, Ink, columns, safe
from courier.cli.views.machines import machine_lines
from courier.cli.views.places import place_lines
from courier.planning.plan import (
    CancelRun,
    Estimate,
    GrantBudget,
    KeepSandbox,
    KillSandbox,
    Plan,
    PublishRun,
    ResumeRun,
    StartRun,
    StartSandbox,
    TellSandbox,
)
from courier.runs.run.candidates import candidate_plans
from courier.runs.run.frozen import FrozenInput, FrozenPlan, FrozenStep
from courier.runs.run.loops import way_back

Form = Literal["brief", "wide"]
"""brief: what happens; wide: also the origin of every value, the inputs and the prompts."""

_INDENT = "      "
_LONGEST_VALUE = 40


def to_json(plan: Plan) -> str:
    """Return the plan as JSON; `Plan.model_validate_json` reads it back."""
    return plan.model_dump_json(by_alias=True, indent=2) + "\n"


def to_text(plan: Plan, *, form: Form = "brief", ink: Ink = PLAIN) -> str:
    """Return the plan for people, ending in its summary line.

    Args:
        plan: What to show.
        form: How much of it.
        ink: Whether to colour.
    """
    blocks = [_heading(plan, ink)]
    starts = [action for action in plan.actions if isinstance(action, StartRun)]
    blocks += ["\n".join(_started(start, form, ink)) for start in starts]
    guests = [action for action in plan.actions if isinstance(action, StartSandbox)]
    blocks += ["\n".join(plan_guest.lines(guest, ink)) for guest in guests]
    others = [each for each in plan.actions if not isinstance(each, StartRun | StartSandbox)]
    if others:
        blocks.append("\n".join(_moved(others, ink)))
    if coming := list(agenda.plan_lines(plan, ink)):
        blocks.append("\n".join(coming))
    if plan.budgets:
        blocks.append("\n".join(headroom.lines(plan.budgets, ink)))
    if plan.held:
        blocks.append(held.told(plan.held, ink, each=form == "wide"))
    blocks.append(_closing(plan, ink))
    return "\n\n".join(blocks) + "\n"


def summary(plan: Plan) -> str:
    """Return the one line that counts everything: ``Plan: 2 to start, 1 in flight, ...``."""
    counts = (
        (_count(plan, StartRun, StartSandbox), "to start", True),
        (_count(plan, CancelRun, KillSandbox), "to cancel", False),
        (_count(plan, TellSandbox), "to tell", False),
        (_count(plan, PublishRun), "to publish", False),
        (_count(plan, ResumeRun, KeepSandbox), "in flight", True),
        (plan.settled, "settled", True),
        (len(plan.held), "held", True),
    )
    told = [f"{count} {what}" for count, what, always in counts if count or always]
    return f"Plan: {', '.join(told)}."


def _count(plan: Plan, *kinds: type) -> int:
    return sum(isinstance(action, kinds) for action in plan.actions)


def _heading(plan: Plan, ink: Ink) -> str:
    at = f"{plan.branch} {plan.commit[:10]}" if plan.branch else plan.commit[:10]
    line = f"{ink.paint(safe(plan.project) or 'courier', 'bold')} at {safe(at)}"
    if plan.dirty:
        line += ink.paint(
            " with changes that are not committed; nothing of this can be applied", "yellow"
        )
    return line


def _started(start: StartRun, form: Form, ink: Ink) -> Iterator[str]:
    sign, name = ink.paint("+", "bold", "green"), ink.paint(safe(start.run), "bold")
    yield f"  {sign} {name}  {ink.paint(safe(start.reason), 'dim')}"
    for label, told in _facts(start):
        yield f"{_INDENT}{ink.paint(f'{label:<9}', 'dim')} {told}"
    yield ""
    head, *rows = columns(_steps(start.frozen))
    yield _INDENT + ink.paint(head, "dim")
    yield from (_INDENT + row for row in rows)
    if form == "wide":
        yield from _details(start, ink)


def _facts(start: StartRun) -> Iterator[tuple[str, str]]:
    frozen = start.frozen
    git = frozen.git
    yield "task", safe(frozen.title)
    yield "workflow", f"{safe(frozen.workflow)} ({frozen.workflow_type})"
    if frozen.candidates:
        judge = frozen.steps[0].name
        yield "compare", safe(f"{len(frozen.candidates)} candidates; {judge} chooses one of them")
    for told in _loops(frozen):
        yield "loop", safe(told)
    for sentence in frozen.left_out:
        yield "left out", safe(sentence)
    for told in given(frozen.steps):
        yield "given", safe(told)
    yield "branch", safe(f"{git.base_branch} {git.base_commit[:10]} -> {git.branch}")
    warnings = (("warning", said) for said in start.warnings)
    for label, told in chain(place_lines(frozen), machine_lines(frozen), warnings):
        yield label, safe(told)
    if frozen.budget_usd is not None:
        yield "budget", f"at most ${_money(frozen.budget_usd)}"
    yield "estimate", _estimate(start.estimate)


def _loops(frozen: FrozenPlan) -> Iterator[str]:
    # The loops of one candidate are those of all.
    for plan in (*candidate_plans(frozen)[:1], frozen):
        for step in plan.steps:
            back = way_back(plan, step) if step.gives_verdict else None
            if back is not None:
                times = "once" if back.at_most == 1 else f"{back.at_most} times"
                yield f"{step.name} goes back to {back.to.name}, which works at most {times}"


def _estimate(found: Estimate | None) -> str:
    if found is None:
        return "no history"
    parts = [
        _span(_time(found.seconds_low), _time(found.seconds_high)),
        _span(_tokens(found.tokens_low), _tokens(found.tokens_high)) + " tokens",
    ]
    if found.usd_low is not None and found.usd_high is not None:
        parts.insert(0, "$" + _span(_money(found.usd_low), _money(found.usd_high)))
    return f"{', '.join(parts)} (from {found.runs} run{'' if found.runs == 1 else 's'})"


def _steps(frozen: FrozenPlan) -> list[tuple[str, ...]]:
    head = ("step", "type", "agent", "model", "effort", "from")
    return [head, *(_step(name, step) for name, step in frozen.every_step.items())]


def _step(name: str, step: FrozenStep) -> tuple[str, ...]:
    told = (step.agent, step.model, step.effort)
    wanted = [step.origins.get(field) for field in ("agent", "model", "effort")]
    origins = dict.fromkeys(
        origin.split(" ")[0]
        for origin, value in zip(wanted, told, strict=True)
        if origin and value is not None
    )
    cells = (name, step.type, *(value or "-" for value in told), ", ".join(origins) or "-")
    return tuple(safe(cell) for cell in cells)


def _details(start: StartRun, ink: Ink) -> Iterator[str]:
    yield ""
    rows = [
        (f"{name}.{field}", _value(step, field), origin)
        for name, step in start.frozen.every_step.items()
        for field, origin in step.origins.items()
    ]
    yield from _listed("value", ("value", "", "written in"), rows, ink)
    prompts = [
        (prompt.step, f"{len(prompt.text):,} characters", prompt.digest[:12])
        for prompt in start.prompts
    ]
    yield from _listed("prompt", ("prompt", "", "digest"), prompts, ink)
    inputs = [(_input(one), one.digest[:12]) for one in start.frozen.inputs]
    yield from _listed("input", ("input", "digest"), inputs, ink)


def _input(told: FrozenInput) -> str:
    at = f" at {told.version[:12]}" if told.version else ""
    return f"{told.kind}/{told.name}{at}"


def _listed(
    label: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]], ink: Ink
) -> Iterator[str]:
    if not rows:
        return
    first, *others = columns([head, *(tuple(safe(cell) for cell in row) for row in rows)])
    yield _INDENT + ink.paint(first, "dim")
    yield from (_INDENT + line for line in others)
    if label != "input":
        yield ""


def _value(step: FrozenStep, word: str) -> str:
    told = {
        "agent": step.agent,
        "model": step.model,
        "effort": step.effort,
        "timeout": _time(step.timeout_seconds),
        "run": (step.run or "").strip().partition("\n")[0],
    }.get(word) or value(step, word)
    return (told or "-")[:_LONGEST_VALUE]


_Moved = CancelRun | GrantBudget | PublishRun | ResumeRun | TellSandbox | KillSandbox | KeepSandbox


def _moved(actions: Sequence[_Moved], ink: Ink) -> list[str]:
    rows = [_told(action) for action in actions]
    styles = {"-": ("bold", "red"), ">": ("bold", "cyan"), "~": ("bold", "yellow")}
    lines = columns([(safe(name), word, safe(reason)) for _, name, word, reason in rows])
    return [
        f"  {ink.paint(row[0], *styles[row[0]])} {line}"
        for row, line in zip(rows, lines, strict=True)
    ]


def _told(action: _Moved) -> tuple[str, str, str, str]:
    match action:
        case CancelRun():
            return "-", action.run, "cancel", action.reason
        case PublishRun():
            return ">", action.run, "publish", action.reason
        case GrantBudget():
            return ">", action.run, "go on", action.reason
        case ResumeRun() | KeepSandbox():
            return "~", action.run, "in flight", action.reason
        case TellSandbox():
            return ">", action.run, action.word.do, action.reason
        case KillSandbox():
            return "-", action.run, "kill", action.reason
        case _:
            assert_never(action)


def _closing(plan: Plan, ink: Ink) -> str:
    if not plan.actions and not plan.held:
        return f"Nothing to do.\n{ink.paint(summary(plan), 'bold')}"
    return ink.paint(summary(plan), "bold")


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _money(usd: Decimal) -> str:
    return f"{usd:.2f}"


def _time(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _tokens(count: int) -> str:
    if count < 1_000:
        return str(count)
    return f"{count / 1_000:.0f}k" if count < 1_000_000 else f"{count / 1_000_000:.1f}M"
