"""Bills made of transcripts: what a process reported that nobody follows any more."""

import json

from courier.ports.transcripts import Transcripts
from courier.runs.run.frozen import FrozenPlan, FrozenStep
from courier.runs.transcripts.transcript import AGENT_EVENT, SessionStarted, UsageReported
from courier.runs.usage.pricing import Bill


def bill_of(transcripts: Transcripts, plan: FrozenPlan, step: FrozenStep, stream: str) -> Bill:
    """Return what the agent of a step reported in one turn, by its live transcript."""
    bill = Bill(plan.rates, step.agent, step.model)
    for raw in transcripts.since(plan.run, stream, offset=0).splitlines():
        if b'"usage"' not in raw and b'"session"' not in raw:
            continue
        told = json.loads(raw)
        bare = {name: value for name, value in told.items() if name not in ("at", "attempt")}
        match AGENT_EVENT.validate_json(json.dumps(bare)):
            case UsageReported(usage=usage):
                bill.add(usage)
            case SessionStarted(model=model):
                bill.name(model)
            case _:
                pass
    return bill
