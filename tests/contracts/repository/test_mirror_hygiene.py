"""What the mirror keeps away from, survives, and cleans up."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from courier.errors import Misconfigured, Unavailable
from courier.storage.git import Limits
from courier.storage.mirror import Mirror
from tests.contracts.scratch import GIT_ENV, Scratch


class TestNotTouchingWhatIsNotOurs:
    async def test_inherited_variables_and_user_settings_do_not_reach_git(
        self, scratch: Scratch, tmp_path: Path
    ) -> None:
        program = tmp_path / "fetch.py"
        program.write_text(
            "import asyncio, sys\nfrom pathlib import Path\n"
            "from courier.storage.mirror import Mirror\nfrom courier.system import SystemClock\n"
            "async def main():\n"
            "    mirror = Mirror(Path(sys.argv[1]), remote=sys.argv[2], clock=SystemClock())\n"
            "    await mirror.open()\n    await mirror.fetch()\n"
            "    print((await mirror.head()).commit)\n    await mirror.close()\n"
            "asyncio.run(main())\n"
        )
        hostile = {
            **GIT_ENV,
            "HOME": str(tmp_path),
            "GIT_DIR": str(scratch.human / ".git"),
            "GIT_INDEX_FILE": "/nonexistent/index",
            "GIT_OBJECT_DIRECTORY": "/nonexistent/objects",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "core.hooksPath",
            "GIT_CONFIG_VALUE_0": str(tmp_path),
        }
        (tmp_path / ".gitconfig").write_text('[url "/nonexistent"]\n\tinsteadOf = /\n')
        done = subprocess.run(
            [sys.executable, str(program), str(scratch.state), str(scratch.origin)],
            env=hostile,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == scratch.tip(), done.stderr

    async def test_what_a_kill_left_behind_is_swept_at_open(self, scratch: Scratch) -> None:
        mirror = await scratch.mirror().open()
        await mirror.fetch()
        await mirror.close()
        inside = mirror.plumbing.folder
        litter = [
            inside / "packed-refs.lock",
            inside / "refs" / "remotes" / "origin" / "main.lock",
            inside / "objects" / "pack" / "tmp_pack_x",
            inside / "objects" / "17" / "tmp_obj_x",
            mirror.plumbing.scratch / "gate-x" / "deep",
        ]
        for path in litter:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        again = await scratch.mirror().open()
        assert not [path for path in litter if path.exists()]
        await again.fetch()
        await again.close()

    async def test_a_live_process_keeps_its_locks(self, scratch: Scratch, mirror: Mirror) -> None:
        lock = mirror.plumbing.folder / "packed-refs.lock"
        lock.write_text("")
        beside = await scratch.mirror().open()
        assert lock.exists()
        os.utime(lock, (0, 0))
        await beside.close()
        third = await scratch.mirror().open()
        assert not lock.exists()
        await third.close()

    async def test_a_changed_remote_is_taken_up(self, scratch: Scratch, tmp_path: Path) -> None:
        first = await scratch.mirror().open()
        await first.close()
        scratch.origin.rename(tmp_path / 'odd "name" \\ here.git')
        moved = await scratch.mirror(remote=tmp_path / 'odd "name" \\ here.git').open()
        await moved.fetch()
        assert (await moved.head()).branch == "main"
        await moved.close()

    @pytest.mark.parametrize("url", ["", "-x", "relative/path", "a\nb:c"])
    async def test_a_malformed_remote_is_refused(self, scratch: Scratch, url: str) -> None:
        mirror = Mirror(scratch.state, remote=url, clock=scratch.mirror().plumbing.clock)
        with pytest.raises(Misconfigured):
            await mirror.open()


async def test_a_git_that_hangs_is_killed_with_its_children(
    scratch: Scratch, mirror: Mirror, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        await mirror.plumbing.local.run("cat-file", "--batch", limits=Limits(seconds=0.0))
    pid_file = tmp_path / "pid"
    slow = mirror.plumbing.local.at(scratch.human, f"alias.slow=!echo $$ > {pid_file}; sleep 60")
    with pytest.raises(Unavailable, match="did not end"):
        await slow.run("slow", limits=Limits(seconds=0.3))
    await _wait_until_dead(int(pid_file.read_text()))


async def _wait_until_dead(pid: int) -> None:
    async with asyncio.timeout(5):
        while True:
            stat = subprocess.run(
                ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
            ).stdout.strip()
            if stat in ("", "Z", "Zs"):
                return
            await asyncio.sleep(0.02)
