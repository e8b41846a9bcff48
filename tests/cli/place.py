"""A person's place: a clone with its origin, a state folder, and documents that can be run."""

from pathlib import Path

from tests.cli.program import Said, courier, neutral
from tests.contracts.scratch import git, put

PROJECT = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  git: {name: courier, email: courier@example.com}
"""
WORKFLOW = """\
apiVersion: courier/v1
kind: Workflow
metadata: {name: write}
spec:
  type: single
  steps:
    - name: work
      type: designer
      agent: shell
      run: echo "Hello from the sandbox." | tee hello.txt
"""
SLOW = WORKFLOW.replace("name: write", "name: slow").replace("run: ", "run: sleep 30; ")


def asked(name: str, workflow: str = "write") -> str:
    return (
        f"apiVersion: courier/v1\nkind: Run\nmetadata: {{name: {name}}}\n"
        f"spec: {{workflow: {workflow}, prompt: Say hello.}}\n"
    )


class Place:
    """A person's clone, its origin, and a state folder with a sandbox server of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "clone"
        git("init", "-q", "--bare", "-b", "main", str(folder / "origin.git"), cwd=folder)
        git("clone", "-q", str(folder / "origin.git"), str(self.root), cwd=folder)
        git("switch", "-q", "-c", "main", cwd=self.root)
        documents = {"project.yaml": PROJECT, "write.yaml": WORKFLOW, "slow.yaml": SLOW}
        self.publish({f".courier/{name}": text for name, text in documents.items()})

    def publish(self, files: dict[str, str]) -> None:
        put(self.root, files)
        git("add", "-A", cwd=self.root)
        git("commit", "-q", "-m", "Ask", cwd=self.root)
        git("push", "-q", "-u", "origin", "main", cwd=self.root)

    def courier(self, *argv: str, **variables: str) -> Said:
        said = courier(*argv, cwd=self.root, COURIER_ALLOW_PLAIN="1", **variables)
        return Said(said.code, neutral(said.out, self.root), neutral(said.err, self.root))
