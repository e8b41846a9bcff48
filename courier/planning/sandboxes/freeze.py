"""From what a Sandbox document asks for to everything that is decided about the sandbox."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from courier.planning.asked.effective import BUILT_IN_LAYER, SHELL, Values, Writer, effective, layer
from courier.planning.asked.steps import freeze_delivery, freeze_sandbox
from courier.planning.budgets.budgets import caps_of
from courier.planning.budgets.rates import freeze_rates, rates_of, services_of
from courier.planning.catalog.catalog import Catalog
from courier.planning.catalog.described import described
from courier.planning.documents.references import Ref
from courier.planning.freezing.executable import (
    misplaced,
    same_repository,
    unexecuted_agent,
    unexecuted_machine,
)
from courier.planning.freezing.freeze import STATE_BRANCH, held, spec_digest
from courier.planning.freezing.templates import prepared, templates_of, with_template
from courier.planning.freezing.tips import tip
from courier.planning.observed.observed import Observed
from courier.planning.plan import Held
from courier.resources.durations import to_seconds
from courier.resources.project import Project
from courier.resources.sandbox import Sandbox, SandboxSpec
from courier.runs.interactive.account import STEP
from courier.runs.interactive.frozen import PROMPT, GivenMessage, SandboxPlan, run_of
from courier.runs.interactive.wording import title_of
from courier.runs.run.frozen import FrozenGit, FrozenInput, FrozenPlan, FrozenStep

PASSING: Final = frozenset({"desiredState", "messages"})
"""Fields of a Sandbox that may change while it lives."""

_SHOWN: Final = {
    "agent": "agent",
    "model": "model",
    "effort": "effort",
    "sandbox.timeout": "timeout",
    "sandbox.template": "template",
}


@dataclass(frozen=True, slots=True)
class _Asked:
    ref: Ref
    sandbox: Sandbox
    project_ref: Ref
    project: Project
    values: Values
    base: str
    default: str

    @property
    def spec(self) -> SandboxSpec:
        return self.sandbox.spec

    @property
    def own_branch(self) -> str:
        return f"{self.values.text('git.branchPrefix') or ''}{self.ref.name}"


def freeze_guest(
    catalog: Catalog, ref: Ref, *, observed: Observed, drivers: Collection[str]
) -> SandboxPlan | Held:
    """Return everything decided about a sandbox, or why it cannot be made.

    Args:
        catalog: A valid catalog.
        ref: A Sandbox in it.
        observed: Gives the tips of branches and the tracked repository.
        drivers: Names of the agents this build can run.
    """
    asked = _gather(catalog, ref, observed)
    if asked is None:
        return held(catalog, ref, "Blocked", f"Sandbox/{ref.name} belongs to no Project.")
    if found := list(_unexecuted(catalog, asked, observed, drivers)):
        return held(catalog, ref, "NotExecutedYet", " ".join(found))
    if found := list(_obstacles(asked, observed)):
        return held(catalog, ref, "Blocked", " ".join(found))
    return _frozen(catalog, asked, observed)


def messages_of(spec: SandboxSpec) -> tuple[GivenMessage, ...]:
    """Return the messages a document wants sent, in order."""
    first = [GivenMessage(id=PROMPT, content=spec.prompt)] if spec.prompt else []
    return (
        *first,
        *(GivenMessage(id=f"messages/{one.name}", content=one.content) for one in spec.messages),
    )


def digest_of(spec: dict[str, object]) -> str:
    """Return the digest of what may not change of a Sandbox while it lives."""
    return spec_digest({key: value for key, value in spec.items() if key not in PASSING})


def _gather(catalog: Catalog, ref: Ref, observed: Observed) -> _Asked | None:
    project_ref = catalog.project_of(ref)
    if project_ref is None:
        return None
    sandbox, project = catalog.resource(ref), catalog.resource(project_ref)
    assert isinstance(sandbox, Sandbox)  # noqa: S101 - what the catalog promises
    assert isinstance(project, Project)  # noqa: S101 - as above
    written = [layer(_writer(catalog, each)) for each in (project_ref, ref)]
    values = effective([BUILT_IN_LAYER, *written])
    template = Ref("Template", values.text("sandbox.template") or "")
    if template in catalog.documents:
        values = effective([BUILT_IN_LAYER, layer(_writer(catalog, template)), *written])
    default = project.spec.repository.default_branch or observed.branch
    base = sandbox.spec.branch or default
    return _Asked(ref, sandbox, project_ref, project, values, base, default)


def _writer(catalog: Catalog, ref: Ref) -> Writer:
    document = catalog.documents[ref]

    def place(inside: Sequence[str | int]) -> str:
        return str(document.position(tuple(inside)))

    return Writer(
        ref.kind, f"{ref.kind}/{ref.name}", document.value["spec"], ("spec",), place=place
    )


def _unexecuted(
    catalog: Catalog, asked: _Asked, observed: Observed, drivers: Collection[str]
) -> Iterator[str]:
    repository = asked.project.spec.repository
    for url in dict.fromkeys((repository.url, asked.spec.repository)):
        if url is not None and not same_repository(url, observed.repository):
            yield (
                "It asks for another repository than the one these documents are in, which cannot "
                "be done yet; leave out `repository`."
            )
    values = asked.values
    if machine := unexecuted_machine(values.text("sandbox.egress") or ""):
        yield machine
    name = values.text("agent") or ""
    if agent := unexecuted_agent(name, drivers={*drivers, *described(catalog, [name])}):
        yield agent


def _obstacles(asked: _Asked, observed: Observed) -> Iterator[str]:
    yield from misplaced(asked.project, observed.repository)
    if tip(observed, asked.base) is None:
        yield f'Branch "{asked.base}" to check out does not exist in the repository.'
    if asked.base == STATE_BRANCH or asked.own_branch in (asked.default, STATE_BRANCH):
        yield f'Its work cannot go to branch "{asked.own_branch}"; choose another name.'


def _frozen(catalog: Catalog, asked: _Asked, observed: Observed) -> SandboxPlan:
    values, name = asked.values, asked.ref.name
    lives = to_seconds(values.text("sandbox.timeout") or "")
    machine = freeze_sandbox(values).model_copy(
        update={"timeout_seconds": lives, "on_timeout": "pause", "reuse": "perStep"}
    )
    machine = with_template(machine, prepared(catalog, [machine.template]))
    step = _step(catalog, asked)
    spec = catalog.documents[asked.ref].value["spec"]
    agents = (Ref("Agent", step.agent),) if step.described else ()
    services = services_of([step], scored_by=None, machines=observed.machines)
    rates = rates_of(catalog, asked.project.metadata.name, services)
    templates = (Ref("Template", name) for name in templates_of([machine]))
    plan = FrozenPlan(
        run=run_of(name),
        project=asked.project.metadata.name,
        workflow="",
        workflow_type="single",
        source="sandbox",
        spec_digest=digest_of(spec),
        catalog_digest=catalog.digest,
        observed_commit=observed.commit,
        title=title_of(asked.spec.prompt or "", name=name),
        task=(asked.spec.prompt or "").strip(),
        project_instructions=(asked.project.spec.instructions or "").strip(),
        guide=(asked.project.spec.guide or "").strip(),
        steps=(step,),
        sandbox=machine,
        git=_git(asked, observed),
        delivery=freeze_delivery(values, asked.project),
        budget_usd=values.dollars("budget"),
        caps=caps_of(asked.project.spec.budgets),
        rates=freeze_rates(catalog, rates, services, machines=observed.machines),
        inputs=tuple(
            FrozenInput(kind=each.kind, name=each.name, digest=catalog.documents[each].digest)
            for each in (asked.project_ref, asked.ref, *agents, *templates, *rates)
        ),
    )
    return SandboxPlan(
        name=name,
        plan=plan,
        onto=asked.default,
        own_branch=asked.own_branch,
        lives_seconds=lives,
        declared=asked.spec.desired_state,
        messages=messages_of(asked.spec),
    )


def _step(catalog: Catalog, asked: _Asked) -> FrozenStep:
    values = asked.values
    agent = values.text("agent") or ""
    env, secrets = _environment(asked.project)
    return FrozenStep(
        name=STEP,
        type="custom",
        agent=agent,
        model=values.text("model"),
        effort=values.text("effort"),
        described=described(catalog, [agent]).get(agent),
        run="" if agent == SHELL else None,
        timeout_seconds=to_seconds(values.text("sandbox.timeout") or ""),
        checkpoint_seconds=to_seconds(values.text("sandbox.checkpointEvery") or ""),
        env=env,
        secrets=secrets,
        origins={word: values[path].origin for path, word in _SHOWN.items() if path in values},
    )


def _environment(project: Project) -> tuple[dict[str, str], tuple[str, ...]]:
    last = {each.name: each for each in project.spec.env}
    plain = {name: one.value or "" for name, one in last.items() if one.secret_ref is None}
    named = (
        name if name == one.secret_ref else f"{name}={one.secret_ref}"
        for name, one in last.items()
        if one.secret_ref is not None
    )
    return plain, tuple(sorted(named))


def _git(asked: _Asked, observed: Observed) -> FrozenGit:
    values = asked.values
    return FrozenGit(
        base_branch=asked.base,
        base_commit=tip(observed, asked.base) or "",
        branch=asked.own_branch if asked.base == asked.default else asked.base,
        author_name=values.text("git.name") or "",
        author_email=values.text("git.email") or "",
        signing_key=asked.project.spec.signing_key,
    )
