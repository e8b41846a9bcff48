"""`courier demo --agent claude`: the whole demo with the real Claude Code, on scripted answers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.clis.local import TOOLS
from tests.fakes.models import ScriptedModels, pair
from tests.fakes.models.script import Call

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.skipif(not (TOOLS / "claude").exists(), reason="not installed: `make tools`"),
]
WRONG = """sed -i 's/title.lower()/title.lower().replace("!", "")/' textkit/slug.py"""
RIGHT = """cat > textkit/slug.py <<'PYTHON'
import re


def slugify(title: str) -> str:
    return "-".join(re.findall(r"\\w+", title.lower()))
PYTHON"""


def bash(command: str) -> Call:
    return Call("Bash", {"command": command, "description": "change it"})


def test_the_demo_goes_through_with_the_real_agent(tmp_path: Path) -> None:
    script = pair(wrong=[bash(WRONG)], right=[bash(RIGHT)], check=bash("true"))
    with ScriptedModels({"demo": script}) as models:
        environment = {
            "PATH": f"{TOOLS}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "COURIER_HOME": str(tmp_path / "courier"),
            "ANTHROPIC_API_KEY": "sk-ant-scripted-key",
            "ANTHROPIC_BASE_URL": models.base_url("demo", "demo"),
            "LANG": "C.UTF-8",
        }
        courier = [sys.executable, "-m", "courier"]
        done = subprocess.run(
            [*courier, "demo", "--agent", "claude", "--dir", str(tmp_path / "demo")],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        subprocess.run([*courier, "sandboxd", "stop"], env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "check 1" in done.stdout
    assert "fail" in done.stdout
    assert "#1 created, into main" in done.stdout
    assert "sk-ant-scripted-key" not in done.stdout + done.stderr
    prompts = [asked.prompt for asked in models.asked("demo")]
    assert any("The checker rejected the work so far" in prompt for prompt in prompts)
