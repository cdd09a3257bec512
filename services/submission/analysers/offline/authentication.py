"""What the own gateway recorded of SPF, DKIM and DMARC (RFC 7208, RFC 6376, RFC 7489). Weak evidence: much phishing passes."""

from services.submission.analysers.offline.lists import under
from services.submission.analysers.offline.view import Seen, Signals, View, quoted

WHERE = "header Authentication-Results"


def signals(view: View) -> Signals:
    """What the checks of the receiving gateway say."""
    checked = view.mail.authentication
    domain = quoted(view.mail.from_.domain)
    if checked.dmarc == "fail" and not view.is_list:
        yield Seen("dmarc_fail", f"The owner of {domain} says that mail like this is not theirs (DMARC failed).", WHERE)
    if checked.spf in ("fail", "softfail") and not view.is_list:
        yield Seen("spf_fail", "It came from a server that the sending domain does not use (SPF failed).", WHERE)
    if checked.dkim == "fail" and not view.is_list:
        yield Seen(
            "dkim_fail", "Its signature does not fit: it is forged, or was changed on the way (DKIM failed).", WHERE
        )
    if view.mail.header("authentication-results") and not _proves_anything(view):
        yield Seen("no_authentication", f"Nothing proves that {domain or 'the sender'} sent it.", WHERE)
    yield from _own_domain(view)


def _proves_anything(view: View) -> bool:
    checked = view.mail.authentication
    return "pass" in (checked.spf, checked.dkim, checked.dmarc)


def _own_domain(view: View) -> Signals:
    if not under(view.mail.from_.domain, view.own_domains):
        return
    checked = view.mail.authentication
    if view.is_own_and_proven:
        yield Seen("own_sender", "It is from your own domain, and DMARC proves it.", WHERE)
    elif "fail" in (checked.dmarc, checked.spf) and not view.is_list:
        yield Seen("own_domain_forged", "It claims to be from your own domain, and the proof failed.", WHERE)
