"""The bare repository behind a fake repository: what git itself knows and does."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.fakes.github.message import Refusal


@dataclass(frozen=True)
class Depot:
    folder: Path

    def git(self, *args: str, accept: tuple[int, ...] = (0,), at: str = "") -> str:
        done = subprocess.run(
            ["git", *args],
            cwd=self.folder,
            capture_output=True,
            check=False,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_AUTHOR_NAME": "GitHub",
                "GIT_AUTHOR_EMAIL": "noreply@github.example",
                "GIT_COMMITTER_NAME": "GitHub",
                "GIT_COMMITTER_EMAIL": "noreply@github.example",
                **({"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at} if at else {}),
            },
        )
        if done.returncode not in accept:
            raise Refusal(500, f"git {args[0]}: {done.stderr}")
        return done.stdout.strip() if done.returncode == 0 else ""

    def tip(self, branch: str) -> str:
        """Return a branch's commit; empty if there is none."""
        args = ("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}^{{commit}}")
        return self.git(*args, accept=(0, 1))

    @property
    def default_branch(self) -> str:
        return self.git("symbolic-ref", "--short", "HEAD")

    def is_behind(self, commit: str, branch: str) -> bool:
        """Return whether a branch has a commit in its history."""
        done = subprocess.run(
            ["git", "merge-base", "--is-ancestor", commit, f"refs/heads/{branch}"],
            cwd=self.folder,
            capture_output=True,
            check=False,
        )
        return done.returncode == 0

    def merged_tree(self, base: str, head: str) -> str:
        """Return the tree of a clean merge; empty if it conflicts."""
        return self.git("merge-tree", "--write-tree", base, head, accept=(0, 1)).split("\n")[0]

    def merge(self, base: str, head: str, how: str, message: str) -> str:
        """Merge a commit into a branch and return the new tip.

        Raises:
            Refusal: If it cannot be done cleanly.
        """
        tip = self.tip(base)
        tree = self.merged_tree(tip, head)
        if not tree or how == "rebase":
            raise Refusal(405, "Pull Request is not mergeable")
        parents = ["-p", tip] if how == "squash" else ["-p", tip, "-p", head]
        commit = self.git("commit-tree", tree, *parents, "-m", message)
        self.git("update-ref", f"refs/heads/{base}", commit, tip)
        return commit
