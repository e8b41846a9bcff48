"""What every provider promises of templates."""

import asyncio

import pytest

from courier.errors import Misconfigured, NotFound
from courier.ports.sandboxes import Recipe, Sandboxes, SandboxSpec
from courier.sandboxes.templates import name_of
from tests.contracts.sandboxes.conftest import Opener

MADE = Recipe(commands=("echo made > ~/made",), name="My tools")


async def test_equal_wishes_have_one_template_and_others_another(provider: Sandboxes) -> None:
    spec = SandboxSpec(recipe=MADE)
    first, second = await asyncio.gather(provider.prepare(spec), provider.prepare(spec))
    assert first == second == name_of(spec)
    assert first.startswith("courier-my-tools-")
    assert len({first, name_of(SandboxSpec(recipe=MADE, cpu=1)), name_of(SandboxSpec(cpu=1))}) == 3
    assert await provider.prepare(SandboxSpec()) == "base"


async def test_a_sandbox_starts_with_what_was_prepared(opened: Opener) -> None:
    for _ in range(2):
        sandbox = await opened(recipe=MADE)
        done = await sandbox.run(["sh", "-c", "cat ~/made; echo mine >> ~/made"])
        assert done.stdout == "made\n"


async def test_a_template_that_went_away_is_made_again(
    provider: Sandboxes, opened: Opener, request: pytest.FixtureRequest
) -> None:
    recipe = Recipe(commands=("echo again > ~/made",), name="gone")
    await opened(recipe=recipe)
    await _delete(provider, name_of(SandboxSpec(recipe=recipe)))
    sandbox = await opened(recipe=recipe)
    assert (await sandbox.run(["sh", "-c", "cat ~/made"])).stdout == "again\n"


async def test_a_command_that_fails_is_told_with_its_place(provider: Sandboxes) -> None:
    recipe = Recipe(commands=("true", "echo lost >&2; exit 9"), name="bad", place="bad.yaml:3:1")
    for _ in range(2):
        with pytest.raises(Misconfigured) as told:
            await provider.create(SandboxSpec(recipe=recipe))
        assert "Template/bad (bad.yaml:3:1)" in str(told.value)
        assert "lost" in str(told.value)


async def test_a_start_that_does_not_exist_is_told(provider: Sandboxes) -> None:
    with pytest.raises((NotFound, Misconfigured), match="no-such-template-4711"):
        await provider.create(SandboxSpec(template="no-such-template-4711", cpu=1))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FROM e2bdev/base\nCOPY a b\n", "copies files"),
        ("FROM e2bdev/base\n  add a b\n", "copies files"),
        ("NONSENSE\n", "cannot be read"),
    ],
)
async def test_a_dockerfile_that_cannot_be_used_is_told(
    provider: Sandboxes, text: str, words: str
) -> None:
    with pytest.raises(Misconfigured, match=words):
        await provider.prepare(SandboxSpec(recipe=Recipe(dockerfile=text)))


async def _delete(provider: Sandboxes, name: str) -> None:
    from e2b.api.client.api.templates import delete_templates_template_id
    from e2b.api.client_async import get_api_client
    from e2b.connection_config import ConnectionConfig

    config = ConnectionConfig(**provider._options)  # type: ignore[attr-defined]  # behind its back
    client = get_api_client(config)
    await delete_templates_template_id.asyncio_detailed(name, client=client)
