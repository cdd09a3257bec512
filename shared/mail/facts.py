"""What events say of a mail."""

from shared.events.message import AttachmentFacts, MessageFacts
from shared.mail import limits
from shared.mail.model import Mail
from shared.mail.received import first_outside


def facts(mail: Mail, *, simulation_headers: tuple[str, ...] = ()) -> MessageFacts:
    """The bounded facts of a mail.

    Args:
        mail: as read by `read_mail`.
        simulation_headers: `Name: value` strings that the organisation's phishing simulations carry; those that the mail
            has, the name in any case and the value exactly, are in `header_matches` as they are given here.
    """
    return MessageFacts(
        sha256=mail.sha256,
        size_bytes=mail.size_bytes,
        message_id=mail.message_id,
        from_address=mail.from_.address,
        from_domain=mail.from_.domain,
        from_name=mail.from_.name,
        reply_to=mail.reply_to.address,
        subject=mail.subject[: limits.FACT_SUBJECT_MAX],
        date=mail.date,
        list_id=mail.list_id,
        urls=tuple(dict.fromkeys(link.canonical for link in mail.links))[: limits.FACT_URLS_MAX],
        attachments=tuple(
            AttachmentFacts(name=one.name, content_type=one.content_type, size_bytes=one.size_bytes, sha256=one.sha256)
            for one in mail.attachments[: limits.FACT_ATTACHMENTS_MAX]
        ),
        authentication=mail.authentication,
        outside_ip=outside.address if (outside := first_outside(mail.hops)) else "",
        language=mail.language,
        body_hash=mail.body_hash,
        sketch=mail.sketch,
        header_matches=tuple(wanted for wanted in simulation_headers if _has(mail, wanted)),
        defects=mail.defects,
    )


def _has(mail: Mail, wanted: str) -> bool:
    name, colon, value = wanted.partition(":")
    return bool(colon) and value.strip() in mail.all(name.strip())
