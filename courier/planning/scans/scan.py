"""What a scan asks of its agent."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from courier.planning.catalog.catalog import Catalog
from courier.planning.documents.references import Ref
from courier.planning.made.making import Made, Sight
from courier.planning.made.session import Question, Told, made_session
from courier.runs.harvest.frozen import FrozenHarvest
from courier.runs.texts.material import as_data, bounded

WORKFLOW: Final = "issue-scan"
"""What records call the workflow of scans."""

_MOST: Final = 10
_KNOWN: Final = 16_000

_INSTRUCTIONS: Final = """\
You look through a repository for things that should be done, and write each down so that somebody \
who was not here can do it. Read the code, run what the repository offers to check itself, and \
prove what you claim. Report what matters, with its place; leave out what is a matter of taste. \
Write no two issues about one thing. Where you cannot know what is wanted, ask."""


def scan(sight: Sight, ref: Ref, run: str, *, reason: str) -> Made:
    """Return the run of a scan.

    Args:
        sight: Gives the documents.
        ref: The scan.
        run: The run's name.
        reason: Why it starts, for people.
    """
    document = sight.catalog.documents[ref]
    spec: Mapping[str, Any] = document.value["spec"]
    harvest = FrozenHarvest(
        sort="issues",
        kind=ref.kind,
        name=ref.name,
        project=document.value["metadata"].get("project"),
        most=int(spec.get("maxIssues", _MOST)),
    )
    first = next(iter(str(spec["prompt"]).strip().splitlines()), "")
    question = Question(
        title=f"Scan {ref.name}: {first}",
        task="\n\n".join(_task(sight.catalog, spec, harvest)),
        instructions=_INSTRUCTIONS,
        workflow=WORKFLOW,
        step="scan",
        session="issue",
        harvest=harvest,
        paths=spec.get("paths") or (),
    )
    told = Told(reason, sight.observed.branch)
    return made_session(document, run, question, source="scan", told=told)


def _task(catalog: Catalog, spec: Mapping[str, Any], harvest: FrozenHarvest) -> Iterator[str]:
    yield "Look through this repository for things that should be done."
    yield str(spec["prompt"]).strip()
    if spec.get("focus"):
        yield f"What matters most, in this order: {'; '.join(spec['focus'])}."
    if spec.get("paths"):
        yield f"Look only at what these patterns match: {', '.join(spec['paths'])}."
    yield f"Propose at most {harvest.most} issues, those that matter most."
    if titles := _known(catalog):
        listed = bounded("\n".join(titles), _KNOWN, whole="in `.courier/`")
        yield f"These issues are known; leave them out.\n\n{as_data(listed, source='issues')}"


def _known(catalog: Catalog) -> Sequence[str]:
    documents = (catalog.documents[ref] for ref in catalog.of_kind("Issue"))
    return [f"- {each.value['spec']['title']}" for each in documents]
