"""Secrets: names in, values only where a process starts, nothing of them in what is stored."""

import pytest

from courier.errors import MissingSecret
from courier.system import MOST_FETCHED, EnvironmentSecrets, secret_names

ENVIRONMENT = {"TOKEN": "t0ken-value", "QUOTED": 'with "quotes" in', "SHORT": "abc"}


def test_names_become_values_and_may_be_renamed() -> None:
    secrets = EnvironmentSecrets(ENVIRONMENT)
    assert secrets.resolve(["TOKEN", "API=TOKEN"]) == {
        "TOKEN": "t0ken-value",
        "API": "t0ken-value",
    }


def test_optional_ones_may_be_missing() -> None:
    assert EnvironmentSecrets(ENVIRONMENT).resolve(["?NONE", "?TOKEN", "?A=NONE"]) == {
        "TOKEN": "t0ken-value"
    }


def test_every_missing_name_is_told_at_once() -> None:
    with pytest.raises(MissingSecret, match="ONE, TWO"):
        EnvironmentSecrets(ENVIRONMENT).resolve(["ONE", "X=TWO", "TOKEN"])


def test_what_was_resolved_is_redacted_plain_and_inside_json() -> None:
    secrets = EnvironmentSecrets(ENVIRONMENT, names=["TOKEN"])
    secrets.resolve(["QUOTED"])
    assert secrets.redact("x t0ken-value y") == "x [secret TOKEN] y"
    assert secrets.redact('{"a": "with \\"quotes\\" in"}') == '{"a": "[secret QUOTED]"}'
    assert secrets.redact("abc") == "abc"


def test_what_is_fetched_later_is_redacted_too_and_so_is_what_it_took_the_place_of() -> None:
    secrets = EnvironmentSecrets(ENVIRONMENT, names=["TOKEN"])
    assert secrets.redact("ghs_first") == "ghs_first"
    for value in ("ghs_first", "ghs_second", "ghs_first", ""):
        secrets.conceal("APP", value)
    told = secrets.redact("ghs_first ghs_second t0ken-value")
    assert told == "[secret APP] [secret APP] [secret TOKEN]"
    for number in range(MOST_FETCHED):
        secrets.conceal("APP", f"ghs_number_{number}.")
    assert secrets.redact("ghs_first") == "ghs_first", "long out of date"
    assert secrets.redact("ghs_number_0.") == "[secret APP]"


def test_variables_that_look_secret_are_known_by_their_names() -> None:
    looks = {"MY_API_KEY": "", "GH_TOKEN": "", "PATH": "", "KEYBOARD": "", "DB_PASSWORD": ""}
    assert sorted(secret_names(looks)) == ["DB_PASSWORD", "GH_TOKEN", "MY_API_KEY"]
