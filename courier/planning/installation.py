"""How the programs of built-in agents come into a template: by npm, where they are missing."""

from collections.abc import Iterable, Iterator
from typing import Final

from courier.resources.capabilities import CAPABILITIES, Capabilities

NODE: Final = "22.23.3"
"""The Node.js that is installed where an agent needs a newer one than there is."""

_NPM: Final = (
    'npm install --global --no-audit --no-fund --loglevel=error --prefix "$HOME/.local" '
    '--cache "${TMPDIR:-/tmp}/npm-cache"'
)

_NEWER: Final = """\
{ node -e 'const [a, b] = process.versions.node.split(".");
           process.exit(a > MAJOR || (a == MAJOR && b >= MINOR) ? 0 : 1)' ||
      NPM "node-linux-$(node -p process.arch)@NODE"; } &&
    """

# The npm program of some agents only starts the real one, which would outlive it when stopped.
_INSTALL: Final = """\
# Install PROGRAM unless it is there
command -v PROGRAM >/dev/null || {
    command -v npm >/dev/null || {
        echo 'There is no npm to install PACKAGE with. Install Node.js in `setup`, or where' \\
            'sandboxes see it.' >&2
        exit 1
    }
    NEWERNPM --allow-scripts=NAME PACKAGE &&
    { grep -qs '/.local/bin:' ~/.profile || echo 'PATH=$HOME/.local/bin:$PATH' >>~/.profile; } &&
    cd ~/.local/bin &&
    for real in ../lib/node_modules/NAME/node_modules/NAME-linux-*/vendor/*/bin/PROGRAM; do
        [ ! -x "$real" ] || ln -sf "$real" PROGRAM
    done &&
    PATH="$HOME/.local/bin:$PATH" HOME="$(mktemp -d)" PROGRAM --version
}"""


def installations(agents: Iterable[str]) -> Iterator[str]:
    """Yield the shell commands that install those of the agents that courier knows how to."""
    for name in agents:
        known = CAPABILITIES.get(name)
        if known is not None and known.package:
            yield _installed(known)


def _installed(agent: Capabilities) -> str:
    newer = ""
    if agent.node is not None:
        major, minor = map(str, agent.node)
        newer = _NEWER.replace("MAJOR", major).replace("MINOR", minor)
    text = _INSTALL.replace("NEWER", newer).replace("NPM", _NPM).replace("NODE", NODE)
    text = text.replace("NAME", agent.package.rpartition("@")[0])
    return text.replace("PACKAGE", agent.package).replace("PROGRAM", agent.program)
