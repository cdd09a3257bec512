"""The milter against whatever a peer may send: any bytes end in an answer or in one clear error, and nothing stays behind."""

import asyncio
import struct
from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from services.blocklist.enforcing import wire
from services.blocklist.enforcing.asking import Asker
from services.blocklist.enforcing.milter import Conversation, Milter
from services.blocklist.gateway import Gateway, Hit, Seen
from services.blocklist.rules.precedence import Candidate
from services.blocklist.settings import BlocklistSettings
from shared.errors import Defer
from tests.milter_client import OFFERED

COMMANDS = b"ODCHMRTLNBEAQKUxyz\0"


class Empty(Gateway):
    """A hash without entries, or one that does not answer."""

    def __init__(self, *, is_away: bool = False) -> None:
        self._is_away = is_away

    async def marks(self, fields: Sequence[str]) -> list[bytes | None]:
        if self._is_away:
            raise Defer("away")
        return [None] * len(fields)

    async def note(self, notes: Sequence[Hit | Seen]) -> None:
        del notes


class Nowhere:
    """Keeps no copies."""

    async def keep(self, raw: bytes, sender: str, client_ip: str, stopped: Mapping[str, Candidate]) -> None:
        del raw, sender, client_ip, stopped


def milter(*, is_away: bool = False, mail_max_bytes: int = 4_096) -> Milter:
    return Milter(
        Asker(Empty(is_away=is_away), "entry {id}"),
        Nowhere(),
        BlocklistSettings(milter_failure="defer" if is_away else "accept").model_copy(
            update={"mail_max_bytes": mail_max_bytes}  # smaller than one may set
        ),
    )


packets = st.lists(st.tuples(st.sampled_from([bytes([one]) for one in COMMANDS]), st.binary(max_size=300)), max_size=30)


@settings(max_examples=150)
@given(packets, st.booleans())
def test_any_packets_are_answered_or_refused(sent: list[tuple[bytes, bytes]], is_away: bool) -> None:
    server = milter(is_away=is_away)

    async def talk() -> None:
        conversation = Conversation(server)
        for command, data in sent:
            try:
                answer = await conversation.take(command, data)
            except ValueError:
                break
            at = 0
            while at < len(answer):  # whole packets, of commands that a mail server knows
                length = wire.length_of(answer[at : at + 4])
                assert answer[at + 4 : at + 5] in (b"O", b"c", b"y", b"s", b"-")
                at += 4 + length
            assert at == len(answer)
        conversation.begin()

    asyncio.run(talk())
    assert server.held_bytes == 0


@given(st.binary(max_size=200), st.booleans())
def test_a_header_comes_back_as_one_field(data: bytes, has_space: bool) -> None:
    field = wire.header_of(b"Subject\0" + data, has_leading_space=has_space)
    assert field.endswith(b"\r\n")
    assert b"\n" not in field.replace(b"\r\n", b"")


@given(st.text(max_size=300))
def test_a_reply_is_one_line_of_ascii(words: str) -> None:
    reply = wire.reply("550", words)
    assert wire.length_of(reply[:4]) == len(reply) - 4
    text = reply[5:-1]
    assert reply[-1:] == b"\0"
    assert text.isascii()
    assert not any(byte < 32 or byte in b"%\x7f" for byte in text)


def test_more_than_the_largest_mail_is_not_kept() -> None:
    server = milter(mail_max_bytes=1_000)

    async def talk() -> list[bytes]:
        conversation = Conversation(server)
        await conversation.take(wire.OPTNEG, OFFERED)
        await conversation.take(wire.MAIL, b"<a@b.example>\0")
        await conversation.take(wire.RCPT, b"<c@d.example>\0")
        answers = [await conversation.take(wire.BODY, b"x" * 600) for _ in range(3)]
        assert server.held_bytes == 1_000
        answers.append(await conversation.take(wire.END_OF_MESSAGE, b""))
        return answers

    go_on, skip = wire.packet(wire.CONTINUE), wire.packet(wire.SKIP)
    assert asyncio.run(talk()) == [go_on, skip, skip, go_on]
    assert server.held_bytes == 0


def test_what_is_agreed_on_is_what_both_know() -> None:
    terms = wire.agreed(struct.pack(">III", 6, 0x1FF, 0x1FFFFF))
    assert (terms.version, terms.actions, terms.steps) == (6, wire.ACTIONS, wire.STEPS)
    terms = wire.agreed(struct.pack(">III", 2, 0x3F, 0x7F))
    assert (terms.version, terms.has(wire.QUIET_HEADERS), terms.has(wire.NO_HELO)) == (2, False, True)
