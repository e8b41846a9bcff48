"""How the programs of built-in agents come into a template: by npm, where they are missing."""

from collections.abc import Iterable, Iterator
from typing import Final

from courier.resources.capabilities import CAPABILITIES, Capabilities

NODE: Final = "22.23.3"
"""The Node.js that is installed where an agent needs a newer one than there is."""

_COLLECT: Final = """\
command -v PROGRAM >/dev/null || {
    set -- "$@" PACKAGE
NEWER}"""

_NEWER: Final = """\
    node -e 'const [a, b] = process.versions.node.split(".");
             process.exit(a > MAJOR || (a == MAJOR && b >= MINOR) ? 0 : 1)' ||
        set -- "$@" "node-linux-$(node -p process.arch)@NODE"
"""

_INSTALL: Final = """\
[ $# = 0 ] || {
    command -v npm >/dev/null || {
        echo "There is no npm to install $* with. Install Node.js in \\`setup\\`, or where" \\
            "sandboxes see it." >&2
        exit 1
    }
    npm install --global --no-audit --no-fund --loglevel=error --prefix "$HOME/.local" \\
        --cache "${TMPDIR:-/tmp}/npm-cache" --allow-scripts=NAMES "$@" || exit
    grep -qs '/.local/bin:' ~/.profile || echo 'PATH=$HOME/.local/bin:$PATH' >>~/.profile
    PATH="$HOME/.local/bin:$PATH"
    cd ~/.local/bin || exit
}"""

# The npm program of some agents only starts the real one, which would outlive it when stopped.
_CHECK: Final = """\
for real in ../lib/node_modules/NAME/node_modules/NAME-linux-*/vendor/*/bin/PROGRAM; do
    [ ! -x "$real" ] || ln -sf "$real" PROGRAM
done
HOME="$(mktemp -d)" PROGRAM --version || exit"""


def installation(agents: Iterable[str]) -> Iterator[str]:
    """Yield the shell command that installs those of the agents that courier knows how to.

    Args:
        agents: Names of agents, built-in ones and others.
    """
    found = [CAPABILITIES[name] for name in dict.fromkeys(agents) if name in CAPABILITIES]
    known = [agent for agent in found if agent.package]
    if known:
        yield _command(known)


def _command(agents: list[Capabilities]) -> str:
    names = ",".join(_name(agent) for agent in agents)
    programs = ", ".join(agent.program for agent in agents)
    return "\n".join(
        (
            f"# Install what is missing of: {programs}",
            "set --",
            *(_filled(_COLLECT, agent) for agent in agents),
            _INSTALL.replace("NAMES", names),
            *(_filled(_CHECK, agent) for agent in agents),
        )
    )


def _filled(text: str, agent: Capabilities) -> str:
    newer = ""
    if agent.node is not None:
        major, minor = map(str, agent.node)
        newer = _NEWER.replace("MAJOR", major).replace("MINOR", minor).replace("@NODE", f"@{NODE}")
    text = text.replace("NEWER", newer).replace("PACKAGE", agent.package)
    return text.replace("NAME", _name(agent)).replace("PROGRAM", agent.program)


def _name(agent: Capabilities) -> str:
    return agent.package.rpartition("@")[0]
