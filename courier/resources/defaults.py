"""The built-in values: what holds where no document says otherwise.

They are the lowest of: built-in, Project, Workflow, Persona, step, Run. Fields of documents that
take part in this order are None until written, so that a value's origin can be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BuiltInValue = str | int | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """One built-in value and what it means; None leaves the choice to the agent."""

    value: BuiltInValue
    meaning: str


BUILT_IN: Mapping[str, BuiltIn] = MappingProxyType(
    {
        "agent": BuiltIn("claude", "Claude Code"),
        "model": BuiltIn(None, "the agent's own choice"),
        "effort": BuiltIn(None, "the agent's own choice"),
        "sandbox.template": BuiltIn("base", "exists everywhere"),
        "sandbox.cpu": BuiltIn(None, "what the template has"),
        "sandbox.memoryMB": BuiltIn(None, "what the template has"),
        "sandbox.egress": BuiltIn("open", "the whole network"),
        "sandbox.allowedHosts": BuiltIn((), "matters only where egress is listed"),
        "sandbox.timeout": BuiltIn("15m", "for one attempt at a step"),
        "sandbox.idleTimeout": BuiltIn("10m", "of an agent's silence"),
        "sandbox.checkpointEvery": BuiltIn("2m", "lost at most with a sandbox"),
        "sandbox.reuse": BuiltIn("perStep", "a fresh sandbox for every step"),
        "git.name": BuiltIn("courier", "the author of commits"),
        "git.email": BuiltIn("courier@localhost", "the author's address"),
        "git.branchPrefix": BuiltIn("courier/", "the run's name follows"),
        "loops.maxIterations": BuiltIn(3, "times the way to a verdict is gone"),
        "loops.onExhausted": BuiltIn("fail", "the branch is kept, no pull request opens"),
        "delivery.draft": BuiltIn(value=False, meaning="pull requests are ready for review"),
        "delivery.labels": BuiltIn((), "none"),
        "delivery.reviewers": BuiltIn((), "nobody is asked"),
        "delivery.autoMerge": BuiltIn(value=False, meaning="a person merges"),
        "delivery.protectedPaths": BuiltIn(
            (".courier/**", ".github/**"), "what decides about agents and about checks"
        ),
        "delivery.maxFiles": BuiltIn(500, "files one run may change"),
        "delivery.maxBytes": BuiltIn(10_000_000, "bytes one run may add"),
        "paths": BuiltIn((), "the whole repository"),
        "budget": BuiltIn(None, "no limit"),
    }
)
"""Path of a field below spec, as in YAML, to its built-in value."""
