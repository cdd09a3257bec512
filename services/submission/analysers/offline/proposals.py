"""Block entries that would have stopped a mail: what it really came from and led to, never what it forged or shares."""

from collections.abc import Iterator

from services.submission.analysers.offline.attachments import is_odd, is_program
from services.submission.analysers.offline.brand_list import owner
from services.submission.analysers.offline.view import View
from shared.events import ProposedBlock
from shared.events.vocabulary import BAD_CATEGORIES, VerdictCategory
from shared.known import FREE_HOSTING, FREEMAIL, SHARED, SHORTENERS, speaks_for_many, under
from shared.mail import Address, Attachment, registrable
from shared.mail.domains import is_public_suffix

#: Hosts and files proposed of one mail: more of them are padding.
HOSTS_MAX = 5
FILES_MAX = 10

#: Nobody is blocked by these names, for strangers use them. Of a free host's customers some have a name of their own below it.
_NEVER = SHORTENERS | FREEMAIL | SHARED


def blocks(category: VerdictCategory, view: View) -> tuple[ProposedBlock, ...]:
    """What to block because of one mail; nothing because of a mail that is not bad."""
    if category not in BAD_CATEGORIES:
        return ()
    return tuple(dict.fromkeys([*_sender(view), *_hosts(view), *_files(view, category)]))


def _sender(view: View) -> Iterator[ProposedBlock]:
    """Its address, unless somebody else wrote in its name: that block would hit the one it was stolen from."""
    sender = view.mail.from_
    if not sender.address or "." not in sender.domain or under(sender.domain, view.own_domains):
        return
    if sender.address.lower() in view.recipients:
        return  # the recipient, forged
    if is_shared(sender) and not view.is_freemail:
        return
    if view.mail.authentication.dmarc == "fail" or (_may_be_forged(view) and (view.is_freemail or _spf_failed(view))):
        return
    yield ProposedBlock(kind="address", value=sender.address)


def is_shared(sender: Address) -> bool:
    """Whether honest mail comes from this very sender: a brand's domain, or the address a platform sends for all from."""
    return bool(owner(sender.domain)) or speaks_for_many(sender.address)


def _spf_failed(view: View) -> bool:
    return view.mail.authentication.spf in {"fail", "softfail"}


def _may_be_forged(view: View) -> bool:
    """Whether the gateway checked, and nothing proves the domain in From (RFC 7489, section 3.1: alignment)."""
    checked = view.mail.authentication
    if not any((checked.spf, checked.dkim, checked.dmarc)):
        return False
    aligned = checked.spf == "pass" and registrable(view.mail.return_path.rpartition("@")[2]) == view.from_org
    return not (view.is_authenticated or checked.dmarc == "bestguesspass" or aligned)


def _hosts(view: View) -> Iterator[ProposedBlock]:
    spared = _NEVER | view.own_domains | {recipient.rpartition("@")[2] for recipient in view.recipients}
    strangers = (
        host for host in view.hosts if "." in host and not under(host, spared) and not owner(host) and _is_of_one(host)
    )
    for _, host in zip(range(HOSTS_MAX), strangers, strict=False):
        yield ProposedBlock(kind="url", value=host)


def _is_of_one(host: str) -> bool:
    """Whether nobody else has pages there: of a free host only what the Public Suffix List knows as a customer's, `name.pages.dev`."""
    free = under(host, FREE_HOSTING)
    return not free or not (registrable(host) == free or is_public_suffix(host))


def _files(view: View, category: VerdictCategory) -> Iterator[ProposedBlock]:
    bad = (one for one in view.mail.attachments if is_program(one) or _carries(one, category))
    for _, attachment in zip(range(FILES_MAX), bad, strict=False):
        yield ProposedBlock(kind="file", value=attachment.sha256)


def _carries(attachment: Attachment, category: VerdictCategory) -> bool:
    """Whether a file that does not run by itself brought the mail's purpose: a page to open, a locked archive."""
    if is_odd(attachment) or (attachment.encrypted and attachment.real_type in {"zip", "rar", "7z"}):
        return True
    return category != "spam" and attachment.real_type == "html"
