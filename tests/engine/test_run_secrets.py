"""A canary: a secret given to an agent that does all it can to spread it."""

import base64
import subprocess
from pathlib import Path

import pytest

from tests.engine.worlds import git, make_origin, provider, scene, shell_plan, single_plan
from tests.fakes.embedded import Endpoint

pytestmark = pytest.mark.slow

CANARY = 'k4n4ry-"quoted"-\\back-s3cret'
LINES = "-----BEGIN KEY-----\nMIIkanaryMIIkanaryMIIkanary0001\nMIIkanaryMIIkanaryMIIkanary0002\n"
ENVIRONMENT = {"CANARY_VALUE": CANARY, "PEM": LINES, "GITHUB_TOKEN": "ghost-canary-token"}
NEEDLES = (CANARY.encode(), b"k4n4ry-", b"MIIkanaryMIIkanaryMIIkanary0001", b"ghost-canary-token")

SPREAD = """
echo "the secret is $CANARY_VALUE, again: $CANARY_VALUE"
echo "$PEM"
printf '%s' "$CANARY_VALUE" >&2; echo
echo ghost-canary-""token
head -c 5000 /dev/zero | tr '\\0' x; echo "$CANARY_VALUE"
"""
FAIL = 'echo "rejected because of $CANARY_VALUE"; echo "$PEM"; exit 1'


async def test_what_agents_print_is_redacted_everywhere(tmp_path: Path, sandboxd: Endpoint) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd), environment=ENVIRONMENT) as here:
        plan = shell_plan(here, design=SPREAD + "echo x >> value", check=f"{SPREAD}\n{FAIL}")
        secrets = ("CANARY_VALUE", "PEM")
        steps = tuple(step.model_copy(update={"secrets": secrets}) for step in plan.steps)
        loop = plan.loop.model_copy(update={"max_iterations": 2, "on_exhausted": "deliverDraft"})
        await here.run(plan.model_copy(update={"steps": steps, "loop": loop}))
        (proposal,) = await here.forge.list()
        assert proposal.draft
        feedback = (await here.record())["steps"][1]["verdict"]["feedback"]
        assert "rejected because of [secret CANARY_VALUE]" in feedback
        assert b"[secret CANARY_VALUE]" in here.world.transcripts.whole("fix")
    assert spilt(home, origin) == []


@pytest.mark.parametrize(
    "leak",
    [
        'echo "$CANARY_VALUE" > leak.txt',
        'git commit -q --allow-empty -m "it is $CANARY_VALUE"',
        'printf %s "$PEM" > leak.pem',
        'printf "%s" "$CANARY_VALUE" > leak; git add leak; git commit -qm a; git rm -q leak',
        'mkdir -p a; echo x > "a/$CANARY_VALUE"',
    ],
)
async def test_a_secret_in_the_work_never_leaves_the_sandbox(
    tmp_path: Path, sandboxd: Endpoint, leak: str
) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd), environment=ENVIRONMENT) as here:
        commands = f"{leak}\necho x >> value"
        state = await here.run(single_plan(here, commands, secrets=("CANARY_VALUE", "PEM")))
        assert isinstance(state.result, dict)
        assert state.result["phase"] == "failed"
        assert here.branches() == {"main"}
    assert spilt(home, origin) == []


async def test_secrets_of_another_step_are_refused_too(tmp_path: Path, sandboxd: Endpoint) -> None:
    origin = make_origin(tmp_path, {"value": "none\n"})
    home = tmp_path / tmp_path.name
    async with scene(home, origin, provider(sandboxd), environment=ENVIRONMENT) as here:
        guess = base64.b64encode(CANARY.encode()).decode()
        plan = shell_plan(here, design=f"echo {guess} | base64 -d > value")
        judge = plan.steps[1].model_copy(update={"secrets": ("CANARY_VALUE",)})
        state = await here.run(plan.model_copy(update={"steps": (plan.steps[0], judge)}))
        assert isinstance(state.result, dict)
        assert state.result["phase"] == "failed"
        assert here.branches() == {"main"}


def spilt(home: Path, origin: Path) -> list[str]:
    """Return every file and git object of the state folder and the origin that holds a needle."""
    files = [path for place in (home, origin) for path in place.rglob("*") if path.is_file()]
    found = [str(path) for path in files if any(one in path.read_bytes() for one in NEEDLES)]
    for repository in (home / "mirror.git", origin):
        found += [
            f"{repository.name} {id}" for id in _objects(repository) if _holds(repository, id)
        ]
    return found


def _objects(repository: Path) -> list[str]:
    listed = git(repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    return listed.split()


def _holds(repository: Path, id: str) -> bool:
    kind = git(repository, "cat-file", "-t", id)
    content = subprocess.run(
        ["git", "cat-file", kind, id], cwd=repository, check=True, capture_output=True
    ).stdout
    return any(one in _unfolded(content) for one in NEEDLES)


def _unfolded(content: bytes) -> bytes:
    import zstandard

    if not content.startswith(b"\x28\xb5\x2f\xfd"):
        return content
    return zstandard.ZstdDecompressor().decompress(content, max_output_size=1 << 24)
