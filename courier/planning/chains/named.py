"""A run of an issue or of a chain's part by its name, as if nothing were on record."""

from courier.planning.catalog.catalog import Catalog
from courier.planning.chains.chain import Chain, Link
from courier.planning.chains.issues import issue_run
from courier.planning.chains.planner import KINDS
from courier.planning.documents.references import Ref
from courier.planning.made.making import Made
from courier.planning.made.names import cause_of, made_run


def run_named(catalog: Catalog, run: str) -> Made | None:
    """Return what a document comes to under that name; None where none comes to it."""
    cause = cause_of(run)
    if cause is None or cause not in catalog.documents:
        return None
    document = catalog.documents[cause]
    if cause.kind == "Issue":
        return issue_run(document) if "execute" in document.value["spec"] else None
    return _part(KINDS[cause.kind](catalog, cause), run) if cause.kind in KINDS else None


def first_run(catalog: Catalog, ref: Ref) -> Made | None:
    """Return what the first part of a chain comes to; None where its range holds none."""
    chain = KINDS[ref.kind](catalog, ref)
    return next((_made(chain, link) for link in chain.links), None)


def _part(chain: Chain, run: str) -> Made | None:
    made = (_made(chain, link) for link in chain.links)
    return next((each for each in made if each.run == run), None)


def _made(chain: Chain, link: Link) -> Made:
    return Made(
        made_run(chain.ref, part=link.name),
        chain.document,
        chain.source,
        spec=link.spec,
        reason=f"{chain.word} {link.name}",
        others=(link.document,),
        task=link.prompt,
        title=link.title,
    )
