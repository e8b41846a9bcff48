"""What a step is given and its agent, decided by now, cannot use; with the agents that can."""

from collections.abc import Iterator, Mapping
from typing import Final

from courier.planning.effective import SHELL
from courier.resources.capabilities import (
    CAPABILITIES,
    Capabilities,
    Feature,
    described_capabilities,
    lack,
)
from courier.runs.frozen import FrozenPlan, FrozenStep

_GIVEN: Final[tuple[Feature, ...]] = ("skills", "commands")


def unused_equipment(plan: FrozenPlan) -> Iterator[str]:
    """Yield a sentence for everything given to a step that its agent cannot use."""
    for step in plan.steps:
        if step.agent == SHELL:
            continue
        known = _known(step)
        for feature in _GIVEN:
            told = lack(step.agent, feature, known) if _has(step, feature) else None
            if told is not None:
                yield f'Step "{step.name}" is given {feature}. {told}'


def _known(step: FrozenStep) -> Mapping[str, Capabilities]:
    if step.described is None:
        return CAPABILITIES
    spec = step.described.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**CAPABILITIES, step.agent: described_capabilities(spec)}


def _has(step: FrozenStep, feature: Feature) -> bool:
    if feature == "skills":
        return bool(step.skills)
    return any(command.prompt is not None for command in step.commands)
