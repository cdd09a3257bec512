"""The settings of the block list."""

from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import Field, field_validator

from services.blocklist.rules.forms import canonical, kind_of
from services.blocklist.rules.guards import Ours
from services.blocklist.rules.terms import Policy
from shared.errors import Reject
from shared.settings import Settings, Words, known_networks, split_words

Failure: TypeAlias = Literal["accept", "defer"]
PolicyAction: TypeAlias = Literal["reject", "hold"]


class BlocklistSettings(Settings):
    """What is listed without asking, and where the gateway's side listens."""

    blocklist_port: int = Field(
        default=8082, ge=0, le=65535, description="HTTP port of the block list: API, check, maps for gateways"
    )
    policy_port: int = Field(
        default=10040, ge=0, le=65535, description="port of Postfix' policy delegation: envelope blocks"
    )
    milter_port: int = Field(default=10044, ge=0, le=65535, description="port of the milter")
    gateway_networks: Words = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="networks whose mail servers may ask the milter and the policy service, comma-separated",
    )
    milter_failure: Failure = Field(
        default="accept",
        description="while Redis does not answer the milter lets mail pass unchecked (`accept`) or answers 451 (`defer`)",
    )
    milter_refuses_at: Literal["rcpt", "end"] = Field(
        default="rcpt",
        description="where the milter refuses what the envelope says: at `rcpt`, before the mail is sent, or at its `end`, so that a copy of "
        "it is kept as well",
    )
    kept_days: int = Field(
        default=7,
        ge=0,
        le=90,
        description="days that copies of mails are kept which the milter refused at their end, or took off; 0: none",
    )
    kept_max_mb: int = Field(
        default=1024, ge=1, description="how much disk these copies may take, in MiB; beyond, the oldest go"
    )
    policy_failure: Failure = Field(default="accept", description="the same for the policy service")
    policy_action: PolicyAction = Field(
        default="reject",
        description="what the policy service does with a blocked mail: `reject`, or `hold` in Postfix' hold queue",
    )
    refusal_text: str = Field(
        default="Blocked by mail policy, entry {id}",
        pattern=r"^[ -~]{0,150}\{id\}[ -~]{0,150}$",
        description="what milter and policy service tell a client that is refused; {id} is the entry's id",
    )
    mail_max_bytes: int = Field(
        default=25 * 1024 * 1024,
        ge=1024,
        le=36 * 1024 * 1024,
        description="how much of a mail the milter looks at, in bytes",
    )
    auto_block: Policy = Field(
        default="confident",
        description="`off`; `confident`: a confident malware or phishing verdict blocks what it proposes, guards "
        "permitting; `ask`: proposals wait in the verdict for an operator",
    )
    auto_block_quorum: int = Field(
        default=1,
        ge=1,
        le=100,
        description="a verdict lists nothing before so many reports of its case, unless its reporter is verified; 1: the first is enough",
    )
    auto_block_per_hour: int = Field(
        default=20, ge=0, le=10_000, description="entries that verdicts may make in an hour; beyond, they are refused"
    )

    protected_senders: Words = Field(
        default=(),
        description="addresses and domains that are never blocked as senders, comma-separated: partners, banks",
    )
    protected_senders_file: Path | None = Field(
        default=None, description="a file with more of them, one a line, `#` for comments; read at start"
    )
    collateral_max: int = Field(
        default=10,
        ge=0,
        description="a verdict lists nothing that so many mails of the last 30 days, the newest two left out, would have been stopped "
        "by; 0: no limit",
    )

    def ours(self) -> Ours:
        """Own domains, and every protected sender in its one form.

        Raises:
            ValueError: the file cannot be read, or a word is neither address nor domain.
        """
        words = list(self.protected_senders)
        if self.protected_senders_file:
            try:
                lines = self.protected_senders_file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ValueError(f"LONGSTOP_PROTECTED_SENDERS_FILE cannot be read: {error}") from error
            words += filter(None, (line.partition("#")[0].strip() for line in lines))
        return Ours(self.own_domains, frozenset(map(_sender, words)))

    feed_dir: Path | None = Field(
        default=None,
        description="a folder of lists that somebody keeps up to date: what a file names is blocked until it leaves the file",
    )
    map_dir: Path | None = Field(
        default=None,
        description="a folder in which maps, zones and (in `rspamd/`) the gateway's hashes are kept as files, for gateways that read files",
    )
    probe_gateways: Words = Field(
        default=(),
        description="mail servers, `HOST:PORT`, that are asked now and then with a mail that an entry names; comma-separated",
    )
    probe_recipient: str = Field(
        default="",
        max_length=320,
        description="to whom that mail goes: an address that they take mail for, and that discards it",
    )
    probe_sender: str = Field(
        default="probe@longstop-probe.invalid",
        max_length=320,
        description="from whom it is; a standing entry blocks it",
    )
    probe_every_s: float = Field(default=300, ge=5, le=86_400, description="how often they are asked, in seconds")

    def gateways_to_probe(self) -> list[tuple[str, int]]:
        """Host and port of each.

        Raises:
            ValueError: one is no HOST:PORT, or nobody is named to whom the mail goes.
        """
        found = []
        for word in self.probe_gateways:
            host, colon, port = word.rpartition(":")
            if not colon or not host or not port.isdigit() or not 0 < int(port) < 65_536:
                raise ValueError(f"LONGSTOP_PROBE_GATEWAYS: {word} is no HOST:PORT")
            found.append((host.strip("[]"), int(port)))
        if found and not self.probe_recipient:
            raise ValueError(
                "LONGSTOP_PROBE_GATEWAYS needs LONGSTOP_PROBE_RECIPIENT: an address of yours that discards its mail"
            )
        return found

    _split = field_validator("gateway_networks", "protected_senders", "probe_gateways", mode="before")(split_words)
    _networks = field_validator("gateway_networks")(known_networks)


def _sender(word: str) -> str:
    kind = kind_of(word)
    try:
        if kind in ("address", "domain"):
            return canonical(kind=kind, value=word)
    except Reject:
        pass
    raise ValueError(f"LONGSTOP_PROTECTED_SENDERS: {word} is no address and no domain")
