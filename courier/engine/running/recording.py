"""What a run asked for and was answered, as text that is kept and as a context that replays it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from courier.engine.inflight import (
    Cancellation,
    DivergedReplay,
    Failure,
    Json,
    RunCancelled,
    StepKind,
    StepPhase,
    StepRecord,
)
from courier.engine.journal import errors
from courier.engine.seam import Action, RunReader
from courier.errors import CourierError, Misconfigured

VERSION = 1
"""Raised when a reader of the former version could misread a recording."""


class EndOfRecording(Exception):
    """A flow asked for more than is recorded."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One run's input and the answers it got, in order.

    Attributes:
        input: What it was submitted with.
        steps: What its flow asked for, in order; the last one may be open.
        cancellation: Who asked it to stop, if anybody did.
    """

    input: Json
    steps: tuple[StepRecord, ...]
    cancellation: Cancellation | None = None

    @classmethod
    def of(
        cls, given: Json, steps: Sequence[StepRecord], cancellation: Cancellation | None = None
    ) -> "Recording":
        """Return the recording of what is answered so far."""
        answered = tuple(step for step in steps if step.phase is not StepPhase.OPEN)
        return cls(given, answered, cancellation)

    def to_text(self) -> str:
        """Return it as JSON, one object a line: the input, then a line for every answer."""
        asked = self.cancellation
        cancelled = {"by": asked.by, "reason": asked.reason} if asked else None
        head = {"recordingVersion": VERSION, "input": self.input, "cancellation": cancelled}
        lines = (head, *(_told(step) for step in self.steps))
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)

    @classmethod
    def read(cls, text: str) -> "Recording":
        """Return the recording a text holds.

        Raises:
            Misconfigured: If it holds none that this courier can read.
        """
        try:
            head, *lines = (json.loads(line) for line in text.splitlines())
            if head["recordingVersion"] != VERSION:
                raise ValueError(f"it is of version {head['recordingVersion']}, not {VERSION}")
            asked = head["cancellation"]
            cancelled = Cancellation(asked["by"], asked["reason"]) if asked else None
            return cls(head["input"], tuple(map(_read, lines)), cancelled)
        except (ValueError, KeyError, TypeError) as broken:
            raise Misconfigured(
                "The run's journal cannot be read.",
                detail=f"{type(broken).__name__}: {broken}",
                next_step="It was kept by another version of courier; use that one.",
            ) from broken


async def recording_of(reader: RunReader, run_id: str) -> Recording | None:
    """Return what one run of the engine was answered so far; None if the engine has none."""
    state = await reader.status(run_id)
    if state is None:
        return None
    given, steps = await reader.submitted(run_id), await reader.steps(run_id)
    return Recording.of(given, steps, state.cancellation)


class Replay:
    """A `Context` that answers from a recording and asks nothing of the world.

    Raises `EndOfRecording` where the recording stops, `DivergedReplay` where the flow asks for
    something else than is recorded.
    """

    def __init__(self, run_id: str, recording: Recording) -> None:
        self._run_id = run_id
        self._recording = recording
        self._steps = iter(recording.steps)

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self._run_id

    @property
    def input(self) -> Json:
        """What the run was submitted with."""
        return self._recording.input

    async def step(self, name: str, action: Action) -> Json:  # noqa: ARG002 - nothing is done
        """Return what is recorded."""
        return self._answer(name)

    async def now(self, name: str) -> datetime:
        """Return the moment it was then."""
        return datetime.fromisoformat(str(self._answer(name)))

    async def sleep(self, name: str, until: datetime) -> None:  # noqa: ARG002 - as above
        """Return at once."""
        self._answer(name)

    async def signal(self, name: str, *, until: datetime | None = None) -> Json:  # noqa: ARG002
        """Return what was sent then."""
        return self._answer(name)

    def rest(self) -> Iterator[StepRecord]:
        """Return what is recorded and was not asked for yet."""
        return self._steps

    def _answer(self, name: str) -> Json:
        found = next(self._steps, None)
        if found is None or found.phase is StepPhase.OPEN:
            raise EndOfRecording
        if found.name != name:
            raise DivergedReplay(
                f'The run now asks for "{name}" where it asked for "{found.name}" then.'
            )
        if found.phase is StepPhase.CANCELLED:
            asked = self._recording.cancellation
            raise RunCancelled(by=asked.by if asked else "", reason=asked.reason if asked else "")
        if found.error is not None:
            raise _error(found.error)
        return found.result


def _error(failure: Failure) -> CourierError:
    attributes: dict[str, Json] = {"summary": failure.message, "detail": "", "next_step": ""}
    stored: dict[str, Json] = {"type": failure.type, "message": failure.message}
    return errors.from_json({**stored, "attributes": attributes})


def _told(step: StepRecord) -> dict[str, Json]:
    error = {"type": step.error.type, "message": step.error.message} if step.error else None
    return {
        "name": step.name,
        "kind": str(step.kind),
        "phase": str(step.phase),
        "tries": step.tries,
        "startedAt": step.started_at.isoformat(),
        "endedAt": step.ended_at.isoformat() if step.ended_at else None,
        "result": step.result,
        "error": error,
    }


def _read(told: dict[str, Json]) -> StepRecord:
    error, ended = told["error"], told["endedAt"]
    return StepRecord(
        name=str(told["name"]),
        kind=StepKind(str(told["kind"])),
        phase=StepPhase(str(told["phase"])),
        tries=int(str(told["tries"])),
        started_at=datetime.fromisoformat(str(told["startedAt"])),
        ended_at=datetime.fromisoformat(str(ended)) if ended else None,
        result=told["result"],
        error=Failure(str(error["type"]), str(error["message"]))
        if isinstance(error, dict)
        else None,
    )
