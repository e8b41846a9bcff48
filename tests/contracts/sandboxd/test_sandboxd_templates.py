"""Templates built by the unmodified SDK: what is kept, what is shared, what is refused."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from e2b import AsyncSandbox, AsyncTemplate
from e2b.exceptions import BuildException

from courier.sandboxd.launcher import Endpoint, ensure_running, stop
from courier.sandboxd.limits import find_groups
from tests.contracts.sandboxd.conftest import Provider
from tests.contracts.sandboxd.wire import Wire

FLAGS = ("--allow-plain", "--spares", "1")


def options_of(endpoint: Endpoint) -> dict[str, Any]:
    return {"api_key": endpoint.api_key, "api_url": endpoint.url, "sandbox_url": endpoint.url}


async def built(provider: Provider, name: str, *commands: str, **wanted: Any) -> str:
    template = AsyncTemplate().from_template("base")
    builder = template.set_envs({"COLOUR": "blue"}).set_workdir("/home/user")
    for command in commands:
        builder = builder.run_cmd(command)
    info = await AsyncTemplate.build(builder, name, **wanted, **provider.options)
    return info.name


async def said(sandbox: AsyncSandbox, command: str) -> str:
    return (await sandbox.commands.run(command)).stdout.strip()


@pytest.fixture
def isolated(providers: dict[str, Provider]) -> Provider:
    return providers["bubblewrap"]


async def test_a_sandbox_has_what_the_commands_left(isolated: Provider) -> None:
    await built(isolated, "kept", "echo one > made; mkfifo pipe", "cat made made > twice")
    first, second = [await isolated.create(template="kept") for _ in range(2)]
    assert await said(first, "cat twice; echo $COLOUR; ls") == "one\none\nblue\nmade\ntwice"
    await first.commands.run("echo changed > made; touch mine")
    assert await said(second, "cat made; ls; id -un; touch made") == "one\nmade\ntwice\nuser"
    third = await isolated.create(template="kept")
    assert await said(third, "cat made; ls") == "one\nmade\ntwice"
    for each in (first, second, third):
        await each.kill()


async def test_templates_stand_on_others(isolated: Provider) -> None:
    await built(isolated, "lower", "echo low > low")
    template = AsyncTemplate().from_template("lower").run_cmd("cat low > high")
    await AsyncTemplate.build(template, "upper", **isolated.options)
    same = AsyncTemplate().from_template("upper")
    await AsyncTemplate.build(same, "no-steps", **isolated.options)
    sandbox = await isolated.create(template="no-steps")
    assert await said(sandbox, "cat high low; echo $COLOUR") == "low\nlow\nblue"
    await sandbox.kill()


async def test_a_failing_command_ends_the_build_and_keeps_nothing(isolated: Provider) -> None:
    with pytest.raises(
        BuildException, match=r"Command 2 of 2 ended with exit status 3.*\n.*on fire"
    ):
        await built(isolated, "failing", "true", "echo on fire >&2; exit 3")
    assert not await AsyncTemplate.exists("failing", **isolated.options)
    assert await built(isolated, "failing", "true") == "failing"


async def test_one_build_serves_everybody_who_asks_at_the_same_time(
    isolated: Provider, tmp_path: Path
) -> None:
    commands = ("sleep 0.3; date +%N > when",)
    await asyncio.gather(*(built(isolated, "shared", *commands) for _ in range(4)))
    sandboxes = [await isolated.create(template="shared") for _ in range(2)]
    assert len({await said(each, "cat when") for each in sandboxes}) == 1
    for each in sandboxes:
        await each.kill()


@pytest.mark.slow
async def test_processors_and_memory_are_the_templates(isolated: Provider) -> None:
    await built(isolated, "small", cpu_count=1, memory_mb=128)
    sandbox = await isolated.create(template="small")
    info = await sandbox.get_info()
    assert (info.cpu_count, info.memory_mb) == (1, 128)
    plain = await isolated.create()
    assert (await plain.get_info()).memory_mb > 128
    python = Path("/usr/bin/python3")
    if python.exists() and find_groups("probe").controllers[:1] == ("memory",):
        hungry = f"{python} -c 'x = bytearray(300 << 20); print(len(x))' 2>/dev/null || echo killed"
        assert await said(plain, hungry) == str(300 << 20)
        assert await said(sandbox, hungry) == "killed"
    for each in (sandbox, plain):
        await each.kill()


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (AsyncTemplate().from_image("python:3"), "cannot start from image 'python:3'"),
        (AsyncTemplate().from_template("nowhere"), "'nowhere' not found"),
        (AsyncTemplate().from_base_image().run_cmd("true", user="root"), "no root"),
        (AsyncTemplate().from_base_image().set_start_cmd("true", "true"), "startCmd"),
    ],
)
async def test_what_cannot_be_built_here_is_refused_with_a_sentence(
    isolated: Provider, template: AsyncTemplate, words: str
) -> None:
    with pytest.raises(BuildException, match=words):
        await AsyncTemplate.build(template, "refused", **isolated.options)  # type: ignore[arg-type]  # both are


def test_the_wire_says_no_in_json(wire: Wire) -> None:
    for name in ("base", "Not a name", 7):
        answer = wire.ask("POST", "/v3/templates", {"name": name})
        assert answer.status in (400, 403)
        assert answer.json["message"]
    made = wire.ask("POST", "/v3/templates", {"name": "wired"}).json
    build = f"/v2/templates/{made['templateID']}/builds/{made['buildID']}"
    steps = {"steps": [{"type": "COPY", "args": ["a", "b"]}], "fromTemplate": "base"}
    answer = wire.ask("POST", build, steps)
    assert answer.status == 400
    assert "COPY" in answer.json["message"]
    assert wire.ask("GET", f"/templates/{made['templateID']}/files/abc").status == 501
    assert wire.ask("GET", "/templates/nope/builds/nope/status").status == 404


@pytest.mark.slow
async def test_half_built_templates_are_gone_after_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "state"
    try:
        options = options_of(ensure_running(state, arguments=FLAGS))
        await built(Provider("any", options), "whole", "echo whole > made")
        slow = AsyncTemplate().from_template("base").run_cmd("touch begun; sleep 60")
        info = await AsyncTemplate.build_in_background(slow, "half", **options)
        async with asyncio.timeout(20):
            while not list(state.glob("sandboxes/*/home/begun")):
                await asyncio.sleep(0.02)
        (state / "templates" / "torn").mkdir()
        os.kill(int((state / "server.lock").read_text()), signal.SIGKILL)
        options = options_of(ensure_running(state, arguments=FLAGS))
        assert not list(state.glob("sandboxes/*/home/begun"))
        (left,) = (state / "templates").iterdir()
        assert left.name != "torn"
        with pytest.raises(BuildException, match="404"):
            await AsyncTemplate.get_build_status(info, **options)
        assert await AsyncTemplate.exists("whole", **options)
        sandbox = await AsyncSandbox.create("whole", timeout=60, **options)
        assert await said(sandbox, "cat made") == "whole"
    finally:
        stop(state, kill_sandboxes=True)
