"""The settings of mailboxes."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from services.mailboxes.notices.letter import WORDS
from services.mailboxes.rules.policy import Policy, Where
from shared.settings import MailSettings


class MailboxesSettings(MailSettings):
    """The mail store, what verdicts may do in it, and the limits of everybody."""

    mailboxes_port: int = Field(default=8087, ge=0, le=65535, description="HTTP port of purges: operators' API, health")
    mailstore_url: SecretStr = Field(
        default=SecretStr(""),
        description="`doveadm+http://HOST:8080?password_file=PATH` (the file holds Dovecot's `doveadm_api_key`), "
        "`imaps://MASTER@HOST?password_file=PATH` (a master user; `imap://` with STARTTLS) or `memory://NAME` (none: for trials); "
        "empty: purges are refused",
    )
    mailstore_users: Path | None = Field(
        default=None, description="file of all mailboxes, one a line, for stores that cannot list them (IMAP)"
    )
    mailstore_at_once: int = Field(default=8, ge=1, le=64, description="mailboxes that are worked on at once")
    auto_purge: Policy = Field(
        default="off",
        description="what a confident malware or phishing verdict does to copies in mailboxes: `off` nothing, `ask` plans a purge "
        "that waits for approval, `confident` acts on the plan when it needs no second person",
    )
    auto_purge_where: Where = Field(
        default="recipients",
        description="where such a purge looks: the mailboxes of those who reported or received the mail, or `all`",
    )
    auto_purge_days: int = Field(
        default=7, ge=1, le=365, description="days before the verdict since when a mail must have come to be taken out"
    )
    purge_folder: str = Field(
        default="Quarantine",
        pattern=r"^[^\x00-\x1f\x7f*%]{1,200}$",
        description="the folder, in each mailbox, that mails are moved to; made when it is not there",
    )
    purge_approval_above: int = Field(
        default=20, ge=0, description="a purge that hits more mailboxes needs the approval of a second person"
    )
    purge_mailboxes_max: int = Field(default=10_000, ge=1, le=10_000, description="most mailboxes of a purge")
    purge_messages_max: int = Field(
        default=100, ge=1, le=1_000, description="a mailbox with more mails to take out is left alone, and told"
    )
    purge_per_hour: int = Field(
        default=20, ge=0, description="purges that verdicts may ask for in an hour; beyond, they are refused"
    )
    purge_plan_minutes: int = Field(
        default=60, ge=1, le=7 * 24 * 60, description="how long a plan may be approved; after that it is made anew"
    )
    purge_tell_users: bool = Field(
        default=False, description="purges by verdicts tell the users by mail whose mailboxes were changed"
    )
    purge_language: str = Field(default="en", description=f"language of these mails: {', '.join(WORDS.languages)}")

    @field_validator("purge_language")
    @classmethod
    def _known(cls, language: str) -> str:
        if language not in WORDS.languages:
            raise ValueError(f"these mails are written in {', '.join(WORDS.languages)}")
        return language
