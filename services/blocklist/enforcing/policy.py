"""Postfix' policy delegation (SMTPD_POLICY_README of Postfix): envelope blocks, asked at any stage of the conversation.

At RCPT TO the recipient is known, and their own entries count. At other stages it need not be: then those for everybody
decide. It sees neither headers nor body, so entries for From, links and files work through the milter or Rspamd only.
"""

import asyncio

import structlog

from services.blocklist.enforcing.asking import Asker, Bearer, takes_reports
from services.blocklist.rules.precedence import Client, lookups
from services.blocklist.settings import Failure, PolicyAction
from shared.errors import Defer
from shared.metrics import BLOCK_ANSWER_S

#: Attributes of one question, and bytes of one; Postfix sends some 30 short ones.
ATTRIBUTES_MAX, ATTRIBUTE_MAX_BYTES = 100, 8_192

#: Postfix closes idle connections itself; one that does not is gone, in seconds.
IDLE_S = 600.0

#: Stages of a conversation that bring no mail.
NO_MAIL = frozenset({"VRFY", "ETRN"})


class Policy:
    """Answers questions."""

    def __init__(self, asker: Asker, *, action: PolicyAction, failure: Failure) -> None:
        self._asker = asker
        self._action = action
        self._failure = failure
        self._log = structlog.stdlib.get_logger("policy")

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a question, an answer, and so on.

        Raises:
            ValueError: the peer does not speak this protocol.
        """
        while question := await self._read(reader):
            with BLOCK_ANSWER_S.labels("policy", "rcpt").time():
                answer = await self.answer(question)
            writer.write(f"action={answer}\n\n".encode("ascii", "replace"))
            await writer.drain()

    async def answer(self, question: dict[str, str]) -> str:
        """The action for one question."""
        recipient = question.get("recipient", "")
        if question.get("request") != "smtpd_access_policy" or question.get("protocol_state") in NO_MAIL:
            return "DUNNO"
        if takes_reports(recipient):
            return "DUNNO"
        sender, client = question.get("sender", ""), Client(question.get("client_address", ""), _name(question))
        keys = lookups(senders=(sender,), client=client)
        try:
            stopped = await self._asker.blocks(keys, (recipient,))
        except Defer as reason:
            self._log.warning("the block list cannot be asked", reason=str(reason))
            return "DUNNO" if self._failure == "accept" else "DEFER_IF_PERMIT 4.7.1 Mail policy cannot be asked now"
        if not stopped:
            return "DUNNO"
        await self._asker.count(stopped, Bearer("policy", client.ip, sender))
        words = self._asker.words(stopped[recipient])
        return f"REJECT 5.7.1 {words}" if self._action == "reject" else f"HOLD {words}"

    async def _read(self, reader: asyncio.StreamReader) -> dict[str, str]:
        """One question; empty at the end of the conversation."""
        found: dict[str, str] = {}
        async with asyncio.timeout(IDLE_S):
            for _ in range(ATTRIBUTES_MAX):
                line = await reader.readline()
                if not line.endswith(b"\n"):
                    return {}
                if line in (b"\n", b"\r\n"):
                    return found
                name, equals, value = line.rstrip(b"\r\n").partition(b"=")
                if not equals or len(line) > ATTRIBUTE_MAX_BYTES:
                    raise ValueError("no attribute")
                found[name.decode("ascii", "replace")] = value.decode("utf-8", "replace")
        raise ValueError("too many attributes")


def _name(question: dict[str, str]) -> str:
    """The client's host name; Postfix says `unknown` for one that forward and reverse DNS do not confirm."""
    name = question.get("client_name", "")
    return "" if name == "unknown" else name
