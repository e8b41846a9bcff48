"""What became of a commit whose answer was lost, also by a server that lost its memory."""

import pytest

from courier.engine.postgres.schema import open_session
from tests.fakes.postgres import Server, serving


@pytest.mark.slow
def test_a_number_that_was_given_twice_is_not_taken_for_ours() -> None:
    """A killed server has not written down which numbers it gave to what it had not committed."""
    reused = 0
    # Nothing reaches its log unless somebody commits.
    with serving("wal_writer_delay=10s", "autovacuum=off") as server:
        for round_ in range(4):
            reused += lost_and_given_again(server, f"courier_{round_}")
    assert reused > 0


def lost_and_given_again(server: Server, schema: str) -> bool:
    database = server.database(schema)
    ours = open_session(database, name="ours")
    ours.execute("CHECKPOINT")
    number = ours.begin()
    ours.execute("INSERT INTO facts VALUES ('mine', '1')")
    server.kill()
    server.start()
    ours.close()
    other = open_session(database, name="other")
    again = other.begin()
    other.execute("INSERT INTO facts VALUES ('theirs', '1')")
    other.commit(again)
    assert other.execute("SELECT name FROM facts").fetchall() == [("theirs",)]
    assert other.became_of(number) is False
    assert other.became_of(again) is True
    other.close()
    return number.partition("@")[0] == again.partition("@")[0]


def test_what_is_open_committed_or_rolled_back_is_told_apart(postgres: Server) -> None:
    database = postgres.database()
    ours, other = open_session(database, name="ours"), open_session(database, name="other")
    first = ours.begin()
    ours.execute("INSERT INTO facts VALUES ('a', '1')")
    assert other.became_of(first) is None
    ours.commit(first)
    assert other.became_of(first) is True
    second = ours.begin()
    ours.execute("INSERT INTO facts VALUES ('b', '1')")
    ours.roll_back()
    assert other.became_of(second) is False
    ours.close()
    other.close()
