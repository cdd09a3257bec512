"""Words of held mails and where they stand: SQLite's FTS5, PostgreSQL's tsvector. Both know the same words (rules.terms).

The newest of all mails that have a word is found by walking places downwards, so that a word of every mail costs no more
than a rare one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, column, event, false, select, text
from sqlalchemy.orm import Mapped
from sqlmodel import Session

from services.digest.rules.terms import ASKED_MAX, words, words_of_all
from services.digest.tables import METADATA
from shared.events import MessageFacts

_CREATE: Mapping[str, Sequence[str]] = {
    "sqlite": (
        """CREATE VIRTUAL TABLE IF NOT EXISTS digest_text
        USING fts5 (subject, sender, rest, tokenize = 'unicode61 remove_diacritics 0')""",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS digest_text (place bigint PRIMARY KEY, words tsvector NOT NULL)",
        "CREATE INDEX IF NOT EXISTS ix_digest_text_words ON digest_text USING gin (words)",
    ),
}

_INSERT: Mapping[str, str] = {
    "sqlite": "INSERT OR REPLACE INTO digest_text (rowid, subject, sender, rest) VALUES (:place, :subject, :sender, :rest)",
    "postgresql": "INSERT INTO digest_text (place, words) VALUES (:place, CAST(:words AS tsvector)) ON CONFLICT DO NOTHING",
}

_FIND: Mapping[str, str] = {
    "sqlite": "SELECT rowid FROM digest_text WHERE digest_text MATCH :asked AND rowid <= :upto AND rowid >= :least "
    "ORDER BY rowid DESC LIMIT :count",
    "postgresql": "SELECT place FROM digest_text WHERE words @@ CAST(:asked AS tsquery) AND place <= :upto AND place >= :least "
    "ORDER BY place DESC LIMIT :count",
}

#: For what is found by other facts first: a database walks the rarer of both.
_AMONG: Mapping[str, str] = {
    "sqlite": "SELECT rowid AS place FROM digest_text WHERE digest_text MATCH :asked",
    "postgresql": "SELECT place FROM digest_text WHERE words @@ CAST(:asked AS tsquery)",
}

_DROP: Mapping[str, str] = {
    "sqlite": "DELETE FROM digest_text WHERE rowid = :place",
    "postgresql": "DELETE FROM digest_text WHERE place = :place",
}


@event.listens_for(METADATA, "after_create")
def _create(_: object, connection: Connection, **__: Any) -> None:
    """Make the index when it is not there: no mapper knows a table like it."""
    for statement in _CREATE[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def add(session: Session, place: int, message: MessageFacts, mail_from: str) -> None:
    """Index one mail."""
    subject = words(message.subject)
    sender = words_of_all((message.from_name, message.from_address, message.reply_to, mail_from))
    files = [file.name for file in message.attachments[:20]]
    rest = words_of_all((message.message_id, message.list_id, *files, *message.urls[:20]))
    connection = session.connection()
    values: dict[str, Any] = {"place": place}
    if connection.dialect.name == "sqlite":
        values |= {"subject": " ".join(subject), "sender": " ".join(sender), "rest": " ".join(rest)}
    else:
        values["words"] = _vector({"A": subject, "B": sender, "C": rest})
    connection.execute(text(_INSERT[connection.dialect.name]), values)


def drop(session: Session, places: Sequence[int]) -> None:
    """Forget mails."""
    if places:
        connection = session.connection()
        connection.execute(text(_DROP[connection.dialect.name]), [{"place": place} for place in places])


def asked_for(session: Session, *, anywhere: str, subject: str) -> str:
    """What `find` takes: mails that have all these words, in any field or in the subject, or words that begin so."""
    every, of_subject = words(anywhere, ASKED_MAX), words(subject, ASKED_MAX)
    if session.connection().dialect.name == "sqlite":
        return " AND ".join([*(f'"{word}" *' for word in every), *(f'subject : "{word}" *' for word in of_subject)])
    return " & ".join([*(f"{word}:*" for word in every), *(f"{word}:*A" for word in of_subject)])


def find(session: Session, asked: str, *, least: int, upto: int, count: int) -> list[int]:
    """The highest places, between two places, of mails that fit; at most `count`, none when nothing is asked for."""
    if not asked:
        return []
    connection = session.connection()
    bound = {"asked": asked, "upto": upto, "least": least, "count": count}
    return list(connection.execute(text(_FIND[connection.dialect.name]), bound).scalars())


def among(session: Session, asked: str, place: Mapped[int]) -> ColumnElement[bool]:
    """The condition that a place is that of a mail that fits; nothing fits when nothing is asked for."""
    if not asked:
        return false()
    query = text(_AMONG[session.connection().dialect.name]).bindparams(asked=asked).columns(column("place", BigInteger))
    return place.in_(select(query.subquery().c.place))


def _vector(fields: Mapping[str, Sequence[str]]) -> str:
    """A tsvector as PostgreSQL reads it; words are letters and digits, so that nothing in it needs quoting."""
    return " ".join(f"{word}:1{weight}" for weight, found in fields.items() for word in found)
