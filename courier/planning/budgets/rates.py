"""The rates of a run: those that may price what it uses, as they are when it starts."""

import json
from collections.abc import Collection, Iterable
from hashlib import sha256

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.resources.rates import CostRates
from courier.runs.run.frozen import FrozenStep
from courier.runs.usage.pricing import FrozenRate, FrozenRates, service_of


def rates_of(catalog: Catalog, project: str, services: Collection[str]) -> tuple[Ref, ...]:
    """Return the CostRates that say something of these services, for a project.

    Those that name no project hold for every one.
    """
    return tuple(
        ref
        for ref in catalog.of_kind("CostRates")
        if catalog.documents[ref].value["metadata"].get("project") in (None, project)
        and any(
            each["service"] in services for each in catalog.documents[ref].value["spec"]["rates"]
        )
    )


def freeze_rates(
    catalog: Catalog, refs: Iterable[Ref], services: Collection[str], *, machines: str
) -> FrozenRates:
    """Return the rates of some services, from some CostRates, in an order of their own."""
    found: list[FrozenRate] = []
    for ref in refs:
        resource = catalog.resource(ref)
        assert isinstance(resource, CostRates)  # noqa: S101 - what the catalog promises
        found += (
            FrozenRate(
                service=rate.service,
                model=rate.model,
                metric=rate.metric,
                usd=rate.usd,
                per=rate.per,
                effective_from=rate.effective_from,
            )
            for rate in resource.spec.rates
            if rate.service in services
        )
    told = sorted((each.model_dump(mode="json", by_alias=True) for each in found), key=json.dumps)
    text = json.dumps(told, separators=(",", ":"))
    return FrozenRates(
        rates=tuple(sorted(found, key=lambda each: json.dumps(each.model_dump(mode="json")))),
        machines=machines,
        digest=sha256(text.encode()).hexdigest(),
    )


def services_of(
    steps: Iterable[FrozenStep], *, scored_by: str | None, machines: str
) -> frozenset[str]:
    """Return who may charge for what a run uses."""
    agents = {service_of(step.agent, step.model) for step in steps}
    scorer = {scored_by.partition("/")[0]} if scored_by else set()
    return frozenset({*agents, *scorer, machines})
