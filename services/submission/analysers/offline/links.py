"""Where the links go."""

import re

from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.known import FREE_HOSTING, MAILERS, SHARED, SHORTENERS, carries, is_cheap, under
from shared.mail import registrable

_DOMAIN = re.compile(r"(?i)^\s{0,9}(?:https?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?:[/?#]|\s{0,9}$)")
_PROGRAM = re.compile(
    r"(?i)/[^/]{1,200}\.(?:exe|msi|msix|appx|scr|js|jse|vbs|hta|iso|img|vhdx?|apk|lnk|bat|cmd|ps1|jar|cab|xll)$"
)
_NUMBER = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}$")


def signals(view: View) -> Signals:
    """What the links of the body say."""
    if "script-url" in view.mail.defects or "data-url" in view.mail.defects:
        yield Seen("script_url", "A link carries a program or a whole page in itself.", "link")
    if not view.web_links:
        return
    yield from _hosts(view)
    yield from _programs(view)
    if view.is_conversation:
        return
    yield from _strangers(view)
    if view.is_list:
        return
    yield from _foreign(view)
    if not view.may_be_left:
        yield from _targets(view)
        yield from _personal(view)


def _hosts(view: View) -> Signals:
    short = next((host for host in view.hosts if under(host, SHORTENERS) and host not in SHARED), "")
    if short:
        yield Seen("shortener", f"A link hides its target behind the shortener {quoted(short)}.", "link")
    number = next((host for host in view.hosts if _NUMBER.match(host) or host.startswith("[")), "")
    if number:
        yield Seen("ip_link", f"A link goes to the bare address {quoted(number)} instead of a name.", "link")
    puny = next((host for host in view.hosts if host.startswith("xn--") or ".xn--" in host), "")
    if puny:
        yield Seen(
            "punycode_link", f"A link's name is written in foreign or look-alike letters: {quoted(puny)}.", "link"
        )
    code = next((link.host for link in view.web_links if link.place == "code"), "")
    if code and registrable(code) != view.from_org and not view.is_own_and_proven:
        text = f"A picture in it carries a QR code that leads to {quoted(code)}: such links pass filters, and open on telephones."
        yield Seen("qr_link", text, "QR code")
    own = next((host for host in view.hosts if _wears_own(host, view)), "")
    if own:
        yield Seen("own_domain_in_link", f"The link's name {quoted(own)} is made to look like your own domain.", "link")


def _programs(view: View) -> Signals:
    if view.is_list or (view.is_authenticated and view.from_org in view.link_orgs and view.may_be_left):
        return
    found = next((link for link in view.web_links if _PROGRAM.search(link.url.partition("?")[0])), None)
    if found:
        text = f"A link fetches a program from {quoted(found.host)}."
        yield Seen("program_link", text, "link")


def _wears_own(host: str, view: View) -> bool:
    if under(host, view.own_domains):
        return False
    return any(carries(host, own) for own in view.own_domains)


def _strangers(view: View) -> Signals:
    """Hosts that anybody may use, or that are nobody the mail speaks for."""
    free = next((host for host in view.hosts if under(host, FREE_HOSTING) and not under(host, {view.from_org})), "")
    if free:
        yield Seen("free_hosting", f"A link goes to {quoted(free)}, where anybody may put a page.", "link")
    cheap = next((host for host in view.hosts if is_cheap(host) and not under(host, {view.from_org})), "")
    if cheap:
        text = f"A link goes to {quoted(cheap)}, whose ending costs next to nothing and is thrown away soon."
        yield Seen("cheap_link", text, "link")


def _foreign(view: View) -> Signals:
    """Links that all lead elsewhere."""
    only = view.link_orgs[0] if len(view.link_orgs) == 1 else ""
    if not view.from_org or view.from_org in view.link_orgs:
        return
    if only and not view.is_freemail and not under(only, SHARED | MAILERS):
        text = f"All its links go to {quoted(only)}, which is neither the sender's nor a mailing service's."
        yield Seen("one_foreign_host", text, "links")
    elif not under(only, MAILERS):
        yield Seen(
            "no_own_link", f"None of its links goes to {quoted(view.from_org)}, where it says it is from.", "links"
        )


def _targets(view: View) -> Signals:
    for link in view.web_links:
        shown = _DOMAIN.match(link.text[:300])
        target = registrable(link.host) or link.host
        if shown and not under(link.host, SHARED) and registrable(shown[1].lower()) not in {target, ""}:
            text = f"A link shows {quoted(shown[1])}, but goes to {quoted(link.host)}."
            yield Seen("text_hides_target", text, "link")
            return


def _personal(view: View) -> Signals:
    wanted = [form for address in view.recipients for form in (address, address.replace("@", "%40"))]
    for link in view.web_links:
        url = link.url.lower()
        if any(form in url for form in wanted):
            yield Seen("recipient_in_link", "A link carries the recipient's own address.", "link")
            return
