"""What of the machine's settings reaches sandboxes and template builds, and what never does."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from e2b import AsyncSandbox, AsyncTemplate

from courier.sandboxd.addresses import PROXIES, is_clean
from courier.sandboxd.registries import with_files
from courier.sandboxd.surroundings import AUTHORITIES, EXCEPTIONS, REGISTRIES, survey
from tests.contracts.sandboxd.conftest import RUNGS, Provider, options_for
from tests.fakes.embedded import serving

ROOT = "-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nbm90aGluZw==\n-----END PRIVATE KEY-----\n"


def anything(_: Path) -> bool:
    return True


def put(path: Path, text: str = ROOT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_authorities_are_passed_on_and_shown_where_they_are_hidden(tmp_path: Path) -> None:
    one, two = put(tmp_path / "one.pem"), put(tmp_path / "folder" / "two.pem")
    found = survey({"SSL_CERT_FILE": str(one), "SSL_CERT_DIR": f"/etc:{two.parent}"}, anything)
    assert found.variables == {"SSL_CERT_FILE": str(one), "SSL_CERT_DIR": f"/etc:{two.parent}"}
    assert found.shown == (one, two.parent)
    assert found.kept_back == {}


def test_a_link_is_shown_with_what_it_leads_to(tmp_path: Path) -> None:
    real = put(tmp_path / "real.pem")
    (tmp_path / "link.pem").symlink_to(real)
    found = survey({"PIP_CERT": str(tmp_path / "link.pem")}, anything)
    assert found.shown == (tmp_path / "link.pem", real)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing.pem", "does not exist"),
        ("key.pem", "holds a private key"),
        ("mixed", "holds a private key"),
        ("deep", "holds more than files"),
        ("closed.pem", "cannot be read by sandboxes"),
    ],
)
def test_what_is_no_use_or_a_danger_is_kept_back(tmp_path: Path, name: str, reason: str) -> None:
    put(tmp_path / "key.pem", ROOT + KEY)
    put(tmp_path / "mixed" / "ca.pem")
    put(tmp_path / "mixed" / "ca.key", KEY)
    put(tmp_path / "deep" / "below" / "ca.pem")
    put(tmp_path / "closed.pem")
    good = put(tmp_path / "good.pem")
    wanted = {"CURL_CA_BUNDLE": str(tmp_path / name), "SSL_CERT_FILE": str(good)}
    found = survey(wanted, lambda path: path.name != "closed.pem")
    assert found.variables == {"SSL_CERT_FILE": str(good)}
    assert found.shown == (good,)
    assert list(found.kept_back) == ["CURL_CA_BUNDLE"]
    assert reason in found.kept_back["CURL_CA_BUNDLE"]


def test_a_relative_path_means_nothing_to_another_process() -> None:
    assert survey({"SSL_CERT_FILE": "pyproject.toml"}, anything).variables == {}


def test_proxies_are_passed_on_unless_they_hold_a_password() -> None:
    found = survey(
        {
            "HTTP_PROXY": "http://proxy:3128",
            "https_proxy": "http://me:secret@proxy:3128",
            "ALL_PROXY": "me@proxy:1080",
            "no_proxy": "intern,localhost",
        },
        anything,
    )
    local = "intern,localhost,127.0.0.1,::1"
    proxy = {"HTTP_PROXY": "http://proxy:3128"}
    assert found.variables == {**proxy, "no_proxy": local, "NO_PROXY": local}
    assert set(found.kept_back) == {"https_proxy", "ALL_PROXY"}
    assert "secret" not in str(found)


def test_exceptions_without_a_proxy_mean_nothing() -> None:
    assert survey({"NO_PROXY": "intern"}, anything).variables == {}


def test_registries_are_for_builds_only() -> None:
    clean = {"npm_config_registry": "https://npm.intern/", "PIP_INDEX_URL": "https://pip.intern/"}
    secret = {"PIP_EXTRA_INDEX_URL": "https://a.intern/ https://t0ken@b.intern/simple"}
    found = survey(clean | secret, anything)
    assert (found.variables, found.building) == ({}, clean)
    assert list(found.kept_back) == ["PIP_EXTRA_INDEX_URL"]


@pytest.mark.parametrize("address", ["http://[broken", "//a@b", "x@y", "https://:p@h/"])
def test_what_may_hold_a_password_is_not_clean(address: str) -> None:
    assert not is_clean(address)


def test_settings_files_count_less_than_variables(tmp_path: Path) -> None:
    put(
        tmp_path / ".npmrc",
        "; mine\nregistry = 'https://npm.intern/'\ncafile=/etc/one.pem\n"
        "//npm.intern/:_authToken=${TOKEN}\n",
    )
    put(
        tmp_path / ".config" / "pip" / "pip.conf",
        "[global]\nindex-url = https://pip.intern/\nextra-index-url =\n  https://a/\n  https://b/\n",
    )
    home = {"HOME": str(tmp_path), "PIP_INDEX_URL": "https://mine/"}
    assert with_files(home) == home | {
        "NPM_CONFIG_REGISTRY": "https://npm.intern/",
        "NPM_CONFIG_CAFILE": "/etc/one.pem",
        "PIP_EXTRA_INDEX_URL": "https://a/ https://b/",
    }
    chosen = home | {"npm_config_registry": "https://other/"}
    assert "NPM_CONFIG_REGISTRY" not in with_files(chosen)


@pytest.mark.parametrize("text", ["registry", "registry=${REGISTRY}\n", "[broken\n=\n", "\0"])
def test_settings_files_that_say_nothing_clear_are_passed_over(tmp_path: Path, text: str) -> None:
    put(tmp_path / ".npmrc", text)
    put(tmp_path / ".pip" / "pip.conf", text)
    assert with_files({"HOME": str(tmp_path)}) == {"HOME": str(tmp_path)}


@pytest.fixture(params=RUNGS)
def around(
    request: pytest.FixtureRequest, providers: dict[str, Provider], open_directory: Path
) -> Iterator[Provider]:
    """A server of each rung on a machine with authorities, proxies and registries of its own."""
    assert providers[request.param].endpoint is not None
    authority = put(open_directory / "authorities" / "root.pem")
    authority.parent.chmod(0o755)
    closed = put(open_directory / f"closed-{request.param}.pem")
    closed.chmod(0)
    machine = {
        "SSL_CERT_FILE": str(authority),
        "SSL_CERT_DIR": str(authority.parent),
        "PIP_CERT": str(closed),
        "HTTP_PROXY": "http://proxy:3128",
        "HTTPS_PROXY": "http://me:secret@proxy:3128",
        "npm_config_registry": "https://npm.intern/",
    }
    with ExitStack() as running:
        with pytest.MonkeyPatch.context() as patched:
            for name in {*AUTHORITIES, *PROXIES, *REGISTRIES, *EXCEPTIONS} & {*os.environ}:
                patched.delenv(name)
            for name, value in machine.items():
                patched.setenv(name, value)
            flags = ("--isolation", request.param, "--allow-plain", "--spares", "0")
            state = open_directory / f"around-{request.param}"
            endpoint = running.enter_context(serving(state, *flags))
        yield Provider(request.param, options_for(endpoint), endpoint)


@pytest.mark.slow
async def test_every_rung_shows_authorities_and_keeps_secrets(around: Provider) -> None:
    sandbox = await around.create(envs={"SSL_CERT_DIR": "/own"})

    async def said(command: str, **envs: str) -> str:
        return (await sandbox.commands.run(command, envs=envs)).stdout

    assert await said("cat $SSL_CERT_FILE") == ROOT
    assert await said("echo $SSL_CERT_DIR $SSL_CERT_FILE", SSL_CERT_FILE="/mine") == "/own /mine\n"
    assert await said("echo $HTTP_PROXY $NO_PROXY") == (
        "http://proxy:3128 localhost,127.0.0.1,::1\n"
    )
    if around.rung != "plain":
        assert await said("echo x >> $SSL_CERT_FILE || echo refused") == "refused\n"
    elsewhere = await said("env")
    assert "secret" not in elsewhere
    assert "npm.intern" not in elsewhere
    assert ("PIP_CERT" in elsewhere) == (around.rung == "plain" and os.geteuid() == 0)
    await sandbox.kill()


@pytest.mark.slow
async def test_builds_know_the_registries_and_templates_do_not(around: Provider) -> None:
    template = AsyncTemplate().from_template("base")
    command = 'echo "$npm_config_registry" > told; cat "$SSL_CERT_FILE" > root'
    await AsyncTemplate.build(template.run_cmd(command), "told", **around.options)
    sandbox = await AsyncSandbox.create("told", timeout=60, **around.options)
    found = await sandbox.commands.run("cat told root; env")
    assert found.stdout.startswith(f"https://npm.intern/\n{ROOT}")
    assert "npm_config_registry" not in found.stdout
    await sandbox.kill()
