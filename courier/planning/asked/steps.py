"""The steps of one run with every effective value decided."""

import re
from collections.abc import Iterator, Mapping, Sequence

from courier.planning.asked.asked import Asked, AskedStep, type_of, variables
from courier.planning.asked.effective import (
    BUILT_IN_LAYER,
    CHOICE,
    SHELL,
    Layer,
    Values,
    Writer,
    effective,
    layer,
)
from courier.planning.asked.equipment import Equipment
from courier.planning.asked.sessions import prompt_of
from courier.resources.durations import to_seconds
from courier.resources.project import Ci, Project, Quality
from courier.runs.replies.roles import ROLES
from courier.runs.replies.score import FrozenQuality
from courier.runs.run.following import FrozenCi
from courier.runs.run.frozen import (
    FrozenDelivery,
    FrozenLoop,
    FrozenSandbox,
    FrozenStep,
    FrozenStepLoop,
)

_INPUT = re.compile(r"\{\{\s*inputs\.([A-Za-z][A-Za-z0-9_]{0,62})\s*\}\}")

_SHOWN = {
    "agent": "agent",
    "model": "model",
    "effort": "effort",
    "sandbox.timeout": "timeout",
}
"""Values whose origin a step keeps, and the word it keeps them under."""


def decide_values(
    asked: Asked, candidate: Writer | None = None
) -> tuple[Values, tuple[Values, ...]]:
    """Return the values that hold for the run as a whole, and those of each step.

    What the Run says of agent, model and effort passes over steps done by the shell, and over
    those of a candidate that says any of them itself.
    """
    project = [BUILT_IN_LAYER, layer(asked.project_writer)]
    workflow, run = layer(asked.workflow_writer), layer(asked.run_writer)
    steps = tuple(_step_values(asked, step, candidate) for step in asked.steps)
    return _effective(asked, [*project, workflow, run]), steps


def _effective(asked: Asked, layers: Sequence[Layer]) -> Values:
    """Return the values; what the chosen template says is lower than what anybody wrote."""
    values = effective(layers)
    template = asked.templates.get(values.text("sandbox.template") or "")
    return values if template is None else effective([layers[0], layer(template), *layers[1:]])


def _step_values(asked: Asked, step: AskedStep, candidate: Writer | None) -> Values:
    session = [step.session] if step.session else []
    below = (asked.project_writer, *session, asked.workflow_writer)
    own = layer(candidate) if candidate else Layer()
    written = [BUILT_IN_LAYER, *map(layer, below), own, *map(layer, step.writers)]
    run = layer(asked.run_writer)
    if own.values or effective(written).text("agent") == SHELL:
        run = Layer({path: value for path, value in run.values.items() if path not in CHOICE})
    return _effective(asked, [*written, run, *map(layer, step.overrides)])


def freeze_step(asked: Asked, step: AskedStep, values: Values, equipment: Equipment) -> FrozenStep:
    """Return the step as it will be done."""
    env, secrets = _environment(asked, step)
    commands, origin = commands_of(step, values)
    origins = {word: values[path].origin for path, word in _SHOWN.items() if path in values}
    quality, type_ = asked.project.spec.quality, type_of(step)
    scores = type_ == "evaluator" and quality.score != "off"
    return FrozenStep(
        name=step.step.name,
        type=type_,
        agent=values.text("agent") or "",
        model=values.text("model"),
        effort=values.text("effort"),
        run=commands,
        instructions=with_inputs(_instructions(asked, step), asked.run.spec.inputs),
        persona=step.step.persona,
        contexts=equipment.contexts,
        skills=equipment.skills,
        commands=equipment.commands,
        scripts=equipment.scripts,
        timeout_seconds=to_seconds(values.text("sandbox.timeout") or ""),
        idle_seconds=_idle_seconds(values),
        checkpoint_seconds=to_seconds(values.text("sandbox.checkpointEvery") or ""),
        gives_verdict=ROLES[type_].gives_verdict
        or step.step.loop is not None
        or (scores and quality.threshold is not None),
        scores=scores,
        threshold=quality.threshold if scores else None,
        loop=_loop(asked, step),
        sandbox=freeze_sandbox(values) if has_own_machine(step) else None,
        env=env,
        secrets=secrets,
        origins=origins
        | ({"run": origin} if commands is not None else {})
        | dict(equipment.origins),
    )


def _idle_seconds(values: Values) -> int | None:
    """Return how long an agent may be silent; commands may be for ever."""
    told = values.text("sandbox.idleTimeout")
    return to_seconds(told) if told and values.text("agent") != SHELL else None


def freeze_quality(quality: Quality) -> FrozenQuality:
    """Return how work is scored."""
    return FrozenQuality(
        score=quality.score,
        weights=quality.weights.model_dump(by_alias=True),
        threshold=quality.threshold,
        model=quality.model,
    )


def freeze_sandbox(values: Values) -> FrozenSandbox:
    """Return the machine these values describe."""
    return FrozenSandbox(
        template=values.text("sandbox.template") or "base",
        cpu=values.number_or_none("sandbox.cpu"),
        memory_mb=values.number_or_none("sandbox.memoryMB"),
        timeout_seconds=to_seconds(values.text("sandbox.timeout") or ""),
        network=values.text("sandbox.egress") != "none",
        reuse="perRun" if values.text("sandbox.reuse") == "perRun" else "perStep",
    )


def freeze_loop(values: Values) -> FrozenLoop:
    """Return what holds for verdicts whose step says nothing itself."""
    draft = values.text("loops.onExhausted") == "deliverDraft"
    return FrozenLoop(
        max_iterations=values.number("loops.maxIterations"),
        on_exhausted="deliverDraft" if draft else "fail",
    )


def freeze_delivery(values: Values, project: Project) -> FrozenDelivery:
    """Return how work is proposed, and what the gate lets through."""
    return FrozenDelivery(
        forge=project.spec.repository.forge,
        auto_merge=values.flag("delivery.autoMerge"),
        draft=values.flag("delivery.draft"),
        labels=values.words("delivery.labels"),
        reviewers=values.words("delivery.reviewers"),
        protected_paths=values.words("delivery.protectedPaths"),
        max_files=values.number("delivery.maxFiles"),
        max_bytes=values.number("delivery.maxBytes"),
    )


def freeze_ci(ci: Ci) -> FrozenCi:
    """Return how the checks on what is delivered are followed."""
    return FrozenCi(
        wait=ci.wait,
        required=ci.required,
        fix_attempts=ci.fix_attempts,
        timeout_seconds=to_seconds(ci.timeout),
    )


def unwaited(ci: FrozenCi) -> Iterator[str]:
    """Yield a warning where red checks could be mended only by a run that waits for them."""
    if ci.fix_attempts and not ci.wait:
        yield "Red checks are not mended: `ci.fixAttempts` needs `ci.wait: true`."


def has_own_machine(step: AskedStep) -> bool:
    """Return whether the step, or what the run says of it, describes a machine."""
    override = step.override
    by_session = step.session is not None and "template" in step.session.told
    return step.step.sandbox is not None or bool(override and override.sandbox) or by_session


def _loop(asked: Asked, step: AskedStep) -> FrozenStepLoop | None:
    """Return what the step says of its rejections; what was left out is gone past."""
    loop = step.step.loop
    if loop is None:
        return None
    order = [each.name for each in asked.workflow.spec.steps]
    done = {each.step.name for each in asked.steps}
    judged = order[order.index(loop.back_to) : order.index(step.step.name)]
    back_to = next((name for name in judged if name in done), None)
    return FrozenStepLoop(back_to=back_to, max_iterations=loop.max_iterations)


def commands_of(step: AskedStep, values: Values) -> tuple[str | None, str]:
    """Return what the shell runs in a step and where it was written; None for other agents."""
    if values.text("agent") != SHELL:
        return None, ""
    written = [*reversed(step.overrides), *reversed(step.writers)]
    for writer in written:
        commands = writer.told.get("run")
        if isinstance(commands, str):
            return commands, layer(writer).values["agent"].origin
    return None, ""


def with_inputs(text: str, inputs: Mapping[str, str]) -> str:
    """Return the text with ``{{ inputs.NAME }}`` replaced; unknown names are left as they are."""
    return _INPUT.sub(lambda found: inputs.get(found[1], found[0]), text)


def missing_inputs(asked: Asked) -> Iterator[str]:
    """Yield names that texts of the run ask for and its inputs do not give, each once."""
    texts = [asked.run.spec.prompt, asked.run.spec.checker_instructions or ""]
    texts += [_instructions(asked, step) for step in asked.steps]
    wanted = dict.fromkeys(found[1] for text in texts for found in _INPUT.finditer(text))
    yield from (name for name in wanted if name not in asked.run.spec.inputs)


def _instructions(asked: Asked, step: AskedStep) -> str:
    overridden = step.override.instructions if step.override else None
    told = (
        prompt_of(step.session),
        asked.workflow.spec.instructions,
        step.persona.spec.instructions if step.persona else None,
        overridden or step.step.instructions,
    )
    return "\n\n".join(text.strip() for text in told if text)


def _environment(asked: Asked, step: AskedStep) -> tuple[dict[str, str], tuple[str, ...]]:
    plain: dict[str, str] = {}
    secrets: dict[str, str] = {}
    for name, value, secret in variables(asked, step):
        plain.pop(name, None)
        secrets.pop(name, None)
        if secret is not None:
            secrets[name] = secret
        else:
            plain[name] = value or ""
    named = (name if name == secret else f"{name}={secret}" for name, secret in secrets.items())
    return plain, tuple(sorted(named))
