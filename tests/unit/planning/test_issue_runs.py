"""What issues come to: runs of their own, or parts of a chain."""

import pytest

from courier.planning.documents.references import Ref
from courier.planning.observed.observed import InFlight
from tests.unit.planning.chainworld import (
    World,
    begun,
    issue,
    reasons,
    work,
)
from tests.unit.planning.world import catalog, project, workflow


def test_issues_are_carried_out_by_themselves() -> None:
    loud = issue("loud", execute="fix", assumptions=["Nobody uses it."], priority="low")
    soon = issue("soon", execute="fix", suggestedPrompt="Do just this.", priority="critical")
    world = begun((project(), workflow(), loud, soon, issue("quiet")))
    assert set(world.started) == {"soon.issue", "loud.issue"}
    run = world.frozen["loud.issue"]
    assert (run.source, run.title) == ("issue", "Mend loud")
    assert run.git.branch == "courier/loud.issue"
    assert "- Nobody uses it." in run.task
    assert world.frozen["soon.issue"].task == "Do just this."
    world.end("loud.issue")
    world.end("soon.issue", "failed")
    world.look()
    phases = {ref.name: course.phase for ref, course in world.courses.items()}
    assert phases == {"loud": "completed", "soon": "failed"}
    assert world.look().courses == ()


def test_a_changed_issue_is_not_carried_out_again() -> None:
    world = begun((project(), workflow(), issue("loud", execute="fix")))
    world.step()
    changed = issue("loud", execute="fix", description="It is broken elsewhere.")
    world.asked = catalog(project(), workflow(), changed)
    assert "carried out once" in reasons(world.look())["SpecChanged"]
    assert world.started == ["loud.issue"]


def test_an_issue_that_is_not_wanted_any_more_is_cancelled() -> None:
    world = begun((project(), workflow(), issue("loud", execute="fix")))
    world.asked = catalog(project(), workflow(), issue("loud"))
    world.look()
    assert world.flying["loud.issue"].cancelling


def test_an_issue_in_a_chain_follows_the_chain() -> None:
    documents = [*work("a", "b")]
    documents[2] = issue("a", execute="fix")
    world = World(catalog(*documents))
    assert "WorkChain/backlog works it off" in reasons(world.look())["InChain"]
    assert world.started == ["backlog.a.chain"]
    world.look()
    assert world.course(Ref("Issue", "a")).phase == "running"
    assert Ref("Issue", "b") not in world.courses
    world.step()
    assert world.course(Ref("Issue", "a")).phase == "completed"


@pytest.mark.parametrize("phase", ["failed", "completed"])
def test_a_retry_counts_for_its_issue(phase: str) -> None:
    world = begun((project(), workflow(), issue("loud", execute="fix")))
    world.step("failed")
    world.frozen["loud.issue.r3"] = world.frozen["loud.issue"]
    world.flying["loud.issue.r3"] = InFlight("loud.issue.r3", by_catalog=False)
    world.flying["loud.issue.r2"] = InFlight("loud.issue.r2", by_catalog=False)
    world.frozen["loud.issue.r2"] = world.frozen["loud.issue"]
    world.end("loud.issue.r2", "failed")
    world.look()
    assert world.course(Ref("Issue", "loud")).phase == "running"
    world.step(phase)
    assert world.course(Ref("Issue", "loud")).phase == phase


def test_what_looks_like_an_input_is_told_as_it_is() -> None:
    told = "Use ${{ inputs.name }} in the action."
    world = begun((project(), workflow(), issue("loud", execute="fix", description=told)))
    assert told in world.frozen["loud.issue"].task
    world.step()
    assert world.look().held == ()
