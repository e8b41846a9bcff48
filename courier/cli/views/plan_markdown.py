"""What a change of documents comes to, as Markdown for a comment on its pull request.

Whoever wrote the change wrote most of these words: they are shown as text and do nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from courier.cli.views.plan_differences import moved, prompt_details, value_row
from courier.planning.comparison import Comparison, ProbeChange
from courier.planning.plan import Estimate, Headroom, StartRun
from courier.runs.texts.markdown import cell, code
from courier.runs.usage.budget import dollars

MARKER: Final = "<!-- courier-plan -->"
"""The hidden line by which the comment is found again."""

MOST: Final = 60_000
"""Characters a comment may have; GitHub refuses more than 65,536."""

_ROWS: Final = 50
_NAMES: Final = 10
_ROOM: Final = 600
"""Characters kept for saying that something is left out."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a comment is about.

    Attributes:
        base: What the change is compared with, as it was named.
        commit: The commit that is.
        whole: Where the whole of it is, should the comment be cut; Markdown of ours.
    """

    base: str
    commit: str
    whole: str = ""


def to_markdown(found: Comparison, place: Place, *, most: int = MOST) -> str:
    """Return a comment of at most so many characters; what is left out is said."""
    blocks = [block for block in _blocks(found, place) if block]
    kept: list[str] = [MARKER]
    used, left = len(MARKER), 0
    for block in blocks:
        if used + len(block) + 2 > most - _ROOM:
            left += 1
            continue
        kept.append(block)
        used += len(block) + 2
    if left:
        kept.append(_left_out(left, place))
    return "\n\n".join(kept) + "\n"


def _blocks(found: Comparison, place: Place) -> Iterator[str]:
    yield f"### courier plan: {_headline(found)}"
    about = f"Compared with {code(place.base)} at {code(place.commit[:10])}."
    yield f"{about} Nothing has been started; merging this is what would."
    yield "\n".join(_problems(found))
    if found.after is None:
        return
    yield "\n".join(_starts(found.starts))
    yield "\n".join(_others(found))
    yield "\n".join(_budgets(found.after.budgets))
    for alike in _alike(found.changes):
        yield from _change(alike)
    if found.waiting:
        names = ", ".join(code(each.run) for each in found.waiting[:_ROWS])
        yield f"Would start with and without this change: {names}."


def _headline(found: Comparison) -> str:
    if found.has_errors:
        return "the documents have errors"
    parts = [
        _many(len(found.starts), "run would start", "runs would start"),
        _many(len(found.stops), "run would not start any more", "runs would not start any more"),
        _many(len(found.held), "document would be held", "documents would be held"),
        _many(len(found.cancels), "run under way would stop", "runs under way would stop"),
        _many(len(found.changes), "workflow or task changes", "workflows and tasks change"),
    ]
    told = [part for part in parts if part]
    return ", ".join(told) if told else "this change starts and changes nothing"


def _many(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


def _problems(found: Comparison) -> Iterator[str]:
    if found.diagnostics:
        yield "| problem | where | what |"
        yield "| --- | --- | --- |"
    for each in found.diagnostics[:_ROWS]:
        sign = "error" if each.severity.value == "error" else "warning"
        at = code(str(each.position)) if each.position else ""
        told = cell(f"{each.summary}. {each.detail}", most=400)
        yield f"| {sign} `{each.code}` | {at} | {told} |"
    more = len(found.diagnostics) - _ROWS
    if more > 0:
        yield f"| | | and {more} more: `courier validate` |"
    if found.known:
        yield f"\n{_many(found.known, 'problem was', 'problems were')} there before."


def _starts(starts: Sequence[StartRun]) -> Iterator[str]:
    if not starts:
        return
    yield "| would start | task | workflow | steps | likely cost | likely time |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for each in starts[:_ROWS]:
        frozen = each.frozen
        steps = ", ".join(
            f"{name} ({' '.join(filter(None, (step.agent, step.model)))})"
            for name, step in frozen.every_step.items()
        )
        told = (code(each.run), cell(frozen.title, most=120), code(frozen.workflow))
        cost, time = _cost(each.estimate, frozen.budget_usd), _time(each.estimate)
        yield f"| {' | '.join((*told, cell(steps, most=300), cost, time))} |"
    if len(starts) > _ROWS:
        yield f"| and {len(starts) - _ROWS} more | | | | | |"
    if total := _total(starts):
        yield f"\n{total}"
    for each in starts[:_ROWS]:
        for warning in each.warnings:
            yield f"\n- {code(each.run)}: {cell(warning, most=400)}"


def _cost(found: Estimate | None, budget: Decimal | None) -> str:
    cap = f"at most {dollars(budget)}" if budget is not None else ""
    if found is None or found.usd_low is None or found.usd_high is None:
        return cap or "no history"
    return ", ".join(filter(None, (_span(dollars(found.usd_low), dollars(found.usd_high)), cap)))


def _time(found: Estimate | None) -> str:
    if found is None:
        return "no history"
    band = _span(_length(found.seconds_low), _length(found.seconds_high))
    return f"{band} (from {found.runs} run{'' if found.runs == 1 else 's'})"


def _total(starts: Sequence[StartRun]) -> str:
    bands = [each.estimate for each in starts if each.estimate is not None]
    low = [each.usd_low for each in bands if each.usd_low is not None]
    high = [each.usd_high for each in bands if each.usd_high is not None]
    if len(starts) < 2 or not high:
        return ""
    rest, zero = len(starts) - len(high), Decimal(0)
    unknown = f" Of {rest} of them nothing is known." if rest else ""
    return (
        f"All together likely {_span(dollars(sum(low, zero)), dollars(sum(high, zero)))}.{unknown}"
    )


def _span(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _length(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def _others(found: Comparison) -> Iterator[str]:
    for each in found.stops[:_ROWS]:
        yield f"- {code(each.run)} would **not start** any more."
    for one in found.cancels[:_ROWS]:
        why = cell(one.reason, most=200)
        yield f"- {code(one.run)} is under way and would be **stopped**: {why}."
    alike: dict[tuple[str, str], list[str]] = {}
    for held in found.held:
        name = code(f"{held.kind}/{held.name}")
        alike.setdefault((held.reason, held.message), []).append(name)
    for (reason, message), names in list(alike.items())[:_ROWS]:
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        told = f"{', '.join(names[:_NAMES])}{more}"
        yield f"- {told} would be **held** ({reason}): {cell(message, most=300)}"


def _budgets(budgets: Sequence[Headroom]) -> Iterator[str]:
    for each in budgets:
        for when, spent, cap in (
            ("today", each.spent_today, each.per_day),
            ("this month", each.spent_this_month, each.per_month),
        ):
            if cap is not None:
                left = max(cap - spent, Decimal(0))
                yield (
                    f"- Budget of {code(each.project)} {when}: {dollars(spent)} of {dollars(cap)} "
                    f"spent, {dollars(left)} left."
                )


def _alike(changes: Sequence[ProbeChange]) -> Sequence[Sequence[ProbeChange]]:
    """Return changes, those together that differ in nothing but the task; workflows first."""
    groups: dict[object, list[ProbeChange]] = {}
    for change in sorted(changes, key=lambda each: (each.ref.kind != "Workflow", each.ref)):
        prompts = tuple((each.step, tuple(moved(each))) for each in change.prompts)
        mark = (change.how, change.probe.why_not, change.values, prompts)
        alone = (change.ref,) if change.how != "changed" else ()
        groups.setdefault((mark, alone), []).append(change)
    return list(groups.values())


def _change(alike: Sequence[ProbeChange]) -> Iterator[str]:
    change, *others = alike
    name = code(f"{change.ref.kind}/{change.ref.name}")
    band = change.probe.band
    took = f" Runs of it took {_time(band)}, {_cost(band, None)}." if band is not None else ""
    match change.how:
        case "gone":
            yield f"#### {name} is gone"
            return
        case "new":
            yield f"#### {name} is new"
        case _:
            named = ", ".join(code(f"{each.ref.kind}/{each.ref.name}") for each in others[:_ROWS])
            same = f" So do those of {named}." if named else ""
            yield f"#### Runs of {name} change\n\n{_shape(change)}{same}{took}"
    if change.probe.why_not:
        yield f"No run of it can be done: {cell(change.probe.why_not, most=400)}"
    if change.values:
        rows = [value_row(each) for each in change.values[:_ROWS]]
        more = len(change.values) - _ROWS
        rest = [f"| and {more} more | | | |"] if more > 0 else []
        head = ["| value | was | is | written in |", "| --- | --- | --- | --- |"]
        yield "\n".join([*head, *rows, *rest])
    for prompt in change.prompts:
        yield prompt_details(prompt)


def _shape(change: ProbeChange) -> str:
    parts = [
        _many(len(change.values), "value", "values"),
        _many(len(change.prompts), "prompt", "prompts"),
    ]
    told = " and ".join(part for part in parts if part) or "Whether they can be done"
    return f"What differs: {told}."


def _left_out(count: int, place: Place) -> str:
    where = place.whole or f"run `courier plan --base {place.base} --most 1000000` on this branch"
    parts = _many(count, "part is", "parts are")
    return f"_{parts} left out to fit a comment; for the whole, {where}._"
