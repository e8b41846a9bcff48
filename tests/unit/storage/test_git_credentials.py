from pathlib import Path

from courier.storage.credentials import (
    Credentials,
    local_environment,
    remote_environment,
    remote_settings,
)

HOME = Path("/var/courier/home")
GIVEN = {
    "PATH": "/opt/bin",
    "HOME": "/home/hana",
    "SSH_AUTH_SOCK": "/run/agent",
    "GIT_DIR": "/elsewhere",
    "GIT_SSH_COMMAND": "ssh -i key",
    "COURIER_TOKEN": "s3cr3t",
    "AWS_SECRET_ACCESS_KEY": "s3cr3t",
    "https_proxy": "http://proxy",
}


def test_nothing_but_the_search_path_is_inherited_locally() -> None:
    for kind in ("none", "user", "token"):
        found = local_environment(Credentials(kind=kind, environment=GIVEN), HOME)
        assert found["PATH"] == "/opt/bin"
        assert found["HOME"] == str(HOME)
        assert found["GIT_CONFIG_GLOBAL"] == "/dev/null"
        assert "s3cr3t" not in str(found)
        assert "GIT_DIR" not in found
        assert "/home/hana" not in str(found)


def test_the_users_own_set_up_reaches_only_commands_that_talk_to_the_remote() -> None:
    found = remote_environment(Credentials(kind="user", environment=GIVEN), HOME)
    assert found["HOME"] == "/home/hana"
    assert found["SSH_AUTH_SOCK"] == "/run/agent"
    assert found["GIT_SSH_COMMAND"] == "ssh -i key"
    assert found["GIT_TERMINAL_PROMPT"] == "0"
    assert "GIT_CONFIG_GLOBAL" not in found
    assert "s3cr3t" not in str(found)
    assert "GIT_DIR" not in found


def test_a_token_is_named_by_its_file_and_meets_no_helper() -> None:
    given = Credentials(kind="token", environment=GIVEN, token_file=Path("/x/token"))
    found = remote_environment(given, HOME)
    assert found["COURIER_GIT_TOKEN_FILE"] == "/x/token"
    assert found["GIT_ASKPASS"] == str(HOME / "askpass")
    assert found["GIT_CONFIG_GLOBAL"] == "/dev/null"
    assert found["https_proxy"] == "http://proxy"
    assert remote_settings(given) == ("credential.helper=",)
