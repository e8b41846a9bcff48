"""Agents that documents describe, beside those that are built in."""

from collections.abc import Iterable, Mapping

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.resources.agent import Agent, AgentSpec


def described(catalog: Catalog, names: Iterable[str]) -> Mapping[str, AgentSpec]:
    """Return how those agents are run that a document describes; built-in ones are left out."""
    refs = (Ref("Agent", name) for name in dict.fromkeys(names))
    found = (catalog.resource(ref) for ref in refs if ref in catalog.documents)
    return {each.metadata.name: each.spec for each in found if isinstance(each, Agent)}
