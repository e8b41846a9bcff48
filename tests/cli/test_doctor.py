"""`courier doctor` and what else looks at the machine."""

import json
from pathlib import Path

import pytest

from courier.sandboxd.launcher import ensure_running, stop
from tests.cli.program import courier, repository


def findings(said: str) -> dict[str, dict[str, str]]:
    told = json.loads(said)
    assert told["formatVersion"] == 1
    return {each["name"]: each for each in told["findings"]}


def test_doctor_looks_at_machine_and_repository(tmp_path: Path) -> None:
    root = repository(tmp_path, {})
    said = courier("doctor", "-o", "json", cwd=root, COURIER_ALLOW_PLAIN="1", E2B_API_KEY="")
    found = findings(said.out)
    assert said.code == 0
    assert found["git"]["level"] == "ok"
    assert found["state folder"]["detail"] == str(tmp_path / "state")
    assert found["identity"]["detail"] == "Hana <hana@example.org>"
    assert "tracked branch main" in found["remote"]["detail"]
    assert "0 runs in flight" in found["engine"]["detail"]
    assert "✓ git" in courier("doctor", cwd=root, COURIER_ALLOW_PLAIN="1").out


def test_doctor_fails_where_courier_cannot_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = courier(
        "doctor", "-o", "json", cwd=tmp_path, COURIER_HOME=str(tmp_path / "file"), PATH="/nowhere"
    )
    found = findings(said.out)
    assert said.code == 1
    assert found["git"]["level"] == found["state folder"]["level"] == "missing"
    assert found["repository"]["level"] == "note"
    assert "COURIER_HOME" in found["state folder"]["advice"]


def test_doctor_knows_the_cloud_needs_a_key(tmp_path: Path) -> None:
    said = courier("doctor", "-o", "json", cwd=tmp_path, COURIER_SANDBOXES="cloud")
    assert findings(said.out)["sandboxes"]["level"] == "missing"
    with_key = courier("doctor", "-o", "json", cwd=tmp_path, E2B_API_KEY="e2b_x")
    assert findings(with_key.out)["sandboxes"]["level"] == "ok"
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
    assert (claude["level"], claude["detail"]) == ("ok", f"9.9.9 (Claude Code) at {folder}/claude")
    assert codex["level"] == "note"
    assert "without a key" in codex["detail"]
    assert "OPENAI_API_KEY" in codex["advice"]
    assert pi["detail"].endswith(f"needs Node.js 22.19 or newer; {folder}/node is 22.18.")
    assert "npm install -g opencode-ai" in found["agent opencode"]["advice"]
    (folder / "node").write_text("#!/bin/sh\n[ $1 = --version ] && echo v22.19.0\n")
    said = courier("doctor", "-o", "json", cwd=tmp_path, PATH=path, ANTHROPIC_API_KEY="sk-ant-xyz")
    assert f"run by {folder}/node" in findings(said.out)["agent pi"]["detail"]


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
        assert "courier sandboxd stop" in findings(said.out)["agent codex"]["advice"]
        stop(state / "sandboxd", kill_sandboxes=True)
        exposed = ("--allow-plain", "--expose", str(folder / "codex"))
        ensure_running(state / "sandboxd", arguments=exposed)
        said = courier("doctor", "-o", "json", cwd=tmp_path / "here", **known)
        assert findings(said.out)["agent codex"]["level"] == "ok"
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
    assert (found["level"], found["detail"]) == (
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
    told = [each["detail"] for each in json.loads(said.out)["findings"]]
    assert "HTTPS_PROXY does not reach sandboxes: It holds a user name or password." in told
    missing = f"{tmp_path}/lost.pem does not exist."
    assert f"SSL_CERT_FILE does not reach sandboxes: {missing}" in told
    assert "hidden-word" not in said.out + said.err
