"""The files that start a team's courier: they parse, and ask for what exists."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from courier.cli.app import courier

FOLDER = Path(__file__).parents[2] / "docs" / "deploy"
UNITS = sorted(FOLDER.glob("*.service"))


def check_command(words: list[str]) -> None:
    """Have the command's own parser read the words."""
    program, name, *arguments = words
    assert Path(program).name == "courier"
    with courier.make_context("courier", [name], resilient_parsing=True) as context:
        command = courier.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments, parent=context)


def test_compose_starts_a_database_a_daemon_and_workers() -> None:
    composed: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    services = composed["services"]
    assert sorted(services) == ["daemon", "postgres", "worker"]
    for name in ("daemon", "worker"):
        service = services[name]
        check_command(service["command"])
        assert service["depends_on"]["postgres"]["condition"] == "service_healthy"
        url = service["environment"]["COURIER_DATABASE_URL"]
        assert url.endswith("@postgres/" + services["postgres"]["environment"]["POSTGRES_DB"])
    assert services["postgres"]["volumes"][0].partition(":")[0] in composed["volumes"]
    assert services["worker"]["deploy"]["replicas"] > 1


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_unit_starts_a_command_that_exists(unit: Path) -> None:
    read = configparser.RawConfigParser(strict=False, interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    read.read(unit)
    assert {"Unit", "Service", "Install"} <= set(read.sections())
    check_command(shlex.split(read["Service"]["ExecStart"]))
    assert read["Service"]["KillMode"] == "process"


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/courier/bin/courier", "/bin/true"))
    done = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
