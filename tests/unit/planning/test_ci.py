"""What a Project says of checks is frozen with a run, and what cannot work is warned about."""

import pytest

from courier.planning.observed.observed import Observed
from courier.planning.plan import StartRun
from courier.planning.planner import plan
from tests.unit.planning.catalogs import document, reading
from tests.unit.runs.builders import START

WORKFLOW = document(
    "Workflow",
    "fix",
    "type: single\nsteps: [{name: work, type: designer, agent: shell, run: 'true'}]",
)
RUN = document("Run", "a", "workflow: fix\nprompt: Do.")


def started(spec: str) -> StartRun:
    project = document("Project", "shop", spec)
    catalog = reading({"p.yaml": project, "w.yaml": WORKFLOW, "r.yaml": RUN}).catalog
    observed = Observed(branch="main", commit="b" * 40)
    (start,) = plan(catalog, observed, now=START, drivers=["shell"]).actions
    assert isinstance(start, StartRun)
    return start


def test_nothing_is_waited_for_unless_it_is_asked_for() -> None:
    ci = started("git: {email: a@b.c}").frozen.ci
    assert (ci.wait, ci.fix_attempts, ci.required, ci.timeout_seconds) == (False, 0, (), 3600)


def test_what_the_project_says_is_frozen() -> None:
    start = started("ci: {wait: true, required: [t], fixAttempts: 2, timeout: 5m}")
    ci = start.frozen.ci
    assert (ci.wait, ci.fix_attempts, ci.required, ci.timeout_seconds) == (True, 2, ("t",), 300)
    assert not any("fixAttempts" in told for told in start.warnings)


@pytest.mark.parametrize("wait", ["", ", wait: false"])
def test_attempts_without_waiting_are_warned_about(wait: str) -> None:
    (told,) = started(f"ci: {{fixAttempts: 2{wait}}}").warnings
    assert "`ci.fixAttempts` needs `ci.wait: true`" in told
