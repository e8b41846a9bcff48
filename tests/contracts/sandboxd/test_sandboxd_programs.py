"""Which agent programs are found on this machine, and what of them sandboxes are shown."""

import platform
from pathlib import Path

import pytest

from courier.sandboxd.cells import gather_tools
from courier.sandboxd.programs import exposed_by, find_programs
from courier.settings import read_settings

NODE_SCRIPT = "#!/usr/bin/env node\n"
ARCHITECTURE = platform.machine()


def program(path: Path, content: str = "\x7fELF") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    path.chmod(0o755)
    return path


def link(path: Path, target: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert find_programs(str(tmp_path)) == []


def test_a_native_program_is_one_file(tmp_path: Path) -> None:
    file = link(tmp_path / "bin" / "claude", program(tmp_path / "versions" / "claude.exe"))
    (found,) = find_programs(str(file.parent))
    assert (found.name, found.file, found.exposed, found.node) == ("claude", file, (file,), None)


@pytest.mark.parametrize("place", ["codex-linux", "codex/node_modules/@openai/codex-linux"])
def test_a_script_that_only_starts_a_native_program_is_passed_over(
    tmp_path: Path, place: str
) -> None:
    modules = tmp_path / "lib" / "node_modules" / "@openai"
    script = program(modules / "codex" / "bin" / "codex.js", NODE_SCRIPT)
    vendor = modules / place / "vendor" / f"{ARCHITECTURE}-unknown-linux-musl"
    program(vendor / "bin" / "codex")
    program(modules / place / "vendor" / "other-unknown-linux-musl" / "bin" / "codex")
    link(tmp_path / "bin" / "codex", script)
    (found,) = find_programs(str(tmp_path / "bin"))
    assert found.exposed == (vendor,)
    tools = gather_tools(tmp_path / "library", found.exposed)
    assert vendor / "bin" in tools.bins


def test_a_script_brings_its_packages_and_the_node_beside_it(tmp_path: Path) -> None:
    modules = tmp_path / "lib" / "node_modules"
    inner = modules / "@earendil-works" / "pi-coding-agent"
    script = program(inner / "dist" / "cli.js", NODE_SCRIPT)
    file = link(tmp_path / "bin" / "pi", script)
    node = program(tmp_path / "bin" / "node")
    other = program(tmp_path / "other" / "node")
    (found,) = find_programs(f"{other.parent}:{file.parent}")
    assert found.node == node
    assert found.exposed == (modules, file, node)
    tools = gather_tools(tmp_path / "library", found.exposed)
    assert modules in tools.shown
    assert modules not in tools.bins
    assert dict(tools.links) == {"pi": script, "node": node}


def test_a_script_without_node_is_found_all_the_same(tmp_path: Path) -> None:
    program(tmp_path / "pi", NODE_SCRIPT)
    (found,) = find_programs(str(tmp_path))
    assert found.node is None
    assert tmp_path / "pi" in found.exposed


def test_settings_expose_what_was_asked_for_and_what_was_found(tmp_path: Path) -> None:
    file = program(tmp_path / "bin" / "opencode")
    settings = read_settings({"PATH": str(file.parent), "COURIER_EXPOSE": "/opt/more:/srv/x"})
    assert settings.expose == (Path("/opt/more"), Path("/srv/x"), file)
    assert list(exposed_by([])) == []


def test_settings_pass_no_proxy_on_that_holds_a_password() -> None:
    proxies = {"HTTP_PROXY": "http://proxy:1", "HTTPS_PROXY": "http://me:secret@proxy:1"}
    found = read_settings({"PATH": "", "OPENAI_BASE_URL": "http://a@b/", **proxies}).agent_env
    assert found == {"OPENAI_BASE_URL": "http://a@b/", "HTTP_PROXY": "http://proxy:1"}
