"""What steps ask of agents that cannot do it: said before a run starts, wherever it was written."""

from collections.abc import Iterator, Mapping
from typing import Final

from courier.resources.capabilities import (
    CAPABILITIES,
    Feature,
    described_capabilities,
    lack,
)
from courier.runs.frozen import FrozenPlan, FrozenStep

_CONSEQUENCE: Final[Mapping[Feature, str]] = {
    "model": " It is left out.",
    "effort": " It is left out.",
    "images": " Its prompt says where the files are.",
    "cost": " The budget cannot stop it in the middle; a step's time does.",
}


def unfulfilled(plan: FrozenPlan) -> Iterator[str]:
    """Yield a sentence for every wish of a run that the agent of a step cannot fulfil."""
    known = dict(CAPABILITIES) | {
        step.agent: described_capabilities(
            step.described.model_dump(mode="json", by_alias=True, exclude_none=True)
        )
        for step in plan.every_step.values()
        if step.described is not None
    }
    for name, step in plan.every_step.items():
        for feature in _wishes(plan, step):
            told = lack(step.agent, feature, known) if step.agent != "shell" else None
            if told is not None:
                rest = _CONSEQUENCE.get(feature, "") + _origin(step, feature)
                yield f'Step "{name}": {told}{rest}'
    if plan.images and all(step.agent == "shell" for step in plan.every_step.values()):
        yield "Nobody looks at its pictures (`images`): every step is done by the shell."


def _wishes(plan: FrozenPlan, step: FrozenStep) -> Iterator[Feature]:
    told: tuple[tuple[Feature, object], ...] = (
        ("model", step.model),
        ("effort", step.effort),
        ("images", plan.images),
        ("cost", plan.budget_usd),
        ("skills", step.skills),
        ("commands", any(command.prompt is not None for command in step.commands)),
    )
    yield from (feature for feature, wish in told if wish)


def _origin(step: FrozenStep, feature: Feature) -> str:
    origin = step.origins.get(feature)
    return f" It is written in {origin}." if origin else ""
