"""Keep one comment on a pull request: found again by its first line, else written anew."""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PAGES = 30


def ask(method: str, path: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{os.environ['API']}{path}", data=data, method=method)
    request.add_header("Authorization", f"Bearer {os.environ['TOKEN']}")
    request.add_header("Accept", "application/vnd.github+json")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)


def earlier(comments: str, marker: str) -> int | None:
    """Return the comment of an earlier time; a person's that quotes it is not taken for it."""
    for page in range(1, PAGES + 1):
        found = ask("GET", f"{comments}?per_page=100&page={page}")
        for one in found:
            if one["body"].startswith(marker) and one["user"]["type"] == "Bot":
                return int(one["id"])
        if len(found) < 100:
            return None
    return None


def main() -> int:
    body = Path(os.environ["COMMENT"]).read_text()
    repository, number = os.environ["REPOSITORY"], os.environ["NUMBER"]
    comments = f"/repos/{repository}/issues/{number}/comments"
    try:
        known = earlier(comments, body.splitlines()[0])
        if known is None:
            ask("POST", comments, {"body": body})
        else:
            ask("PATCH", f"/repos/{repository}/issues/comments/{known}", {"body": body})
    except urllib.error.HTTPError as refused:
        # The token of a pull request from a fork may only read.
        told = f"The plan is in the job's summary only: HTTP {refused.code}."
        sys.stdout.write(f"::warning::{told}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
