"""Freezing: from what a Run asks for to everything it will do, decided once and for all."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Final

from courier.planning.asked.asked import Asked, AskedStep, Missing, gather
from courier.planning.asked.candidates import Shares, freeze_shares, obstacles, share_out
from courier.planning.asked.effective import SHELL, Values
from courier.planning.asked.equipment import Equipment, equip, too_much
from courier.planning.asked.library import Library
from courier.planning.asked.steps import (
    commands_of,
    freeze_ci,
    freeze_delivery,
    freeze_loop,
    freeze_quality,
    freeze_sandbox,
    freeze_step,
    has_own_machine,
    missing_inputs,
    with_inputs,
)
from courier.planning.asked.waiting import freeze_approvals
from courier.planning.budgets.budgets import caps_of
from courier.planning.budgets.rates import freeze_rates, rates_of, services_of
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.described import described
from courier.planning.catalog.inforce import InForce, in_force
from courier.planning.catalog.questions import answer_inputs, approved_answers
from courier.planning.documents.references import Ref
from courier.planning.freezing.executable import (
    misplaced,
    same_repository,
    unexecuted_agent,
    unexecuted_machine,
)
from courier.planning.freezing.images import faulty_images, freeze_images
from courier.planning.freezing.inputs import document_inputs, refs_of
from courier.planning.freezing.templates import prepared, templates_of, with_template
from courier.planning.freezing.tips import tip
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held
from courier.resources.agent import AgentSpec
from courier.runs.run.frozen import (
    FrozenGit,
    FrozenPlan,
    FrozenSandbox,
    FrozenStep,
    FrozenTemplate,
)

STATE_BRANCH: Final = "courier/state"
"""Where records are kept; no run may work on it."""

_TITLE: Final = 100
_PASSING: Final = frozenset({"desiredState"})
"""Fields of a Run that may change without making it another run."""


@dataclass(frozen=True, slots=True)
class _Decided:
    """What a run asks for with all of its values decided."""

    asked: Asked
    shares: Shares
    equipment: Mapping[tuple[str, str], Equipment]
    described: Mapping[str, AgentSpec]
    prepared: Mapping[str, FrozenTemplate]
    learnings: InForce | str
    base: str
    branch: str

    @property
    def values(self) -> Values:
        """Return the values that hold for the run as a whole."""
        return self.shares.whole


def freeze(
    catalog: Catalog,
    ref: Ref,
    *,
    observed: Observed,
    drivers: Collection[str],
    library: Library | None = None,
) -> FrozenPlan | Held:
    """Return everything a Run will do, or why it cannot be done.

    Args:
        catalog: A valid catalog.
        ref: A Run in it.
        observed: Gives the tips of branches and the tracked repository.
        drivers: Names of the agents this build can run.
        library: Gives what is no document; what it lacks is wished for, and the run held.
    """
    try:
        decided = _decide(catalog, gather(catalog, ref), observed, library or Library())
    except Missing as missing:
        return held(catalog, ref, "Blocked", str(missing))
    if found := list(dict.fromkeys(_unexecuted(decided, observed, drivers))):
        return held(catalog, ref, "NotExecutedYet", " ".join(found))
    if found := list(dict.fromkeys(_obstacles(decided, observed))):
        return held(catalog, ref, "Blocked", " ".join(found))
    return _frozen(catalog, decided, observed)


def spec_digest(spec: Mapping[str, object]) -> str:
    """Return the digest of a Run's spec, equal for equal values however they are written.

    ``desiredState`` has no part in it: cancelling a run does not make it another one.
    """
    told = {name: value for name, value in spec.items() if name not in _PASSING}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _decide(catalog: Catalog, asked: Asked, observed: Observed, library: Library) -> _Decided:
    shares = share_out(asked)
    values, every = shares.whole, (shares.whole, *shares.values)
    spec, name = asked.run.spec, asked.refs[-1].name
    default = asked.project.spec.repository.default_branch or observed.branch
    return _Decided(
        asked=asked,
        shares=shares,
        equipment={
            (step.step.name, agent): equip(step.given, agent=agent, library=library)
            for step, told in shares.every
            for agent in (told.text("agent") or "",)
        },
        described=described(catalog, [each.text("agent") or "" for each in shares.values]),
        prepared=prepared(catalog, {each.text("sandbox.template") for each in every}),
        learnings=in_force(catalog, observed.learnings, asked.refs[0]),
        base=spec.base or default,
        branch=spec.branch or f"{values.text('git.branchPrefix') or ''}{name}",
    )


def _unexecuted(decided: _Decided, observed: Observed, drivers: Collection[str]) -> Iterator[str]:
    url = decided.asked.project.spec.repository.url
    if url is not None and not same_repository(url, observed.repository):
        yield (
            "The project works on another repository than the one these documents are in, which "
            "cannot be done yet; leave out `repository.url`."
        )
    for values in (decided.values, *decided.shares.values):
        machine = unexecuted_machine(values.text("sandbox.egress") or "")
        if machine is not None:
            yield machine
    for values in decided.shares.values:
        known = {*drivers, *decided.described}
        agent = unexecuted_agent(values.text("agent") or "", drivers=known)
        if agent is not None:
            yield agent


def _obstacles(decided: _Decided, observed: Observed) -> Iterator[str]:
    if tip(observed, decided.base) is None:
        yield f'Branch "{decided.base}" to start from does not exist in the repository.'
    if decided.branch in (decided.base, observed.branch, STATE_BRANCH):
        yield f'The work cannot go to branch "{decided.branch}"; choose another `branch`.'
    if not decided.asked.steps:
        yield "No step is left: none of the workflow's personas is enabled."
    if isinstance(decided.learnings, str):
        yield decided.learnings
    yield from misplaced(decided.asked.project, observed.repository)
    yield from obstacles(decided.asked)
    for step, values in decided.shares.every:
        yield from _of_step(decided, step, values)
    yield from (str(flaw) for each in decided.equipment.values() for flaw in each.flaws)
    if (why := too_much(tuple(decided.equipment.values()))) is not None:
        yield why
    yield from faulty_images(decided.asked, observed)
    for unknown in missing_inputs(decided.asked):
        yield f"`{{{{ inputs.{unknown} }}}}` is used and not given; write it under `inputs`."


def _of_step(decided: _Decided, step: AskedStep, values: Values) -> Iterator[str]:
    name = step.step.name
    if has_own_machine(step) and decided.values.text("sandbox.reuse") == "perRun":
        yield (
            f'Step "{name}" wants a machine of its own (`sandbox`), and all steps of the run '
            "share one (`sandbox.reuse: perRun`); keep one of the two."
        )
    if values.text("agent") == SHELL and commands_of(step, values)[0] is None:
        yield f'Step "{name}" is done by the shell and has nothing to run; write its `run`.'
    if step.persona is not None and not step.persona.spec.enabled:
        yield f'Persona "{step.persona.metadata.name}" of step "{name}" is not enabled.'


def _frozen(catalog: Catalog, decided: _Decided, observed: Observed) -> FrozenPlan:
    asked, spec = decided.asked, decided.asked.run.spec
    task = with_inputs(spec.prompt, spec.inputs).strip()
    steps, candidates = freeze_shares(decided.shares, partial(_freeze_step, decided))
    every = (*steps, *(step for each in candidates for step in each.steps))
    machine = with_template(_sandbox(decided.values, every), decided.prepared)
    used = templates_of((machine, *(step.sandbox for step in every)))
    quality = freeze_quality(asked.project.spec.quality)
    services = services_of(every, scored_by=quality.model, machines=observed.machines)
    rates = rates_of(catalog, asked.project.metadata.name, services)
    answers = approved_answers(catalog, asked.refs[-1])
    return FrozenPlan(
        run=asked.refs[-1].name,
        project=asked.project.metadata.name,
        workflow=asked.workflow.metadata.name,
        workflow_type=asked.workflow.spec.type,
        source="manual",
        spec_digest=spec_digest(asked.run_writer.told),
        catalog_digest=catalog.digest,
        observed_commit=observed.commit,
        title=_title(task),
        task=task,
        project_instructions=(asked.project.spec.instructions or "").strip(),
        guide=(asked.project.spec.guide or "").strip(),
        checker_instructions=with_inputs(spec.checker_instructions or "", spec.inputs),
        answers=answers,
        steps=steps,
        candidates=candidates,
        left_out=tuple(map(_left_out, asked.left_out)),
        loop=freeze_loop(decided.values),
        images=freeze_images(asked, observed),
        approvals=freeze_approvals(asked),
        document=catalog.documents[asked.refs[-1]].start.file,
        sandbox=machine,
        git=_git(decided, observed),
        delivery=freeze_delivery(decided.values, asked.project),
        ci=freeze_ci(asked.project.spec.ci),
        quality=quality,
        extract=asked.project.spec.learnings.extract,
        budget_usd=decided.values.dollars("budget"),
        caps=caps_of(asked.project.spec.budgets),
        rates=freeze_rates(catalog, rates, services, machines=observed.machines),
        inputs=(
            *document_inputs(
                catalog,
                (
                    *asked.refs,
                    *refs_of("Agent", decided.described),
                    *refs_of("Template", used),
                    *rates,
                ),
                decided.equipment.values(),
            ),
            *answer_inputs(answers),
        ),
    )


def _left_out(step: AskedStep) -> str:
    return f'Step "{step.step.name}" is left out: Persona "{step.step.persona}" is not enabled.'


def _freeze_step(decided: _Decided, asked: AskedStep, values: Values) -> FrozenStep:
    equipment = decided.equipment[asked.step.name, values.text("agent") or ""]
    step = freeze_step(decided.asked, asked, values, equipment)
    machine = step.sandbox and with_template(step.sandbox, decided.prepared)
    told: dict[str, object] = {"described": decided.described.get(step.agent), "sandbox": machine}
    if isinstance(decided.learnings, InForce):
        project = decided.asked.project.metadata.name
        paths = decided.values.words("paths")
        told["learnings"] = decided.learnings.told(step.type, project=project, paths=paths)
    return step.model_copy(update=told)


def _sandbox(values: Values, steps: Sequence[FrozenStep]) -> FrozenSandbox:
    longest = max(step.timeout_seconds for step in steps)
    return freeze_sandbox(values).model_copy(update={"timeout_seconds": longest})


def _git(decided: _Decided, observed: Observed) -> FrozenGit:
    return FrozenGit(
        base_branch=decided.base,
        base_commit=tip(observed, decided.base) or "",
        branch=decided.branch,
        author_name=decided.values.text("git.name") or "",
        author_email=decided.values.text("git.email") or "",
        signing_key=decided.asked.project.spec.signing_key,
    )


def _title(task: str) -> str:
    lines = (" ".join(line.lstrip("# ").split()) for line in task.splitlines())
    first = next((line for line in lines if line), "Untitled")
    return first if len(first) <= _TITLE else first[: _TITLE - 1].rstrip() + "…"


def held(catalog: Catalog, ref: Ref, reason: str, message: str) -> Held:
    """Return a document that waits, with its place."""
    start = str(catalog.documents[ref].start)
    return Held(kind=ref.kind, name=ref.name, reason=reason, message=message, position=start)
