"""Whether a plan that was saved still fits the world."""

from courier.planning.plan import Plan


def stale_because(saved: Plan, fresh: Plan) -> tuple[str, ...]:
    """Return why a saved plan no longer fits the world; nothing if it does.

    Args:
        saved: The plan as it was decided then.
        fresh: A plan decided now.
    """
    moved = (
        (saved.dirty, "it was made from changes that were not committed"),
        (saved.repository != fresh.repository, "it was made for another repository"),
        (saved.commit != fresh.commit, f"{fresh.branch or 'the branch'} moved to {fresh.commit}"),
        (saved.catalog_digest != fresh.catalog_digest, "the documents changed"),
        (_due(saved) != _due(fresh), "recurring tasks came due"),
        (
            saved.observed_digest != fresh.observed_digest,
            "runs, sandboxes, pull requests or branches changed",
        ),
    )
    return tuple(reason for is_so, reason in moved if is_so)


def _due(decided: Plan) -> list[str]:
    return sorted(run for task in decided.tasks for run in task.starts)
