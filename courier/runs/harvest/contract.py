"""What one sort of harvest asks of an agent, and how its answer is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from courier.resources.model import Model
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.texts.answer import Unreadable

_MOST_TOLD: Final = 5

RULE = """\
End your last message with exactly one fenced JSON object and nothing after it:

```json
{form}
```

{meaning} Do not change any file: your changes are thrown away; courier makes files of your answer \
and proposes them as a pull request."""


def _nothing_else(_answer: Any, _harvest: FrozenHarvest) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Contract:
    """The form an answer must have.

    Attributes:
        sort: The sort of harvest.
        form: The JSON object as an example.
        meaning: What its fields mean, in sentences.
        answer: The model the object is held against.
        objection: What else is wrong with an answer, in a sentence; None for nothing.
    """

    sort: str
    form: str
    meaning: str
    answer: type[Model]
    objection: Callable[[Any, FrozenHarvest], str | None] = _nothing_else

    @property
    def rule(self) -> str:
        """Return what the agent is told."""
        return RULE.format(form=self.form, meaning=self.meaning)

    def read(self, found: Mapping[str, object], harvest: FrozenHarvest) -> Model:
        """Return the answer.

        Raises:
            Unreadable: If it does not have the form.
        """
        try:
            answer = self.answer.model_validate(found, strict=False)
        except ValidationError as wrong:
            raise Unreadable(_told(wrong)) from wrong
        if (why := self.objection(answer, harvest)) is not None:
            raise Unreadable(why)
        return answer


def _told(wrong: ValidationError) -> str:
    every = wrong.errors(include_url=False, include_input=False, include_context=False)
    told = [f"`{_path(each['loc'])}`: {each['msg'].rstrip('.')}." for each in every[:_MOST_TOLD]]
    more = len(every) - _MOST_TOLD
    whole = " ".join([*told, *([f"{more} more things are wrong."] if more > 0 else [])])
    return whole.encode(errors="replace").decode()


def _path(steps: tuple[int | str, ...]) -> str:
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "".join(parts).lstrip(".")[:200] or "the object"
