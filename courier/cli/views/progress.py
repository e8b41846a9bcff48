"""Runs as they happen: one calm line an event, and one moving line at the bottom of a terminal."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import assert_never

from courier.cli.views.figures import took
from courier.cli.views.ink import PLAIN, Ink, safe, width
from courier.cli.views.transcript import said
from courier.engine.accounts.following import (
    Answered,
    Awaits,
    Began,
    Checked,
    Ended,
    Handed,
    Moment,
    Rests,
    Spoke,
    StepBegan,
    StepEnded,
    Tried,
)
from courier.runs.pullrequests.pullrequest import PullRequest
from courier.runs.usage.usage import Usage

_SPOKEN = frozenset({"text", "output", "toolCall", "error", "retry"})
_MOST_LINES = 8
"""Lines of one attempt that are shown; `courier logs` has them all."""

_DOTS = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"

_GUTTER = 9
"""Columns of the elapsed time."""


def to_json(moment: Moment) -> str:
    """Return a moment as one line of JSON."""
    told = {key: value for key, value in asdict(moment).items() if key not in ("ended", "tried")}
    if isinstance(moment, StepEnded):
        told["result"] = moment.ended.model_dump(mode="json", by_alias=True)
    if isinstance(moment, StepBegan | StepEnded):
        told |= {"step": moment.tried.step.name, "iteration": moment.tried.iteration}
        if moment.tried.lane:
            told["candidate"] = moment.tried.lane.removesuffix("/")
    if isinstance(moment, Answered):
        told["answered"] = moment.answered.model_dump(mode="json", by_alias=True)
    if isinstance(moment, Handed):
        told["delivered"] = moment.delivered.model_dump(mode="json", by_alias=True)
    name = type(moment).__name__
    event = name[0].lower() + name[1:]
    return json.dumps({"formatVersion": 1, "event": event, **told}, default=_plain)


class Progress:
    """Turns moments into lines; holds what is needed to tell times and to cut long output.

    Args:
        ink: Whether to colour.
        columns: How wide lines may be.
        names: Whether each line needs its run's name, because there are several.
    """

    def __init__(self, ink: Ink = PLAIN, *, columns: int = 100, names: bool = False) -> None:
        self._ink = ink
        self._columns = columns
        self._names = names
        self._began: dict[str, datetime] = {}
        self._lines: dict[str, int] = {}
        self._usage: dict[str, Usage] = {}
        self._doing: dict[tuple[str, str], StepBegan] = {}
        self._last: dict[str, str] = {}

    def lines(self, moment: Moment) -> list[str]:
        """Return what to print for a moment."""
        match moment:
            case Began():
                self._began[moment.run] = moment.at
                name = self._ink.paint(safe(moment.run), "bold")
                return [f"{name}  {safe(moment.title)}"]
            case StepBegan():
                self._doing[moment.run, moment.tried.lane] = moment
                self._last.pop(moment.run, None)
                return [self._line(moment, "cyan", "▸", _step(moment.tried), _who(moment.tried))]
            case Spoke():
                return self._spoken(moment)
            case StepEnded():
                return self._ended_step(moment)
            case Rests() | Awaits() | Answered() | Checked():
                return [self._resting(moment)]
            case Handed():
                return self._handed(moment)
            case Ended():
                return self._over(moment)
            case _:
                assert_never(moment)

    def status(self, now: datetime) -> str:
        """Return one line about what is being done now; empty when nothing is."""
        if not self._doing:
            return ""
        first = next(iter(self._doing.values()))
        began = self._began.get(first.run, first.at)
        elapsed = took((now - began).total_seconds()).rjust(_GUTTER - 2)
        dots = _DOTS[int((now - first.at).total_seconds() * 4) % len(_DOTS)]
        more = f" and {len(self._doing) - 1} more" if len(self._doing) > 1 else ""
        told = f"{elapsed}  {dots} {_step(first.tried)}{more}  {self._last.get(first.run, '')}"
        return self._ink.paint(told[: self._columns - 1], "dim")

    def _spoken(self, moment: Spoke) -> list[str]:
        if moment.line.get("kind") not in _SPOKEN:
            return []
        shown = self._lines.get(moment.attempt, 0)
        found = said(moment.line)
        texts = [text for text in found.lines if text.strip()]
        self._last[moment.run] = texts[-1] if texts else ""
        self._lines[moment.attempt] = shown + len(texts)
        room = max(0, _MOST_LINES - shown)
        lane = moment.attempt.rpartition("/")[0]
        who = f"{lane}: " if lane else ""
        return [self._quoted(moment.run, f"{who}{text}", found.mark) for text in texts[:room]]

    def _quoted(self, run: str, text: str, mark: str) -> str:
        text = f"{safe(run)}: {text}" if self._names else text
        room = self._columns - _GUTTER - 6
        cut = text if width(text) <= room else text[: room - 1] + "…"
        return self._ink.paint(f"{' ' * _GUTTER}  │ {mark} {cut}".replace("│   ", "│ "), "dim")

    def _ended_step(self, moment: StepEnded) -> list[str]:
        ended = moment.ended
        self._doing.pop((moment.run, moment.tried.lane), None)
        self._usage[moment.run] = self._usage.get(moment.run, Usage()) + ended.usage
        hidden = self._hidden(moment)
        seconds = took((ended.ended_at - ended.started_at).total_seconds())
        if ended.refusal is not None:
            told, tone, mark = f"refused by the gate: {ended.refusal.message}", "red", "✗"
        elif ended.verdict is not None:
            passed = ended.verdict.passed
            told, tone, mark = ("pass", "green", "✓") if passed else ("fail", "red", "✗")
        elif ended.choice is not None:
            chosen = ended.choice.chosen
            told = f"chooses {chosen}" if chosen else ended.choice.reason
            tone, mark = ("green", "✓") if chosen else ("red", "✗")
        elif (found := ended.answer) is not None:
            told = "answered" if found.readable else f"{found.reason}: {found.feedback}"
            tone, mark = ("green", "✓") if found.readable else ("red", "✗")
        elif ended.outcome.status == "completed":
            told, tone, mark = _work(ended.files), "green", "✓"
        else:
            told, tone, mark = f"{ended.outcome.reason}: {ended.outcome.message}", "red", "✗"
        line = self._line(moment, tone, mark, _step(moment.tried), f"{safe(told)}  ({seconds})")
        return [*hidden, *self._warned(moment), line]

    def _warned(self, moment: StepEnded) -> list[str]:
        """Return a line for every script whose failure is only told."""
        soft = (each for each in moment.ended.scripts if each.failed and not each.is_fatal)
        return [self._line(moment, "yellow", "!", "script", safe(each.summary)) for each in soft]

    def _hidden(self, moment: StepEnded) -> list[str]:
        rest = sum(
            max(0, count - _MOST_LINES)
            for key, count in self._lines.items()
            if key.startswith((f"{moment.tried.name}-turn-", f"{moment.tried.name}-script-"))
        )
        if not rest:
            return []
        more = f"{rest} more line{'' if rest == 1 else 's'}: courier logs {moment.run}"
        return [self._quoted(moment.run, safe(more), "…")]

    def _resting(self, moment: Rests | Awaits | Answered | Checked) -> str:
        if isinstance(moment, Checked):
            tone, mark = ("red", "✗") if moment.is_red else ("yellow", "‖")
            return self._line(moment, tone, mark, "checks", safe(moment.message))
        if isinstance(moment, Answered):
            return self._answered(moment)
        if isinstance(moment, Awaits):
            return self._line(moment, "yellow", "‖", "approval", safe(moment.message))
        told = f"until {moment.until:%H:%M:%S} UTC: {safe(moment.reason)}"
        return self._line(moment, "yellow", "‖", "waits", told)

    def _answered(self, moment: Answered) -> str:
        given = moment.answered
        is_yes = given.answer == "approved"
        tone, mark = ("green", "✓") if is_yes else ("red", "✗")
        who = "" if given.by is None else f" by {given.by}"
        why = f": {given.comment}" if given.comment else ""
        told = "nobody answered in time" if given.answer == "timedOut" else given.answer
        return self._line(moment, tone, mark, "approval", safe(f"{told}{who}{why}"))

    def _handed(self, moment: Handed) -> list[str]:
        delivered = moment.delivered
        if delivered.refusal is not None:
            told = safe(delivered.refusal.message)
            return [self._line(moment, "red", "✗", "delivery", told)]
        if delivered.pull_request is None:
            told = f"pushed to {safe(delivered.branch or '')}"
            return [self._line(moment, "green", "✓", "delivery", told)]
        return [self._line(moment, "green", "✓", *_pull_request(delivered.pull_request))]

    def _over(self, moment: Ended) -> list[str]:
        usage = self._usage.get(moment.run, Usage())
        cost = usage.price or "no tokens"
        reason = "" if moment.reason.lower() == moment.phase else f" {moment.reason}"
        message = f": {safe(moment.message)}" if moment.message else ""
        tone, mark = ("green", "✓") if moment.phase == "completed" else ("red", "✗")
        if usage.input_tokens and not usage.price:
            cost = "cost not known"
        return [
            self._line(moment, tone, mark, moment.phase, f"{reason}{message}  ({cost})".strip())
        ]

    def _line(
        self,
        moment: StepBegan | StepEnded | Rests | Awaits | Answered | Handed | Checked | Ended,
        tone: str,
        mark: str,
        what: str,
        told: str,
    ) -> str:
        start = self._began.get(moment.run, moment.at)
        elapsed = took((moment.at - start).total_seconds()).rjust(_GUTTER - 2)
        who = f"{safe(moment.run)}  " if self._names else ""
        head = (
            f"{self._ink.paint(mark, tone, 'bold')} {self._ink.paint(safe(what).ljust(12), tone)}"
        )
        return f"{self._ink.paint(elapsed, 'dim')}  {who}{head} {told}".rstrip()


def _step(tried: Tried) -> str:
    again = f".{tried.attempt}" if tried.attempt > 1 else ""
    return f"{tried.lane}{tried.step.name} {tried.iteration}{again}"


def _who(tried: Tried) -> str:
    return " ".join(part for part in (tried.step.agent, tried.step.model or "") if part)


def _work(files: tuple[str, ...]) -> str:
    if not files:
        return "changed nothing"
    return f"changed {files[0]}" if len(files) == 1 else f"changed {len(files)} files"


def _pull_request(found: PullRequest) -> tuple[str, str]:
    if found.status == "skipped":
        return "pull request", "not needed: the base has these changes"
    draft = "draft " if found.draft else ""
    told = f"{draft}#{found.number}: {safe(found.branch)} → {safe(found.base)}"
    return "pull request", told + (f"  {safe(found.url)}" if found.url else "")


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else str(value)
