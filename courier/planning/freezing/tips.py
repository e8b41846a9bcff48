"""The tips of branches: which are wanted, and where they are."""

from courier.planning.catalog.catalog import Catalog
from courier.planning.observed.observed import Observed


def branches_wanted(catalog: Catalog, observed_branch: str) -> frozenset[str]:
    """Return the branches besides the tracked one whose tips runs may need."""
    starts = [(ref, "base") for ref in catalog.of_kind("Run")]
    starts += [(ref, "base") for ref in catalog.of_kind("RecurringTask")]
    starts += [(ref, "branch") for ref in catalog.of_kind("Sandbox")]
    wanted = [catalog.documents[ref].value["spec"].get(word) for ref, word in starts]
    for ref in catalog.of_kind("Project"):
        repository = catalog.documents[ref].value["spec"].get("repository") or {}
        wanted.append(repository.get("defaultBranch"))
    for ref in catalog.of_kind("Merge"):
        told = catalog.documents[ref].value["spec"]
        wanted += [*told["branches"], told.get("target")]
    return frozenset(branch for branch in wanted if branch and branch != observed_branch)


def tip(observed: Observed, branch: str) -> str | None:
    """Return the commit a branch is at; None where it does not exist."""
    return observed.commit if branch == observed.branch else observed.branches.get(branch)
