"""How git itself gets a token: from a file, by asking a program; never from argv or a setting."""

import os
from pathlib import Path

from courier.storage.credentials import Credentials
from courier.storage.mirror import Mirror
from courier.system import SystemClock

ASKED = b"protocol=https\nhost=example.org\n\n"


async def test_git_is_answered_from_the_file(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken-value\n")
    token.chmod(0o600)
    mirror = Mirror(
        tmp_path / "courier",
        remote="https://example.org/o/r.git",
        clock=SystemClock(),
        credentials=Credentials(
            kind="token", environment={"PATH": os.environ["PATH"]}, token_file=token
        ),
    )
    await mirror.open()
    answer = await mirror.plumbing.remote.run("credential", "fill", stdin=ASKED)
    assert "username=x-access-token" in answer.text
    assert "password=t0ken-value" in answer.text
    kept = [path for path in (tmp_path / "courier").rglob("*") if path.is_file()]
    assert kept
    assert not [path for path in kept if b"t0ken-value" in path.read_bytes()]
    assert "t0ken-value" not in str(mirror.plumbing.remote)
    await mirror.close()


async def test_local_commands_are_answered_nothing(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("t0ken-value\n")
    mirror = Mirror(
        tmp_path / "courier",
        remote="https://example.org/o/r.git",
        clock=SystemClock(),
        credentials=Credentials(
            kind="token", environment={"PATH": os.environ["PATH"]}, token_file=token
        ),
    )
    await mirror.open()
    answer = await mirror.plumbing.local.run("credential", "fill", stdin=ASKED, accept=(0, 1, 128))
    assert "t0ken-value" not in answer.text
    await mirror.close()
