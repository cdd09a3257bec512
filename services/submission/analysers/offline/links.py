"""Where the links go."""

import re

from services.submission.analysers.offline.lists import BRANDS, FREE_HOSTING, SHORTENERS, under
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.mail import registrable

_DOMAIN = re.compile(r"(?i)^(?:https?://)?(?:www\.)?((?:[a-z0-9-]{1,63}\.){1,5}[a-z]{2,24})(?:[/?#]|$)")
_IPV4 = re.compile(r"^\d{1,3}(?:\.\d{1,3}){3}$")

#: Brand names shorter than this stand inside ordinary words.
BRAND_MIN = 5


def signals(view: View) -> Signals:
    """What the links of the body say."""
    if not view.web_links:
        return
    yield from _hosts(view)
    yield from _targets(view)
    if not view.may_be_left:
        yield from _personal(view)


def _hosts(view: View) -> Signals:
    hosts = tuple(dict.fromkeys(link.host for link in view.web_links))
    short = next((host for host in hosts if host in SHORTENERS), "")
    if short:
        yield Seen("shortener", f"A link hides its target behind the shortener {quoted(short)}.", "link")
    free = next((host for host in hosts if under(host, FREE_HOSTING) and not under(host, {view.from_org})), "")
    if free and not view.is_list:
        yield Seen("free_hosting", f"A link goes to {quoted(free)}, where anybody may put a page.", "link")
    number = next((host for host in hosts if _IPV4.match(host) or host.startswith("[")), "")
    if number:
        yield Seen("ip_link", f"A link goes to the bare address {quoted(number)} instead of a name.", "link")
    puny = next((host for host in hosts if "xn--" in host), "")
    if puny:
        yield Seen("punycode_link", f"A link's name is written in look-alike letters: {quoted(puny)}.", "link")
    if not view.may_be_left:
        yield from _brand(hosts, view)


def _brand(hosts: tuple[str, ...], view: View) -> Signals:
    for host in hosts[:100]:
        org = registrable(host) or host
        for brand, domains in BRANDS.items():
            word = brand.replace(" ", "")
            if len(word) >= BRAND_MIN and word in host.replace("-", "") and not under(host, domains):
                if org.split(".")[0] == word or org == view.from_org or under(view.mail.from_.domain, domains):
                    continue  # the brand's own domain in a country we do not list, or its own mail
                yield Seen("brand_in_host", f"The link's name {quoted(host)} borrows the name {quoted(brand)}.", "link")
                return


def _targets(view: View) -> Signals:
    if not view.may_be_left and not view.is_list:
        for link in view.web_links:
            shown = _DOMAIN.match(link.text.strip())
            target = registrable(link.host)
            if shown and target and registrable(shown[1].lower()) != target:
                text = f"A link shows {quoted(shown[1])}, but goes to {quoted(link.host)}."
                yield Seen("text_hides_target", text, "link")
                break
    only = view.link_orgs[0] if len(view.link_orgs) == 1 else ""
    if only and view.from_org and only != view.from_org and not view.is_list:
        yield Seen("one_foreign_host", f"All its links go to {quoted(only)}, which is not the sender's.", "links")
    if "script-url" in view.mail.defects or "data-url" in view.mail.defects:
        yield Seen("script_url", "A link carries a program or a whole page in itself.", "link")


def _personal(view: View) -> Signals:
    recipients = {to.address.lower() for to in view.mail.to if to.address}
    for link in view.web_links:
        url = link.url.lower()
        if any(address in url or address.replace("@", "%40") in url for address in recipients):
            yield Seen("recipient_in_link", "A link carries the recipient's own address.", "link")
            return
