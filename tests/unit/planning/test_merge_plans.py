"""Merges: when their runs start, what these are told, and that each is done once."""

from courier.planning.observed.observed import InFlight, ObservedRun
from courier.planning.plan import Plan, StartRun
from tests.unit.planning.world import Json, document, observed, planned, project

TIPS = {"one": "1" * 40, "two": "2" * 40}
RUN = "join.merge"


def merge(**spec: object) -> Json:
    return document("Merge", "join", {"branches": ["one", "two"]} | spec)


def started(plan: Plan) -> StartRun:
    (action,) = plan.actions
    assert isinstance(action, StartRun)
    return action


def test_a_merge_starts_once_its_branches_are_there() -> None:
    lacking = planned(project(), merge(), seen=observed(branches={"one": TIPS["one"]}))
    assert lacking.actions == ()
    (held,) = lacking.held
    assert (held.kind, held.name, held.reason) == ("Merge", "join", "Blocked")
    assert '"two"' in held.message
    action = started(planned(project(), merge(), seen=observed(branches=TIPS)))
    frozen = action.frozen
    assert (action.run, frozen.source, frozen.title) == (RUN, "merge", "Merge one, two into main")
    assert frozen.merge is not None
    assert [(one.branch, one.commit) for one in frozen.merge.branches] == list(TIPS.items())
    assert frozen.merge.strategy == "merge"
    assert [(step.name, step.type) for step in frozen.steps] == [("merge", "merger")]
    assert frozen.git.branch == "courier/join.merge"
    assert [each.kind for each in frozen.inputs] == ["Project", "Merge"]


def test_the_shell_resolves_no_conflicts() -> None:
    (held,) = planned(project(agent="shell"), merge(), seen=observed(branches=TIPS)).held
    assert (held.kind, held.name, held.reason) == ("Merge", "join", "NoAgent")
    assert "write `sessions.merging.agent` in Project/demo" in held.message


def test_sessions_of_merging_say_who_resolves_conflicts() -> None:
    sessions = {"merging": {"agent": "claude", "model": "opus", "prompt": "Mind the locks."}}
    spec = {"instructions": "Theirs wins {{ inputs.x }}.", "check": "make test"}
    plan = planned(
        project(agent="shell", sessions=sessions),
        merge(strategy="rebase", target="release", **spec),
        seen=observed(branches={**TIPS, "release": "3" * 40}),
    )
    frozen = started(plan).frozen
    resolver, check = frozen.steps
    assert (resolver.agent, resolver.model) == ("claude", "opus")
    assert "Mind the locks." in resolver.instructions
    assert (check.agent, check.run, check.gives_verdict) == ("shell", "make test", True)
    assert (frozen.git.base_branch, frozen.git.base_commit) == ("release", "3" * 40)
    assert "Theirs wins" in frozen.task
    assert frozen.merge is not None
    assert frozen.merge.strategy == "rebase"


def test_a_merge_is_done_once_and_is_not_cancelled_for_want_of_a_run() -> None:
    first = started(planned(project(), merge(), seen=observed(branches=TIPS)))
    flying = planned(project(), merge(), seen=observed(branches=TIPS, flying=[InFlight(RUN)]))
    assert [action.action for action in flying.actions] == ["resumeRun"]
    record = ObservedRun(
        run=RUN,
        phase="completed",
        reason="Completed",
        project="demo",
        workflow="merging",
        spec_digest=first.frozen.spec_digest,
    )
    settled = planned(project(), merge(), seen=observed(record, branches=TIPS))
    assert (settled.actions, settled.held) == ((), ())
    gone = planned(project(), merge(), seen=observed(record))
    assert (gone.actions, gone.held) == ((), ())
    changed = planned(project(), merge(strategy="squash"), seen=observed(record, branches=TIPS))
    assert [each.reason for each in changed.held] == ["SpecChanged"]
