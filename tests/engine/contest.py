"""Runs with candidates that are all shell commands."""

from courier.runs.run.frozen import FrozenCandidate, FrozenPlan, FrozenStep
from tests.engine.worlds import Scene, shell_plan

DESIGN = """
echo start >> ~/starts
if [ "$COURIER_ITERATION" = 1 ]; then echo wrong > value; else echo "$WORD" > value; fi
echo "$COURIER_CANDIDATE $COURIER_STEP $COURIER_ITERATION wrote $(cat value)"
cat ~/starts > starts
echo "$COURIER_ITERATION" >> iterations
"""
"""Right at the second time; leaves in its work how often it was started in this sandbox."""

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
    """Return a designer, whose word is what it writes, and a checker."""
    env = {"WORD": word}
    return FrozenCandidate(
        steps=(
            FrozenStep(name="design", type="designer", agent="shell", run=design, env=env),
            FrozenStep(name="check", type="checker", agent="shell", run=check, gives_verdict=True),
        )
    )


def contest(
    scene: Scene,
    *candidates: FrozenCandidate,
    run: str = "fix",
    judge: str = JUDGE,
    after: tuple[FrozenStep, ...] | None = None,
) -> FrozenPlan:
    """Return candidates, a judge, and a step that goes on with the chosen work."""
    polish = FrozenStep(name="polish", type="optimizer", agent="shell", run=POLISH)
    chooses = FrozenStep(name="judge", type="judge", agent="shell", run=judge, chooses=True)
    own = (chooses, *((polish,) if after is None else after))
    plan = shell_plan(scene, run=run, design="true", steps=own)
    return plan.model_copy(update={"workflow_type": "pipeline", "candidates": candidates})
