"""The kinds by name, and what is known about them without loading a single model."""

from collections.abc import Mapping
from types import MappingProxyType

KIND_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "Project": "project",
        "Team": "team",
        "CostRates": "rates",
        "Template": "template",
        "Agent": "agent",
        "Persona": "persona",
        "Context": "context",
        "Skill": "context",
        "Command": "context",
        "Script": "context",
        "Workflow": "workflow",
        "Run": "run",
        "RecurringTask": "recurring",
        "SprintPlan": "sprint",
        "SprintChain": "sprint",
        "WorkChain": "issue",
        "IssueScan": "issue",
        "Issue": "issue",
        "AnsweringSession": "issue",
        "Merge": "merge",
        "Sandbox": "sandbox",
        "Learning": "learning",
    }
)
"""Kind to the module of this room that holds its model, in the order people read them."""

KIND_NAMES = tuple(KIND_MODULES)
"""Every kind."""

EXECUTED_AGENTS = frozenset({"claude", "codex", "opencode", "pi", "shell"})
"""Built-in agents that can be run today."""

UNUSED_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Team": ("members.*.credentials",),
    }
)
"""Fields below spec, of kinds that take effect, that are checked but not acted on yet; ``*`` stands
for every item of a list and every name of a mapping."""

BUILTIN_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"Agent": ("claude", "codex", "opencode", "pi", "shell"), "Template": ("base",)}
)
"""Kind to the names that exist without a document."""
