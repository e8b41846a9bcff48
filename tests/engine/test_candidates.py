"""Candidates with shell agents: real sandboxes, real git, the local forge."""

import pytest

from courier.runs.frozen import FrozenCandidate, FrozenPlan, FrozenStep
from tests.engine.worlds import Scene, git, shell_plan

DESIGN = """
if [ "$COURIER_ITERATION" = 1 ]; then echo wrong > value; else echo "$WORD" > value; fi
echo "$COURIER_CANDIDATE wrote $(cat value)"
"""
CHECK = 'test "$(cat value)" != wrong || { echo "value is wrong"; exit 1; }'
JUDGE = """
test "$(cat value)" = none || { echo "the judge starts elsewhere"; exit 1; }
for name in $COURIER_CANDIDATES; do
    echo "$name: $(git show "$name:value")"
    grep -q "diff of $name" "$COURIER_PROMPT_FILE" || exit 1
done
echo candidate-2
"""
POLISH = 'echo "polished $(cat value)" > polish'


def candidate(word: str, *, design: str = DESIGN, check: str = CHECK) -> FrozenCandidate:
    env = {"WORD": word}
    return FrozenCandidate(
        steps=(
            FrozenStep(name="design", type="designer", agent="shell", run=design, env=env),
            FrozenStep(name="check", type="checker", agent="shell", run=check, gives_verdict=True),
        )
    )


def best_of(here: Scene, *candidates: FrozenCandidate, judge: str = JUDGE) -> FrozenPlan:
    own = (
        FrozenStep(name="judge", type="judge", agent="shell", run=judge, chooses=True),
        FrozenStep(name="polish", type="optimizer", agent="shell", run=POLISH),
    )
    plan = shell_plan(here, design="true", steps=own)
    return plan.model_copy(update={"workflow_type": "pipeline", "candidates": candidates})


@pytest.mark.slow
async def test_the_run_goes_on_from_the_candidate_its_judge_chose(here: Scene) -> None:
    state = await here.run(best_of(here, candidate("one"), candidate("two")))
    record = await here.record()
    assert state.result == {"phase": "completed", "reason": "Completed"}, record
    told = [(one.get("candidate"), one["step"], one["iteration"]) for one in record["steps"]]
    inner = [("design", 1), ("check", 1), ("design", 2), ("check", 2)]
    assert told == [
        *(("candidate-1", *one) for one in inner),
        *(("candidate-2", *one) for one in inner),
        (None, "judge", 1),
        (None, "polish", 1),
    ]
    assert git(here.origin, "show", "courier/fix:polish") == "polished two"
    assert git(here.origin, "show", "courier/fix-candidate-1:value") == "one"
    assert here.branches() == {"main", "courier/fix", "courier/fix-candidate-1"}
    (proposal,) = await here.world.forge.list()
    assert (proposal.status, proposal.branch) == ("created", "courier/fix")
    assert await here.tidy()
