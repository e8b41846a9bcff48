"""`courier doctor` and what else looks at the machine."""

import json
import os
from pathlib import Path

import pytest

from courier.engine.postgres.schema import MIGRATIONS, Database, open_session
from courier.sandboxd.launcher import ensure_running, stop
from tests.cli.program import courier, repository
from tests.fakes.postgres import Server


def findings(said: str) -> dict[str, dict[str, str]]:
    told = json.loads(said)
    assert told["formatVersion"] == 2
    order = ["ok", "warning", "error"]
    worst = max((order.index(each["status"]) for each in told["checks"]), default=0)
    assert told["status"] == order[worst]
    return {each["name"]: each for each in told["checks"]}


def test_doctor_looks_at_machine_and_repository(tmp_path: Path) -> None:
    root = repository(tmp_path, {})
    said = courier("doctor", "-o", "json", cwd=root, COURIER_ALLOW_PLAIN="1", E2B_API_KEY="")
    found = findings(said.out)
    assert said.code == 0
    assert found["git"]["status"] == "ok"
    assert found["state folder"]["message"] == str(tmp_path / "state")
    assert found["identity"]["message"] == "Hana <hana@example.org>"
    assert "tracked branch main" in found["remote"]["message"]
    assert "0 runs in flight" in found["engine"]["message"]
    assert "GB free" in found["disk"]["message"]
    assert found["locks"]["status"] == found["left-over sandboxes"]["status"] == "ok"
    assert courier("doctor", "--json", cwd=root, COURIER_ALLOW_PLAIN="1", E2B_API_KEY="").out
    assert "✓ git" in courier("doctor", cwd=root, COURIER_ALLOW_PLAIN="1").out


def test_doctor_fails_where_courier_cannot_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = courier(
        "doctor", "-o", "json", cwd=tmp_path, COURIER_HOME=str(tmp_path / "file"), PATH="/nowhere"
    )
    found = findings(said.out)
    assert said.code == 1
    assert found["git"]["status"] == found["state folder"]["status"] == "error"
    assert found["repository"]["status"] == "warning"
    assert "COURIER_HOME" in found["state folder"]["nextStep"]


def test_doctor_knows_the_cloud_needs_a_key(tmp_path: Path) -> None:
    said = courier("doctor", "-o", "json", cwd=tmp_path, COURIER_SANDBOXES="cloud")
    assert findings(said.out)["sandboxes"]["status"] == "error"
    with_key = courier("doctor", "-o", "json", cwd=tmp_path, E2B_API_KEY="e2b_x")
    assert findings(with_key.out)["sandboxes"]["status"] == "ok"
    assert "e2b_x" not in with_key.out


def test_doctor_tells_every_agent_its_place_version_and_what_it_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {
        "claude": "#!/bin/sh\necho '9.9.9 (Claude Code)'\n",
        "codex": "#!/bin/sh\nexit 1\n",
        "pi": "#!/usr/bin/env node\n",
        "node": "#!/bin/sh\necho v22.18.1\n",
    }.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    path = f"{folder}:/usr/bin:/bin"
    said = courier("doctor", "-o", "json", cwd=tmp_path, PATH=path, ANTHROPIC_API_KEY="sk-ant-xyz")
    found = findings(said.out)
    claude, codex, pi = (found[f"agent {name}"] for name in ("claude", "codex", "pi"))
    assert (claude["status"], claude["message"]) == (
        "ok",
        f"9.9.9 (Claude Code) at {folder}/claude",
    )
    assert codex["status"] == "warning"
    assert "without a key" in codex["message"]
    assert "OPENAI_API_KEY" in codex["nextStep"]
    assert pi["message"].endswith(f"needs Node.js 22.19 or newer; {folder}/node is 22.18.")
    assert "npm install -g opencode-ai" in found["agent opencode"]["nextStep"]
    (folder / "node").write_text("#!/bin/sh\n[ $1 = --version ] && echo v22.19.0\n")
    said = courier("doctor", "-o", "json", cwd=tmp_path, PATH=path, ANTHROPIC_API_KEY="sk-ant-xyz")
    assert f"run by {folder}/node" in findings(said.out)["agent pi"]["message"]


@pytest.mark.slow
def test_doctor_knows_a_program_that_came_after_the_sandbox_server(tmp_path: Path) -> None:
    state, folder = tmp_path / "state", tmp_path / "bin"
    folder.mkdir()
    try:
        ensure_running(state / "sandboxd", arguments=("--allow-plain",))
        (folder / "codex").write_text("#!/bin/sh\necho codex-cli 9.9.9\n")
        (folder / "codex").chmod(0o755)
        known = {"PATH": f"{folder}:/usr/bin:/bin", "OPENAI_API_KEY": "sk-openai-xyz"}
        (tmp_path / "here").mkdir()
        said = courier("doctor", "-o", "json", cwd=tmp_path / "here", **known)
        assert "courier sandboxd stop" in findings(said.out)["agent codex"]["nextStep"]
        stop(state / "sandboxd", kill_sandboxes=True)
        exposed = ("--allow-plain", "--expose", str(folder / "codex"))
        ensure_running(state / "sandboxd", arguments=exposed)
        said = courier("doctor", "-o", "json", cwd=tmp_path / "here", **known)
        assert findings(said.out)["agent codex"]["status"] == "ok"
    finally:
        stop(state / "sandboxd", kill_sandboxes=True)


def test_settings_that_mean_nothing_are_misuse(tmp_path: Path) -> None:
    said = courier("doctor", cwd=tmp_path, COURIER_SANDBOXES="clowd")
    assert said.code == 2
    assert "names no provider" in said.err


def test_completion_scripts_for_every_shell(tmp_path: Path) -> None:
    for shell in ("bash", "zsh", "fish"):
        said = courier("completion", shell, cwd=tmp_path)
        assert "_COURIER_COMPLETE" in said.out


def test_doctor_tells_whether_templates_can_install_agents(tmp_path: Path) -> None:
    prefix = tmp_path / "node"
    package = prefix / "lib" / "node_modules" / "npm"
    for file, text in {
        prefix / "bin" / "node": "#!/bin/sh\necho v24.1.0\n",
        package / "bin" / "npm-cli.js": "#!/usr/bin/env node\n",
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
    (prefix / "bin" / "npm").symlink_to(package / "bin" / "npm-cli.js")
    path = f"{prefix}/bin:/usr/bin:/bin"
    said = courier("doctor", "-o", "json", cwd=tmp_path, PATH=path, COURIER_ALLOW_PLAIN="1")
    found = findings(said.out)["templates"]
    assert (found["status"], found["message"]) == (
        "ok",
        f"agents are installed by npm at {package}, Node.js v24.1.0",
    )
    cloud = courier("doctor", "-o", "json", cwd=tmp_path, PATH=path, E2B_API_KEY="e2b_x")
    assert "templates" not in findings(cloud.out)


def test_doctor_tells_what_does_not_reach_sandboxes(tmp_path: Path) -> None:
    proxy = {"HTTPS_PROXY": "http://me:hidden-word@proxy:3128"}
    lost = {"SSL_CERT_FILE": str(tmp_path / "lost.pem")}
    said = courier(
        "doctor", "-o", "json", cwd=tmp_path, COURIER_ALLOW_PLAIN="1", **{**proxy, **lost}
    )
    told = [each["message"] for each in json.loads(said.out)["checks"]]
    assert "HTTPS_PROXY does not reach sandboxes: It holds a user name or password." in told
    missing = f"{tmp_path}/lost.pem does not exist."
    assert f"SSL_CERT_FILE does not reach sandboxes: {missing}" in told
    assert "hidden-word" not in said.out + said.err


def test_doctor_tells_of_locks_that_were_left(tmp_path: Path) -> None:
    lock = tmp_path / "state/repositories/site-1/mirror.git/refs/heads/main.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text("")
    (tmp_path / "here").mkdir()

    def told() -> dict[str, str]:
        return findings(courier("doctor", "--json", cwd=tmp_path / "here").out)["locks"]

    assert told()["status"] == "ok", "somebody may be at it"
    os.utime(lock, (0, 0))
    assert told()["status"] == "warning"
    assert str(lock) in told()["message"]


def test_doctor_tells_whether_the_database_answers(tmp_path: Path) -> None:
    url = "postgresql://who:s3cretly@127.0.0.1:1/courier"
    (tmp_path / "here").mkdir()
    said = courier("doctor", "--json", cwd=tmp_path / "here", COURIER_DATABASE_URL=url)
    assert said.code == 1
    assert findings(said.out)["database"]["status"] == "error"
    assert "s3cretly" not in said.out


@pytest.mark.slow
def test_doctor_tells_the_version_of_the_tables(tmp_path: Path, postgres: Server) -> None:
    root = repository(tmp_path, {})
    variables = {"COURIER_DATABASE_URL": postgres.url, "COURIER_ALLOW_PLAIN": "1"}

    def told() -> dict[str, str]:
        return findings(courier("doctor", "--json", cwd=root, **variables).out)["database"]

    before = told()["message"]
    assert "tables are made when first needed" in before
    schema = before.partition("schema ")[2].split()[0]
    open_session(Database(postgres.url, schema), name="test").close()
    assert f"tables of version {len(MIGRATIONS)}" in told()["message"]
