"""The committed account of a sandbox: `sandboxes/<name>.json` on the state branch."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from courier.runs.interactive.frozen import SandboxPlan
from courier.runs.interactive.live import LIVE, LiveSandbox, Message
from courier.runs.records.charges import Charge, step_charge
from courier.runs.records.writeback import RECORD_VERSION
from courier.runs.usage.pricing import with_sandbox
from courier.runs.usage.usage import Usage

FOLDER = "sandboxes"
"""Where accounts are on the state branch."""

STEP = "sandbox"
"""The name of the one step of a sandbox's frozen plan."""


def path_of(name: str) -> str:
    """Return where a sandbox's account is."""
    return f"{FOLDER}/{name}.json"


def stream_of(message: Message) -> str:
    """Return the name of the live transcript that holds an answer."""
    return f"{STEP}-1.1-turn-{message.turn}"


def account(plan: SandboxPlan, live: LiveSandbox) -> dict[str, object]:
    """Return the account, ready for JSON."""
    step, git = plan.plan.steps[0], plan.plan.git
    machine = plan.plan.sandbox
    pull = live.pull_request
    return {
        "recordVersion": RECORD_VERSION,
        "sandbox": plan.name,
        "project": plan.plan.project,
        "title": plan.plan.title,
        "state": live.state,
        "reason": _reason(live),
        "message": live.leaves.message if live.leaves else live.fault,
        "by": live.leaves.by if live.leaves else "",
        "wish": live.wish,
        "declared": live.declared,
        "id": live.sandbox,
        "agent": step.agent,
        "model": step.model,
        "effort": step.effort,
        "origins": step.origins,
        "template": machine.template,
        "timeoutSeconds": plan.lives_seconds,
        "requestedAt": _moment(live.requested_at),
        "openedAt": _moment(live.opened_at),
        "activeAt": _moment(live.active_at),
        "endedAt": _moment(live.ended_at),
        "deletedAt": None,
        "specDigest": plan.plan.spec_digest,
        "catalogDigest": plan.plan.catalog_digest,
        "observedCommit": plan.plan.observed_commit,
        "inputs": [entry.model_dump(mode="json", by_alias=True) for entry in plan.plan.inputs],
        "base": {"branch": git.base_branch, "commit": git.base_commit},
        "work": {
            "branch": live.branch,
            "commit": live.work,
            "files": list(live.files),
            "refusal": live.refusal.model_dump(mode="json", by_alias=True)
            if live.refusal
            else None,
        },
        "pullRequest": pull.model_dump(mode="json", by_alias=True) if pull else None,
        "messages": [entry for one in live.messages for entry in _entries(live, one)],
        "session": live.session,
        "heard": sorted(live.known - {one.given.id for one in live.messages}),
        "going": [
            {"part": part.part, "at": _moment(part.at), "fault": part.fault or None}
            for part in live.parts
        ],
        "transcript": live.transcript,
        "usage": usage_of(plan, live).model_dump(mode="json", by_alias=True),
    }


def charges_of(plan: SandboxPlan, live: LiveSandbox) -> Iterator[Charge]:
    """Yield a usage line for every answered message, and one for the machine at its end."""
    step, run = plan.plan.steps[0], plan.plan.run
    for message in live.messages:
        if message.outcome is None or message.ended_at is None:
            continue
        line = step_charge(
            plan.plan,
            step,
            key=f"{run}/turn-{message.turn}",
            at=message.ended_at,
            told=message.outcome.model,
        )
        yield line.model_copy(update={"sort": "message", "usage": message.usage})
    if live.ended_at is not None:
        yield Charge(
            key=f"{run}/machine",
            at=live.ended_at,
            sort="machine",
            project=plan.plan.project,
            run=run,
            step=step.name,
            agent=step.agent,
            usage=machine_use(plan, live),
        )


def machine_use(plan: SandboxPlan, live: LiveSandbox) -> Usage:
    """Return what a sandbox's machine used so far, and what that cost."""
    seconds, began = round(live.seconds, 3), live.requested_at
    if began is None:
        return Usage(sandbox_seconds=seconds)
    return with_sandbox(Usage(), seconds, plan.plan.rates, at=began)


def usage_of(plan: SandboxPlan, live: LiveSandbox) -> Usage:
    """Return what everything in a sandbox used, and what that cost."""
    return live.used + machine_use(plan, live)


def is_active(told: Mapping[str, object]) -> bool:
    """Return whether an account tells of a sandbox that is there."""
    return told.get("state") in LIVE


def active_counts(accounts: Iterator[Mapping[str, object]]) -> dict[str, int]:
    """Return project to how many sandboxes it has that are there."""
    counts: dict[str, int] = {}
    for told in accounts:
        if is_active(told):
            project = str(told.get("project") or "")
            counts[project] = counts.get(project, 0) + 1
    return counts


def _reason(live: LiveSandbox) -> str:
    if live.leaves is not None:
        return live.leaves.reason
    return {"creating": "Creating", "paused": "Paused"}.get(live.state, _busy(live))


def _busy(live: LiveSandbox) -> str:
    return "Answering" if any(one.status == "streaming" for one in live.messages) else "Idle"


def _entries(live: LiveSandbox, message: Message) -> Iterator[dict[str, object]]:
    given, outcome = message.given, message.outcome
    waits = message.status == "queued"
    in_vain = waits and live.state not in LIVE
    yield {
        "id": given.id,
        "role": "user",
        "content": given.content,
        "by": given.by,
        "at": _moment(message.at),
        "status": "error" if in_vain else "queued" if waits else "completed",
        "message": "The sandbox went before this was answered." if in_vain else "",
    }
    if waits:
        return
    yield {
        "id": f"{given.id}/answer",
        "role": "assistant",
        "content": outcome.text if outcome else "",
        "at": _moment(message.began_at),
        "endedAt": _moment(message.ended_at),
        "status": message.status,
        "reason": outcome.reason if outcome else "",
        "message": outcome.message if outcome else "",
        "session": outcome.session if outcome else None,
        "exitCode": outcome.exit_code if outcome else None,
        "streamLog": stream_of(message),
        "usage": message.usage.model_dump(mode="json", by_alias=True),
    }


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
