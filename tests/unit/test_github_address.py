"""Where a repository is on GitHub."""

import pytest

from courier.errors import Misconfigured
from courier.forges.github import address_of


@pytest.mark.parametrize(
    ("remote", "rest"),
    [
        ("https://github.com/acme/demo.git", "https://api.github.com"),
        ("https://x-access-token:t@github.com/acme/demo", "https://api.github.com"),
        ("git@github.com:acme/demo.git", "https://api.github.com"),
        ("ssh://git@ssh.github.com:443/acme/demo.git", "https://api.github.com"),
        ("https://git.example.org/acme/demo/", "https://git.example.org/api/v3"),
        ("http://127.0.0.1:8900/acme/demo.git", "http://127.0.0.1:8900/api/v3"),
    ],
)
def test_every_way_git_writes_it(remote: str, rest: str) -> None:
    found = address_of(remote)
    assert (found.rest, found.path) == (rest, "/repos/acme/demo")


def test_enterprise_servers_have_graphql_beside_rest() -> None:
    found = address_of("git@host:acme/demo.git", web="https://github.example.org/")
    assert found.graphql == "https://github.example.org/api/graphql"
    assert found.is_reached_by("https://github.example.org/acme/demo.git")
    assert not found.is_reached_by("git@host:acme/demo.git")


@pytest.mark.parametrize("remote", ["/srv/demo.git", "file:///srv/demo.git", "https://x.org/demo"])
def test_what_is_on_no_github(remote: str) -> None:
    with pytest.raises(Misconfigured, match="not on GitHub"):
        address_of(remote)


def test_a_secret_in_an_address_is_not_told() -> None:
    with pytest.raises(Misconfigured) as told:
        address_of("https://me:s3cret@x.org/demo")
    assert "s3cret" not in str(told.value)
