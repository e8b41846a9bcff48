"""Branches to be brought together, and plans of runs that do it."""

from courier.runs.run.frozen import FrozenDelivery, FrozenPlan, FrozenStep
from courier.runs.run.merging import FrozenBranch, FrozenMerge, Strategy
from tests.engine.worlds import Scene, git, plan_of

RESOLVE = """
git status --porcelain | grep -q '^UU value' || { echo "no conflict is shown"; exit 1; }
grep -q '^<<<<<<<' value && grep -q '^>>>>>>>' value || { echo "no marks"; exit 1; }
git rev-parse -q --verify "$COURIER_MERGE_COMMIT^{commit}" >/dev/null || exit 1
git show :2:value; git show :3:value
printf 'one and two\\n' > value
"""


async def branch(here: Scene, name: str, *, start: str = "main", **files: str) -> str:
    """Push a branch of one commit, which changes files, and return the commit."""
    scratch = here.origin.parent / f"scratch-{name.replace('/', '-')}"
    git(here.origin.parent, "clone", "-q", str(here.origin), str(scratch))
    git(scratch, "switch", "-q", "-c", name, f"origin/{start}")
    for path, content in files.items():
        (scratch / path).write_text(content)
    git(scratch, "add", "-A")
    git(scratch, "commit", "-q", "-m", f"Work of {name}")
    git(scratch, "push", "-q", "origin", name)
    await here.world.repository.fetch()
    return here.tip(name)


def merge_plan(
    here: Scene,
    *names: str,
    run: str = RESOLVE,
    check: str | None = None,
    strategy: Strategy = "merge",
) -> FrozenPlan:
    steps = [FrozenStep(name="merge", type="merger", agent="shell", run=run)]
    if check is not None:
        told = {"agent": "shell", "run": check, "gives_verdict": True}
        steps.append(FrozenStep.model_validate({"name": "check", "type": "checker", **told}))
    branches = tuple(FrozenBranch(branch=name, commit=here.tip(name)) for name in names)
    merge = FrozenMerge(branches=branches, strategy=strategy)
    plan = plan_of(here.base, "join.merge", tuple(steps))
    told = {"merge": merge, "source": "merge", "title": "Merge"}
    return plan.model_copy(update={**told, "delivery": FrozenDelivery(forge=here.forge_name)})
