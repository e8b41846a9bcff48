"""What the gate holds the work of a run against when it comes out of a sandbox."""

from courier.engine.world import World
from courier.errors import Refused
from courier.ports.repository import GateRules
from courier.resources.model import Model
from courier.runs.briefs.brief import Brief
from courier.runs.run.events import Refusal
from courier.runs.run.frozen import FrozenPlan

OUT_REF = "refs/courier/out"
"""The one ref a bundle out of a sandbox holds."""


class Work(Model):
    """What came out of a sandbox: a commit past the gate, or why the gate refused it."""

    commit: str | None = None
    files: tuple[str, ...] = ()
    refusal: Refusal | None = None
    unresolved: tuple[str, ...] | None = None
    """Of a merge: files that still hold marks, none if all of it was given up; else null."""


def rules(world: World, plan: FrozenPlan, *, base: str) -> GateRules:
    """Return the rules for work that began at a commit."""
    return GateRules(
        ref=OUT_REF,
        base=base,
        authors=(plan.git.author_email,),
        protected_paths=plan.delivery.protected_paths,
        max_files=plan.delivery.max_files,
        max_bytes=plan.delivery.max_bytes,
        secrets=_secrets(world, plan),
    )


async def refused(world: World, why: Refused, *, base: str, keep_at: str) -> Work:
    """Return what is told of work that the gate refused.

    Args:
        world: Where it may wait for a person's word.
        why: What the gate said.
        base: Where the work began.
        keep_at: The ref it was meant for.
    """
    told = world.secrets.redact(str(why))
    refusal = Refusal(code=why.code, message=told, needs_approval=why.needs_approval)
    commit = await world.repository.held_back(keep_at) if why.needs_approval else None
    if commit is None:
        return Work(refusal=refusal)
    before = (await world.repository.files(base, "")).items()
    after = (await world.repository.files(commit, "")).items()
    files = tuple(sorted({path for path, _ in before ^ after}))
    return Work(files=files, refusal=refusal.model_copy(update={"commit": commit}))


def _secrets(world: World, plan: FrozenPlan) -> tuple[str, ...]:
    """Return every value that any agent of the run may have seen."""
    values: set[str] = set()
    for step in plan.steps:
        env = {**world.agent_env, **step.env}
        brief = Brief(prompt="", workspace="/", scratch="/", env=env, secrets=step.secrets)
        names = world.driver(step).launch(brief).secrets
        found = world.secrets.resolve(f"?{name.lstrip('?')}" for name in names)
        values.update(found.values())
    return tuple(sorted(values))
