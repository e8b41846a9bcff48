"""The settings of a database: what they mean, and that they are shown nowhere."""

import pytest

from courier.engine.postgres.schema import Database, schema_of
from courier.errors import Misused
from courier.settings import read_settings

URL = "postgresql://courier:s3cret-word@db.example.com:5433/work"


def test_the_password_is_not_shown() -> None:
    settings = read_settings({"COURIER_DATABASE_URL": URL})
    assert settings.database_url == URL
    assert "s3cret" not in repr(settings)
    database = Database(URL, "courier_demo")
    assert "s3cret" not in repr(database)
    assert str(database) == "work at db.example.com:5433, schema courier_demo"


@pytest.mark.parametrize("value", ["mysql://u:s3cret@h/d", "s3cret", "sqlite:///s3cret"])
def test_what_is_no_address_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(Misused) as refused:
        read_settings({"COURIER_DATABASE_URL": value})
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "rate"),
    [
        ({}, None),
        ({"E2B_API_KEY": "k"}, 1.0),
        ({"E2B_API_KEY": "k", "COURIER_SANDBOX_RATE": "5"}, 5.0),
        ({"COURIER_SANDBOX_RATE": "0.5"}, 0.5),
    ],
)
def test_sandboxes_a_second(environment: dict[str, str], rate: float | None) -> None:
    assert read_settings(environment).sandbox_rate == rate


@pytest.mark.parametrize("value", ["0", "-1", "fast", "inf", "nan"])
def test_no_rate_is_refused(value: str) -> None:
    with pytest.raises(Misused, match="COURIER_SANDBOX_RATE"):
        read_settings({"COURIER_SANDBOX_RATE": value})


def test_every_home_has_a_schema_of_its_own_that_fits() -> None:
    homes = ["app-0123456789ab", "App.x-0123456789ab", "x" * 80 + "a", "x" * 80 + "b"]
    schemas = [schema_of(home) for home in homes]
    assert len(set(schemas)) == len(homes)
    assert all(len(schema) <= 63 and schema.isidentifier() for schema in schemas)
