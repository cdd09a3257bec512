"""The stores against what they are for: each promise is kept by doveadm over HTTP, by IMAP, and by the one in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from services.mailboxes import steps
from services.mailboxes.rules.likeness import Found
from services.mailboxes.stores import MailStore, Query
from services.mailboxes.stores.memory import MemoryBox, MemoryStore
from services.mailboxes.stores.opening import open_store
from shared.errors import Defer, Reject
from shared.events import PurgeMatch
from tests.dovecot import AT, KEY, MASTER, PASSWORD, Dovecot, dovecot, may_run
from tests.mails import mail

ANA, BEN = "ana@example.org", "ben@example.org"
ID = Query("1@parcel-fee.example")
MATCH = PurgeMatch(message_id="1@parcel-fee.example", from_address="fee@parcel-fee.example")
LATER = datetime(2026, 11, 24, 23, 30, 5, tzinfo=UTC)

#: Names that could be patterns, need encoding, or have levels.
FOLDERS = ("Bücher & Zeitung", "a*b/c%d", "Work/2026")


@dataclass
class Place:
    """A store, and a way to look at it that isn't the store's own."""

    store: MailStore
    deliver: Callable[..., None]
    state: Callable[[str], list[str]]
    server: Dovecot | None = None


def in_memory() -> Place:
    store = MemoryStore()
    store.boxes = {ANA: MemoryBox(), BEN: MemoryBox()}

    def deliver(
        user: str, *raws: bytes, folder: str = "INBOX", at: datetime = AT, flags: tuple[bytes, ...] = ()
    ) -> None:
        for raw in raws:
            store.boxes[user].deliver(raw, at, folder=folder, flags=frozenset(flag.decode() for flag in flags))

    return Place(store, deliver, lambda user: store.boxes[user].state())


def url_of(driver: str, server: Dovecot) -> str:
    if driver == "doveadm":
        return f"doveadm+http://:{quote(KEY, safe='')}@127.0.0.1:{server.http_port}"
    return f"imap://{MASTER}:{quote(PASSWORD, safe='')}@127.0.0.1:{server.imap_port}"


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot(ANA, BEN) as made:
        yield made


@pytest.fixture(params=["memory", "doveadm", "imap", "imap without MOVE"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    if request.param == "memory":
        yield in_memory()
        return
    if not may_run():
        pytest.skip("no Dovecot that this user may start")
    if request.param == "imap without MOVE":
        hide_move(monkeypatch)
    users = tmp_path / "users"
    users.write_text(f"# all of them\n{ANA}\n\n{BEN}\n")
    server = request.getfixturevalue("server")
    server.empty()
    store = open_store(url_of(request.param.split()[0], server), users)
    assert store
    yield Place(store, server.deliver, server.state, server)


def hide_move(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server seem older than RFC 6851."""
    from imapclient import IMAPClient

    has: Any = IMAPClient.has_capability
    monkeypatch.setattr(IMAPClient, "has_capability", lambda self, word: word != "MOVE" and has(self, word))


def find(place: Place, user: str, query: Query = ID) -> list[Found]:
    with place.store.open(user) as box:
        return sorted(box.find(query), key=lambda one: one.folder)


def test_mailboxes_are_listed(place: Place) -> None:
    assert place.store.mailboxes() == [ANA, BEN]


def test_a_mail_is_found_in_every_folder_by_its_message_id(place: Place) -> None:
    for folder in ("INBOX", *FOLDERS):
        place.deliver(ANA, mail(), mail(message_id="2@else.example"), folder=folder)
    place.deliver(BEN, mail())
    found = find(place, ANA)
    assert [one.folder for one in found] == sorted(("INBOX", *FOLDERS))
    assert {(one.key.message_id, one.key.received_at, one.key.size_bytes) for one in found} == {
        ("<1@parcel-fee.example>", AT, len(mail()))
    }
    assert find(place, ANA, Query("nobody@has.it")) == []


def test_a_mail_is_found_by_sender_and_time(place: Place) -> None:
    place.deliver(ANA, mail(message_id=""), mail(sender="Else <else@else.example>"))
    place.deliver(ANA, mail(message_id=""), at=LATER)
    sender = "fee@parcel-fee.example"
    assert len(find(place, ANA, Query(from_address=sender))) == 2
    for since, until, count in (
        (AT, None, 2),
        (AT + timedelta(seconds=1), None, 1),
        (None, LATER, 1),
        (LATER - timedelta(seconds=1), LATER + timedelta(seconds=1), 1),
    ):
        assert len(find(place, ANA, Query(from_address=sender, since=since, until=until))) == count, (since, until)


def test_what_is_asked_for_is_no_syntax(place: Place) -> None:
    place.deliver(ANA, mail())
    for word in ('1@x" OR ALL', "1@x) (ALL", "*", "all", "\\", "1@x\r\nA LOGOUT", "ü@x"):
        assert find(place, ANA, Query(word, "fee@parcel-fee.example")) == [], word


def test_mails_come_as_they_are_whatever_their_bytes(place: Place) -> None:
    raws = [mail(), mail(body="é ü").replace("é".encode(), b"\xe9\xff\x00"), mail(body="x" * 200_000)]
    for raw in raws:
        place.deliver(ANA, raw)
    with place.store.open(ANA) as box:
        read = {box.read(one, 1_000_000).replace(b"\r\n", b"\n") for one in box.find(ID)}
        assert len(read) == 3
        assert {raw.replace(b"\r\n", b"\n") for raw in (raws[0], raws[2])} < read
        assert any(b"\xe9\xff" in raw or 2 * steps.LOST in raw for raw in read), "doveadm cannot say such bytes"
        assert [box.read(one, 10) for one in box.find(ID)] == [b"", b"", b""]


def test_a_purge_moves_what_is_meant_and_a_restore_undoes_it(place: Place) -> None:
    flags = (b"\\Seen", b"\\Flagged", b"$Work")
    place.deliver(ANA, mail(), flags=flags)
    for hours, folder in enumerate(FOLDERS):
        place.deliver(ANA, mail(), folder=folder, at=LATER + timedelta(hours=hours), flags=flags[:hours])
    place.deliver(ANA, mail(message_id="2@ok.example"), mail(sender="Ben <ben@example.com>"))
    place.deliver(BEN, mail())
    before, beside = place.state(ANA), place.state(BEN)
    with place.store.open(ANA) as box:
        plan = steps.plan(box, MATCH, "Quarantine", 10)
        assert (len(plan.wanted), plan.unlike) == (4, 1)
        assert place.state(ANA) == before
        moved = steps.purge(box, MATCH, plan.wanted, "Quarantine")
        assert (sorted(moved.done.values()), moved.left, moved.gone) == (sorted(("INBOX", *FOLDERS)), 0, frozenset())
        assert sum("Quarantine" in one for one in place.state(ANA)) == 4
        assert len(set(before) & set(place.state(ANA))) == 2
        assert steps.purge(box, MATCH, plan.wanted, "Quarantine").done.keys() == moved.done.keys(), "again: nothing new"
        back = steps.restore(box, MATCH, plan.wanted, "Quarantine")
        assert (len(back.done), back.gone) == (4, frozenset())
        assert place.state(ANA) == before
        assert len(steps.restore(box, MATCH, plan.wanted, "Quarantine").done) == 4
    assert place.state(ANA) == before
    assert place.state(BEN) == beside


def test_what_the_user_did_meanwhile_stays_done(place: Place) -> None:
    for folder in ("INBOX", *FOLDERS):
        place.deliver(ANA, mail(), folder=folder)
    with place.store.open(ANA) as box:
        plan = steps.plan(box, MATCH, "Quarantine", 10)
        box.move([one for one in box.find(ID) if one.folder == "INBOX"], "Elsewhere")
        moved = steps.purge(box, MATCH, plan.wanted, "Quarantine")
        assert sorted(moved.done.values()) == sorted(("Elsewhere", *FOLDERS)), (
            "what the user put elsewhere is found there"
        )
        box.move([one for one in box.find(ID) if one.folder == "Quarantine"][:1], "Taken")
        wanted = [replace(one, home=moved.done[number]) for number, one in enumerate(plan.wanted)]
        back = steps.restore(box, MATCH, wanted, "Quarantine")
        assert (len(back.done), len(back.gone)) == (3, 1)
        assert sum(one.folder == "Taken" for one in box.find(ID)) == 1


def test_a_mailbox_that_is_not_there_is_told(place: Place) -> None:
    with pytest.raises(Reject, match="no such mailbox"):
        find(place, "nobody@example.org")


def test_too_many_mails_are_left_alone(place: Place) -> None:
    place.deliver(ANA, mail(), mail(), mail())
    with place.store.open(ANA) as box, pytest.raises(Reject, match="3 mails are found, at most 2"):
        steps.plan(box, MATCH, "Quarantine", 2)


def test_a_server_that_is_away_is_waited_for(place: Place) -> None:
    if place.server is None:
        pytest.skip("it is never away")
    place.server.stop()
    with pytest.raises(Defer):
        find(place, ANA)
    place.server.start()
    assert find(place, ANA) == []


def test_a_mail_of_no_size_and_a_wrong_key_are_told(place: Place) -> None:
    if place.server is None:
        pytest.skip("it has no key")
    wrong = open_store(url_of("doveadm", place.server).replace("%3F", "x"))
    assert wrong
    with pytest.raises(Defer, match="refuses the key"):
        wrong.mailboxes()


HIDDEN = """
mail_plugins = acl
protocol imap {
  mail_plugins = acl imap_acl
}
protocol doveadm {
  mail_plugins =
}
plugin {
  acl = vfile:{folder}/acl
}
"""


@pytest.mark.skipif(not may_run(), reason="no Dovecot that this user may start")
@pytest.mark.parametrize("driver", ["doveadm", "imap"])
def test_a_quarantine_that_its_user_cannot_see_takes_mails_and_gives_them_back(driver: str) -> None:
    rights = ("* owner", f"* user={MASTER}", "Quarantine -owner", f"Quarantine user={MASTER}")
    with dovecot(ANA, more=HIDDEN) as server:
        (server.folder / "acl").write_text("".join(f"{who} lrwstipekxa\n" for who in rights))
        store = open_store(url_of(driver, server))
        assert store
        server.deliver(ANA, mail(), flags=(b"\\Seen",))
        before = server.state(ANA)
        with store.open(ANA) as box:
            plan = steps.plan(box, MATCH, "Quarantine", 10)
            assert len(steps.purge(box, MATCH, plan.wanted, "Quarantine").done) == 1
            assert "Quarantine" not in server.seen_by(ANA)
            assert len(steps.restore(box, MATCH, plan.wanted, "Quarantine").done) == 1
        assert server.state(ANA) == before
