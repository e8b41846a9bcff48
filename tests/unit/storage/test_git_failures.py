import pytest

from courier.errors import Conflict, Misconfigured, Unavailable
from courier.storage.failures import Moved, Rearranging, failure, push_failure, pushed_refs

PORCELAIN = (
    "To /x/origin.git\n"
    "*\trefs/a:refs/heads/a\t[new branch]\n"
    "=\trefs/b:refs/heads/b\t[up to date]\n"
    "!\trefs/c:refs/heads/c\t[rejected] (stale info)\n"
    "Done\n"
)


def test_a_porcelain_report_is_read_by_ref() -> None:
    refs = {pushed.ref: pushed for pushed in pushed_refs(PORCELAIN)}
    assert [refs[f"refs/heads/{name}"].accepted for name in "abc"] == [True, True, False]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("[rejected] (stale info)", Moved),
        ("[rejected] (fetch first)", Moved),
        ("[rejected] (non-fast-forward)", Moved),
        ("[remote rejected] (cannot lock ref 'refs/heads/x': is at 1 but expected 2)", Moved),
        ("[remote rejected] (failed to update ref)", Moved),
        ("[remote rejected] (branch is currently checked out)", Conflict),
        ("[remote rejected] (deletion of the current branch prohibited)", Conflict),
        ("[remote rejected] (pre-receive hook declined)", Misconfigured),
        ("[remote rejected] (protected branch hook declined)", Misconfigured),
        ("[remote rejected] (push declined due to repository rule violations)", Misconfigured),
        ("[remote rejected] (missing necessary objects)", Rearranging),
        ("[remote rejected] (unpacker error)", Rearranging),
    ],
)
def test_why_a_ref_was_refused(reason: str, kind: type[Exception]) -> None:
    pushed = pushed_refs(f"!\tHEAD:refs/heads/x\t{reason}\n")[0]
    found = push_failure(pushed, "remote: error: GH006: Protected branch")
    assert type(found) is kind
    assert "GH006" in found.detail


@pytest.mark.parametrize(
    "stderr",
    [
        "fatal: Authentication failed for 'https://github.com/o/r.git/'",
        "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
        "git@github.com: Permission denied (publickey).",
        "remote: Repository not found.",
        "error: The requested URL returned error: 403",
        "fatal: '/x' does not appear to be a git repository",
        "fatal: detected dubious ownership in repository at '/x'",
        "Host key verification failed.",
        "fatal: transport 'ext' not allowed",
    ],
)
def test_what_retrying_cannot_cure(stderr: str) -> None:
    found = failure("fetch", stderr)
    assert isinstance(found, Misconfigured)
    assert found.next_step


@pytest.mark.parametrize(
    "stderr",
    [
        "fatal: unable to access 'https://x/': Could not resolve host: x",
        "error: The requested URL returned error: 502",
        "fatal: the remote end hung up unexpectedly",
        "fatal: Unable to create '/x/packed-refs.lock': File exists.",
        "ssh: connect to host x port 22: Connection timed out",
        "",
    ],
)
def test_what_may_pass(stderr: str) -> None:
    assert isinstance(failure("fetch", stderr), Unavailable)


def test_a_token_in_a_url_is_not_repeated() -> None:
    told = str(failure("fetch", "fatal: unable to access 'https://me:s3cr3t@example.org/x.git/'"))
    assert "s3cr3t" not in told
    assert "https://example.org/x.git" in told
