"""What the own gateway recorded of SPF, DKIM and DMARC (RFC 7208, RFC 6376, RFC 7489).

Weak evidence: much phishing passes, and honest mail fails when it is forwarded. Lists break it, so it does not count there.
"""

from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.known import under

WHERE = "header Authentication-Results"

#: What SPF and DKIM still add when DMARC failed, which says that neither of them fits.
BESIDE_DMARC = 0.5

#: What it says of a writer that his domain has no SPF, where a list shows no other check.
BESIDE_LIST = 0.5


def signals(view: View) -> Signals:
    """What the checks of the receiving gateway say."""
    if not view.is_list:
        yield from _checks(view)
    elif not (view.is_conversation or view.is_passed_on):
        yield from _first_post(view)
    if under(view.mail.from_.domain, view.own_domains):
        yield from _own_domain(view)


def _checks(view: View) -> Signals:
    checked = view.mail.authentication
    domain = quoted(view.mail.from_.domain) or "the sender"
    times = 1.0
    if checked.dmarc == "fail" and checked.arc == "pass":
        text = (
            f"It does not prove that {domain} sent it (DMARC failed), but a forwarder sealed what it saw before (ARC)."
        )
        yield Seen("dmarc_fail", text, WHERE, BESIDE_DMARC)
        return  # a forwarder breaks the others, too
    if checked.dmarc == "fail":
        yield Seen("dmarc_fail", f"The owner of {domain} says that mail like this is not theirs (DMARC failed).", WHERE)
        times = BESIDE_DMARC
    if checked.spf in {"fail", "softfail"}:
        text = "It came from a server that the sending domain does not use (SPF failed)."
        yield Seen("spf_fail", text, WHERE, times)
    if checked.dkim == "fail":
        text = "Its signature does not fit: it is forged, or was changed on the way (DKIM failed)."
        yield Seen("dkim_fail", text, WHERE, times)
    yield from _signature(view)
    results = (checked.spf, checked.dkim, checked.dmarc)
    if (
        any(results)
        and not view.is_authenticated
        and not {"pass", "bestguesspass", "fail", "softfail", "temperror"}.intersection(results)
    ):
        yield Seen("no_authentication", f"Nothing proves that {domain} sent it (no SPF, DKIM or DMARC).", WHERE)


def _first_post(view: View) -> Signals:
    """What the list's own server found of the writer's: SPF alone. A gateway behind the list checks all three, of the list."""
    checked = view.mail.authentication
    if checked.dkim or checked.dmarc:
        return
    spf = checked.spf
    if spf in {"fail", "softfail"}:
        yield Seen("spf_fail", "It came to the list from a server that its domain does not use (SPF failed).", WHERE)
    elif spf == "none":
        yield Seen("no_authentication", "Nothing proves who sent it to the list (no SPF).", WHERE, BESIDE_LIST)


def _signature(view: View) -> Signals:
    """What we found ourselves, with a key that lies here (RFC 6376)."""
    if not (signature := view.own_signature):
        return
    domain = quoted(signature.domain)
    if signature.fits:
        text = f"Longstop checked its signature itself: it is from {domain}, and nobody changed it (DKIM)."
        yield Seen("signature_fits", text, "header DKIM-Signature")
    elif view.mail.authentication.dkim != "fail":
        text = f"Longstop checked the signature of {domain} itself: it does not fit, so the mail is forged or was changed (DKIM)."
        yield Seen("signature_broken", text, "header DKIM-Signature")


def _own_domain(view: View) -> Signals:
    checked = view.mail.authentication
    if view.is_own_and_proven:
        yield Seen("own_sender", "It is from your own domain, and that is proven.", WHERE)
    elif "fail" in {checked.dmarc, checked.spf} and not view.is_list:
        yield Seen("own_domain_forged", "It claims to be from your own domain, and the proof failed.", WHERE)
