"""One connection to PostgreSQL: the only door to its library."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache
from secrets import token_hex
from typing import Any

import psycopg
from psycopg import conninfo, errors

from courier.engine.journal.writer import Answer
from courier.errors import Misconfigured

CONNECT_SECONDS = 5
TOGETHER = "; "

_KEEPALIVE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A link that was cut is noticed within about ten seconds."""

_MANNERS = (
    # Whoever is stopped in the middle of a transaction must not hold its locks for long.
    "SET idle_in_transaction_session_timeout = '5s'",
    "SET lock_timeout = '3s'",
    "SET statement_timeout = '60s'",
    "SET client_min_messages = 'warning'",
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
)


class Lost(Exception):
    """The connection is gone; what was not committed is not done."""


class InDoubt(Lost):
    """The connection went during a commit.

    Attributes:
        transaction: The number by which the server can be asked what became of it.
    """

    def __init__(self, transaction: str) -> None:
        super().__init__("The connection went during a commit.")
        self.transaction = transaction


class Busy(Exception):
    """Somebody else was in the way; nothing is done, and trying again may help."""


class Session:
    """Carries statements out, with values as ``?``, outside of or within transactions.

    Args:
        url: Where the database is, secrets included.
        name: What the server calls this connection.
        schema: Where unqualified names are looked up.
    """

    def __init__(self, url: str, *, name: str, schema: str | None = None) -> None:
        with _typed():
            self._connection = psycopg.connect(
                url, autocommit=True, application_name=name[:63], **_settings(url)
            )
            path = "" if schema is None else f'{TOGETHER}SET search_path TO "{schema}"'
            self._connection.execute(_text(TOGETHER.join(_MANNERS) + path))
        self._told: list[str] = []
        self._pen = token_hex(8)
        self._connection.add_notify_handler(lambda notice: self._told.append(notice.payload))

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> Answer:
        """Carry one statement out.

        Raises:
            Lost: If the connection is gone.
            Busy: If somebody else is in the way.
        """
        plain = [str(value) if isinstance(value, StrEnum) else value for value in values]
        with _typed():
            answer: Answer = self._connection.execute(_text(_numbered(statement)), plain or None)
            return answer

    def run(self, script: str) -> None:
        """Carry several statements out, divided by semicolons."""
        with _typed():
            self._connection.execute(_text(script))

    def begin(self) -> str:
        """Begin a transaction and return by which name it can be asked after."""
        with _typed():
            cursor = self._connection.execute("BEGIN; SELECT pg_current_xact_id()::text")
            cursor.nextset()
            row: Any = cursor.fetchone()
            return f"{row[0]}@{self._pen}"

    def commit(self, transaction: str) -> None:
        """Commit, leaving a receipt.

        Raises:
            InDoubt: If nobody knows what came of it.
        """
        number, _, pen = transaction.partition("@")
        receipt = (
            f"INSERT INTO receipts (pen, number) VALUES ('{pen}', '{int(number)}')"  # noqa: S608 - our own words
            " ON CONFLICT (pen) DO UPDATE SET number = excluded.number, at = clock_timestamp()"
        )
        try:
            self.run(f"{receipt}{TOGETHER}COMMIT")
        except Lost as lost:
            raise InDoubt(transaction) from lost

    def roll_back(self) -> None:
        """Undo the transaction that is open; none, or no connection, is fine."""
        try:
            self.execute("ROLLBACK")
        except (Lost, Busy):
            self.close()

    def became_of(self, transaction: str) -> bool | None:
        """Return whether a transaction was committed; None while that is open.

        A server that crashed may give the number of a transaction it lost to another one, which is
        then told to be committed; so only the receipt says that it was ours.
        """
        number, _, pen = transaction.partition("@")
        row = self.execute("SELECT pg_xact_status(?::xid8)", (number,)).fetchone()
        if row[0] == "in progress":
            return None
        left = self.execute("SELECT number FROM receipts WHERE pen = ?", (pen,)).fetchone()
        return left is not None and left[0] == number

    def fileno(self) -> int:
        """Return what becomes readable when the server has something to say."""
        with _typed():
            return int(self._connection.fileno())

    def hear(self) -> list[str]:
        """Return what others told since the last look, without waiting."""
        with _typed():
            wire = self._connection.pgconn
            wire.consume_input()
            while (notice := wire.notifies()) is not None:
                self._told.append(notice.extra.decode())
        told, self._told = self._told, []
        # Told within statements of ours, by the handler.
        return told

    def close(self) -> None:
        """Let go of the connection; gone already is fine."""
        self._connection.close()


def described(url: str) -> str:
    """Return where a database is, without its secrets."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        return "a database whose URL cannot be read"
    host, port = parts.get("host") or "local", parts.get("port") or 5432
    return f"{parts.get('dbname') or parts.get('user') or '?'} at {host}:{port}"


def _settings(url: str) -> dict[str, Any]:
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.Error as unreadable:
        raise Misconfigured(
            "The database's URL cannot be read.",
            next_step="It is like postgresql://user:password@host:5432/courier.",
        ) from unreadable
    return {name: value for name, value in _KEEPALIVE.items() if name not in given}


@lru_cache(maxsize=512)
def _numbered(statement: str) -> str:
    return statement.replace("?", "%s")


def _text(statement: str) -> bytes:
    return statement.encode()


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except (
        errors.DeadlockDetected,
        errors.LockNotAvailable,
        errors.SerializationFailure,
        errors.QueryCanceled,
    ) as busy:
        raise Busy(str(busy)) from busy
    except (psycopg.OperationalError, psycopg.InterfaceError) as lost:
        raise Lost(_first_line(lost)) from lost


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
