"""The work tree: how a commit gets into a sandbox and how work comes out, whatever happened."""

import asyncio
import io
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from courier.engine.attempts import process, workspace
from courier.errors import Refused
from courier.ports.repository import Identity
from courier.ports.sandboxes import Completed, Sandbox, SandboxSpec
from courier.runs.briefs.brief import Launch
from courier.sandboxes.e2b import E2BSandboxes
from courier.system import SystemClock
from tests.fakes.embedded import Endpoint

REF = "refs/courier/out"
BOT = Identity("Courier Bot", "bot@example.com")
MESSAGE = "Work in progress\n\nSome body.\n\nCourier-Run: r1\nCourier-Step: write"


@dataclass(frozen=True)
class Host:
    """A repository on the host: what goes into the sandbox, and where bundles come back to."""

    folder: Path
    base: str
    archive: bytes

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ("git", *arguments), cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def take(self, bundle: bytes | None) -> str:
        """Fetch a bundle; return the commit it holds."""
        assert bundle is not None
        (self.folder / "in.bundle").write_bytes(bundle)
        self.git("fetch", "--quiet", "in.bundle", f"+{REF}:{REF}")
        self.git("fsck", "--strict", REF)
        return self.git("rev-parse", REF)

    def changes(self) -> list[str]:
        return self.git("diff", "--name-status", self.base, REF).splitlines()


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Host:
    folder = tmp_path_factory.mktemp("host")
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{
            f"GIT_{role}_{what}": "host@x"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ("git", *arguments), cwd=folder, check=True, capture_output=True, text=True, env=env
        )
        return done.stdout.strip()

    git("init", "--quiet", "-b", "main")
    for commit in ("older", "base"):
        (folder / "a.txt").write_text(f"{commit}\n")
        (folder / "tool.sh").write_text("#!/bin/sh\necho\n")
        (folder / "tool.sh").chmod(0o755)
        (folder / "sub").mkdir(exist_ok=True)
        (folder / "sub/b.txt").write_text("b\n")
        (folder / ".gitignore").write_text("ignored\n")
        git("add", "-A")
        git("commit", "--quiet", "-m", commit)
    shallow = tmp_path_factory.mktemp("shallow")
    git("clone", "--quiet", "--depth=1", f"file://{folder}", str(shallow / "c"))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(shallow / "c/.git", ".git")
    return Host(folder, git("rev-parse", "HEAD"), packed.getvalue())


@pytest.fixture
async def sandbox(sandboxd: Endpoint) -> AsyncIterator[Sandbox]:
    provider = E2BSandboxes(
        api_key=sandboxd.api_key,
        api_url=sandboxd.url,
        sandbox_url=sandboxd.url,
        clock=SystemClock(),
        environ=os.environ,
    )
    made = await provider.create(SandboxSpec(timeout_seconds=120))
    yield made
    await provider.kill(made.id)


@pytest.fixture
async def repo(sandbox: Sandbox, host: Host) -> str:
    return await workspace.prepare(sandbox, key="w", archive=host.archive, identity=BOT)


async def collect(sandbox: Sandbox, host: Host, message: str = MESSAGE) -> bytes | None:
    return await workspace.collect(sandbox, base=host.base, ref=REF, message=message, identity=BOT)


async def shell(sandbox: Sandbox, script: str) -> Completed:
    done = await sandbox.run(["sh", "-ec", script], cwd=workspace.folder(sandbox))
    assert done.exit_code == 0, done
    return done


async def test_a_prepared_work_tree_is_clean_and_knows_no_remote(
    sandbox: Sandbox, host: Host, repo: str
) -> None:
    assert repo == workspace.folder(sandbox) == f"{sandbox.home}/repo"
    assert (await shell(sandbox, "git status --porcelain")).stdout == ""
    assert (await shell(sandbox, "git rev-parse HEAD")).stdout.strip() == host.base
    who = await shell(
        sandbox, "git config user.name; git config user.email; cat a.txt; ls -l tool.sh"
    )
    assert who.stdout.startswith("Courier Bot\nbot@example.com\nbase\n-rwx")
    left = await shell(sandbox, "ls ~/.courier/workspace")
    assert left.stdout.split() == ["archive.tar", f"index-{host.base}", "lock", "ready"]


async def test_preparing_again_leaves_the_work_alone(
    sandbox: Sandbox, host: Host, repo: str
) -> None:
    await shell(sandbox, "echo work >a.txt; rm -rf .git")
    again = await workspace.prepare(sandbox, key="w", archive=host.archive, identity=BOT)
    assert (again, await sandbox.read(f"{repo}/a.txt")) == (repo, b"work\n")


async def test_a_new_key_starts_afresh(sandbox: Sandbox, host: Host, repo: str) -> None:
    await shell(sandbox, "echo work >a.txt; mkdir locked; echo x >locked/x; chmod 0 locked")
    await workspace.prepare(sandbox, key="w2", archive=host.archive, identity=BOT)
    assert (await shell(sandbox, "git status --porcelain; ls")).stdout == "a.txt\nsub\ntool.sh\n"
    assert await collect(sandbox, host) is None


async def test_an_unusual_name_arrives_as_it_is(sandbox: Sandbox, host: Host) -> None:
    odd = Identity('A "b" \\ # ; [x] ü', "a@b")
    await workspace.prepare(sandbox, key="w", archive=host.archive, identity=odd)
    told = await shell(sandbox, "git config user.name; git config user.email")
    assert told.stdout == f"{odd.name}\n{odd.email}\n"


async def test_a_link_in_place_of_the_work_tree_does_not_matter(
    sandbox: Sandbox, host: Host
) -> None:
    await sandbox.run(["sh", "-c", "ln -s nowhere ~/repo"])
    await workspace.prepare(sandbox, key="w", archive=host.archive, identity=BOT)
    assert (await shell(sandbox, "git status --porcelain; ls")).stdout == "a.txt\nsub\ntool.sh\n"


async def test_many_prepare_at_once(sandbox: Sandbox, host: Host) -> None:
    await asyncio.gather(
        *(workspace.prepare(sandbox, key="w", archive=host.archive, identity=BOT) for _ in range(5))
    )
    assert (await shell(sandbox, "git status --porcelain; ls")).stdout == "a.txt\nsub\ntool.sh\n"


@pytest.mark.parametrize("litter", ["repo/old", ".courier/workspace/new/half", "repo/.git/x"])
async def test_an_interrupted_preparation_is_done_again(
    sandbox: Sandbox, host: Host, litter: str
) -> None:
    await sandbox.write({f"{sandbox.home}/{litter}": b"half done"})
    await workspace.prepare(sandbox, key="w", archive=host.archive, identity=BOT)
    assert (await shell(sandbox, "git status --porcelain; ls")).stdout == "a.txt\nsub\ntool.sh\n"


@pytest.mark.usefixtures("repo", "git_identity")
class TestCollecting:
    async def test_nothing_changed_is_nothing(self, sandbox: Sandbox, host: Host) -> None:
        assert await collect(sandbox, host) is None
        await shell(sandbox, "touch a.txt; echo x >ignored; mkdir empty")
        assert await collect(sandbox, host) is None

    async def test_uncommitted_work_is_one_commit_of_ours(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(
            sandbox,
            "echo new >a.txt; rm sub/b.txt; printf 'ü\\n' >'na me ü'; chmod -x tool.sh; "
            "ln -s a.txt link; echo x >ignored",
        )
        tip = host.take(await collect(sandbox, host))
        assert sorted(host.changes()) == [
            'A\t"na me \\303\\274"',
            "A\tlink",
            "D\tsub/b.txt",
            "M\ta.txt",
            "M\ttool.sh",
        ]
        told = host.git("log", "-1", "--format=%P|%an|%ae|%cn|%ce|%B", tip).split("|")
        assert told[:5] == [host.base, BOT.name, BOT.email, BOT.name, BOT.email]
        assert told[5] == MESSAGE
        assert host.git("show", f"{tip}:a.txt") == "new"
        assert host.git("ls-tree", tip, "tool.sh", "link").split()[0::4] == ["120000", "100644"]

    async def test_the_agents_commits_are_kept(self, sandbox: Sandbox, host: Host) -> None:
        await shell(sandbox, "echo 1 >one; git add one; git commit -qm first; echo 2 >two")
        tip = host.take(await collect(sandbox, host))
        assert host.git("log", "--format=%s", f"{host.base}..{tip}").splitlines() == [
            "Work in progress",
            "first",
        ]
        await shell(sandbox, "git add -A; git commit -qm second")
        tip = host.take(await collect(sandbox, host))
        assert host.git("log", "--format=%s", f"{host.base}..{tip}") == "second\nfirst"

    @pytest.mark.slow
    async def test_the_same_work_is_the_same_commit(self, sandbox: Sandbox, host: Host) -> None:
        await shell(sandbox, "echo new >a.txt")
        first = host.take(await collect(sandbox, host))
        await asyncio.sleep(1.1)
        assert host.take(await collect(sandbox, host)) == first
        assert host.take(await collect(sandbox, host, "other words")) != first
        await shell(sandbox, "echo newer >a.txt")
        last = host.take(await collect(sandbox, host))
        assert host.git("show", f"{last}:a.txt") == "newer"

    async def test_it_changes_nothing_in_the_agents_git(self, sandbox: Sandbox, host: Host) -> None:
        await shell(sandbox, "echo new >a.txt; echo staged >s; git add s")
        look = "git status --porcelain; git for-each-ref; find .git -type f | xargs cksum"
        before = (await shell(sandbox, look)).stdout
        host.take(await collect(sandbox, host))
        assert (await shell(sandbox, look)).stdout == before

    async def test_a_change_that_hides_its_size_and_time_is_seen(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(sandbox, "cp -p a.txt /tmp/was; echo BASE >a.txt; touch -r /tmp/was a.txt")
        host.take(await collect(sandbox, host))
        assert host.git("show", f"{REF}:a.txt") == "BASE"

    async def test_several_collect_at_once(self, sandbox: Sandbox, host: Host) -> None:
        await shell(sandbox, "echo new >a.txt")
        bundles = await asyncio.gather(*(collect(sandbox, host) for _ in range(4)))
        assert len({host.take(bundle) for bundle in bundles}) == 1

    @pytest.mark.parametrize(
        "state",
        [
            "touch .git/index.lock",
            "touch .git/HEAD.lock .git/config.lock .git/shallow.lock",
            "git checkout -q -b other",
            "git checkout -q --orphan empty",
            "git config core.worktree /nowhere",
            "git config core.hooksPath /nowhere; git config core.fsmonitor 'exit 1'",
            "git config core.sparseCheckout true; echo sub >.git/info/sparse-checkout",
            "git config filter.f.clean 'exit 1'; git config filter.f.required true; "
            "echo '* filter=f' >.git/info/attributes",
            "git update-index --assume-unchanged a.txt",
            "git update-index --skip-worktree a.txt",
            "git rm -rq --cached .",
            "echo garbage >.git/index",
            "echo '[[garbage' >.git/config",
            "echo garbage >.git/HEAD",
            "rm -rf .git",
            "rm -rf .git/objects",
            "rm -rf .git; git init -q",
            "rm -rf .git; git init -q; git config user.name x; git config user.email x@y; "
            "git add -A; git commit -qm fresh",
            "rm -rf .git; echo 'gitdir: /nowhere' >.git",
            "chmod -R a-w .git",
        ],
    )
    async def test_the_work_comes_out_of_any_state(
        self, sandbox: Sandbox, host: Host, state: str
    ) -> None:
        await shell(sandbox, f"echo new >a.txt; echo x >added; {state}")
        host.take(await collect(sandbox, host))
        assert host.changes() == ["M\ta.txt", "A\tadded"]
        assert host.git("rev-list", "--count", f"{host.base}..{REF}") == "1"

    async def test_a_rebase_under_way_comes_out_with_its_conflict(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(
            sandbox,
            "git checkout -q -b one; echo one >a.txt; git commit -qam one; "
            f"git checkout -q -b two {host.base}; echo two >a.txt; git commit -qam two; "
            "! git rebase -q one 2>/dev/null",
        )
        tip = host.take(await collect(sandbox, host))
        assert "<<<<<<<" in host.git("show", f"{tip}:a.txt")
        assert host.git("merge-base", host.base, tip) == host.base

    async def test_rewritten_history_gives_its_tree_on_the_base(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(sandbox, "echo new >a.txt; git add -A; git commit -q --amend -m rewritten")
        tip = host.take(await collect(sandbox, host))
        assert host.git("rev-parse", f"{tip}^") == host.base
        assert host.git("show", f"{tip}:a.txt") == "new"

    async def test_commits_with_lost_objects_give_their_tree(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(
            sandbox,
            "echo 1 >one; git add one; git commit -qm first; "
            "id=$(git rev-parse HEAD:one); rm -f .git/objects/$(echo $id | sed 's/^../&\\//')",
        )
        host.take(await collect(sandbox, host))
        assert host.changes() == ["A\tone"]

    @pytest.mark.parametrize("inside", ["git init -q inner; echo x >inner/f", "commit"])
    async def test_another_repository_inside_is_refused_by_name(
        self, sandbox: Sandbox, host: Host, inside: str
    ) -> None:
        script = "git init -q inner; echo x >inner/f; "
        if inside == "commit":
            script += "cd inner; git add -A; git -c user.name=x -c user.email=x@y commit -qm x"
        await shell(sandbox, f"echo new >a.txt; {script}")
        with pytest.raises(Refused, match="inner") as caught:
            await collect(sandbox, host)
        assert caught.value.code == "NestedRepository"

    async def test_an_ignored_repository_inside_does_not_matter(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        await shell(sandbox, "git init -q ignored; echo x >ignored/f; echo new >a.txt")
        host.take(await collect(sandbox, host))
        assert host.changes() == ["M\ta.txt"]

    async def test_what_cannot_be_read_is_left_out(self, sandbox: Sandbox, host: Host) -> None:
        await shell(sandbox, "echo new >a.txt; echo x >closed; chmod 0 closed; mkfifo pipe")
        host.take(await collect(sandbox, host))
        assert "M\ta.txt" in host.changes()

    async def test_a_lost_work_tree_is_refused(self, sandbox: Sandbox, host: Host) -> None:
        await sandbox.run(["rm", "-rf", workspace.folder(sandbox)])
        with pytest.raises(Refused) as caught:
            await collect(sandbox, host)
        assert caught.value.code == "WorkspaceLost"

    @pytest.mark.slow
    async def test_work_is_collected_while_the_agent_works(
        self, sandbox: Sandbox, host: Host
    ) -> None:
        work = "i=$((i+1)); echo $i >f$((i % 50)); git add -A; git commit -qm $i"
        busy = f"i=0; while :; do {work}; done"
        launch = Launch(argv=("sh", "-c", busy))
        folder = workspace.folder(sandbox)
        await process.start(sandbox, launch, key="busy", workspace=folder, env={})
        for _ in range(5):
            await asyncio.sleep(0.1)
            host.take(await collect(sandbox, host))
        await process.stop(sandbox, "busy", grace_seconds=0)
        host.take(await collect(sandbox, host))
