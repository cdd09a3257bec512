"""What an enforcer asks of the gateway's hash about one mail, and what it counts afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.blocklist.gateway import Gateway, Hit, Seen
from services.blocklist.rules.fields import read_mark
from services.blocklist.rules.forms import TENANT, scopes_of
from services.blocklist.rules.precedence import Candidate, Lookup, decide
from services.blocklist.rules.traffic import HOSTS_MAX, SENDERS_MAX
from shared.errors import Defer
from shared.known import REPORT_MAILBOXES
from shared.work import now

#: Fields of one question: those for everybody come first, so that nothing a mail brings can crowd them out.
FIELDS_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who brings a mail to which enforcer, for the count."""

    enforcer: str
    address: str = ""
    sender: str = ""


def takes_reports(recipient: str) -> bool:
    """Whether mail to this address is a report: it holds what entries block, and is never looked at."""
    return recipient.rpartition("@")[0].lower().partition("+")[0] in REPORT_MAILBOXES


class Asker:
    """Asks for one enforcer."""

    def __init__(self, gateway: Gateway, words: str) -> None:
        self._gateway = gateway
        self._words = words

    async def blocks(self, keys: Sequence[Lookup], recipients: Sequence[str]) -> dict[str, Candidate]:
        """The block that stops each recipient's copy; those that get theirs are not in it.

        Raises:
            Defer: the hash cannot be asked now.
        """
        scopes = {recipient: scopes_of(recipient) for recipient in recipients}
        own = sorted({scope for some in scopes.values() for scope in some})
        wanted = dict.fromkeys((scope, key) for scope in (TENANT, *own) for key in keys)
        asked = list(wanted)[:FIELDS_MAX]
        marks = await self._gateway.marks([f"{scope}|{key.kind}|{key.value}" for scope, key in asked])
        at = now().timestamp()
        found: list[Candidate] = []
        for (scope, key), content in zip(asked, marks, strict=True):
            mark = read_mark(content, at=at) if content else None
            if mark:
                found.append(Candidate(key, mark.block_id, mark.action, scope))
        if not found:
            return {}
        stopped = {}
        for recipient, its in scopes.items():
            entry = decide(candidates=[one for one in found if one.scope in (TENANT, *its)]).entry
            if entry and entry.action == "block":
                stopped[recipient] = entry
        return stopped

    async def count(self, stopped: dict[str, Candidate], bearer: Bearer) -> None:
        """Note that entries stopped copies; a count that fails loses itself, never the refusal."""
        hits = [
            Hit(entry.block_id, bearer.enforcer, bearer.sender, recipient, bearer.address)
            for recipient, entry in stopped.items()
        ]
        try:
            await self._gateway.note(hits)
        except Defer:
            return

    async def passed(self, senders: Sequence[str], hosts: Sequence[str] = ()) -> None:
        """Note that a mail passed, for what is asked before an entry is made."""
        try:
            await self._gateway.note([Seen(" ".join(senders[:SENDERS_MAX]), " ".join(hosts[:HOSTS_MAX]))])
        except Defer:
            return

    def words(self, entry: Candidate) -> str:
        """What the client is told, in one line of ASCII."""
        return self._words.replace("{id}", entry.block_id)
