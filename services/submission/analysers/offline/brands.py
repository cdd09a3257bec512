"""Names of known brands, worn by strangers."""

from services.submission.analysers.offline.brand_list import Brand, disguised, named, spoken_of, worn
from services.submission.analysers.offline.view import Seen, Signals, View, quoted
from shared.known import BRAND_DOMAINS, under

#: Hosts of one mail that are compared with the brands.
HOSTS_MAX = 30


def signals(view: View) -> Signals:
    """Where a brand's name stands, and whether its owner put it there."""
    told = list(_in_name(view))
    yield from told
    yield from _in_address(view)
    if not view.is_list:
        yield from _sender(view)
        if not (told or view.may_be_left):
            yield from _in_subject(view)
        if not view.may_be_left:
            yield from _in_links(view)


def _in_name(view: View) -> Signals:
    """The name in From. A list that puts itself into From keeps the poster's name there."""
    if not view.name or (view.is_list and view.from_org and view.from_org in view.mail.list_id):
        return
    where = quoted(view.mail.from_.domain) or "no domain at all"
    shown = quoted(view.mail.from_.name)
    brand = named(view.name)
    if brand:
        if not _is_involved(brand, view):
            yield Seen("brand_in_name", f"It calls itself {shown}, but comes from {where}.", "header From")
    elif (brand := disguised(view.name)) and not _is_involved(brand, view):
        text = f"It writes the name {brand.name} in look-alike characters ({shown}), but comes from {where}."
        yield Seen("brand_disguised", text, "header From")


def _is_involved(brand: Brand, view: View) -> bool:
    """Whether the brand sent it, or a partner whose every link goes to the brand."""
    if brand.owns(view.mail.from_.domain) or _is_one_of_its_houses(brand, view):
        return True
    return bool(view.hosts) and all(brand.owns(host) for host in view.hosts[:HOSTS_MAX])


def _is_one_of_its_houses(brand: Brand, view: View) -> bool:
    """Whether it is from a house of its own that shares the brand's name, leads there, and nothing speaks against it."""
    parts = view.from_org.split(".")[0].split("-")
    return brand.federated and brand.label in parts and view.is_plausible and view.from_org in view.link_orgs


def _in_address(view: View) -> Signals:
    domain = view.mail.from_.domain
    brand = worn(domain) if domain else None
    if brand and not _is_one_of_its_houses(brand, view):
        text = f"Its domain {quoted(domain)} borrows the name {brand.name}, but is not {brand.name}'s."
        yield Seen("brand_lookalike", text, "header From")


def _sender(view: View) -> Signals:
    """A brand's own domain in From, proven or disowned (DMARC, RFC 7489). Freemail is its users', not the brand's."""
    domain, checked = view.mail.from_.domain, view.mail.authentication.dmarc
    if view.is_freemail or not under(domain, BRAND_DOMAINS):
        return
    if checked == "fail":
        text = f"Its sender {quoted(domain)} is forged: the brand behind it disowns the mail."
        yield Seen("brand_forged", text, "header From")
    elif checked == "pass":
        text = f"It is from {quoted(domain)}, a known brand's own, and DMARC proves it."
        yield Seen("brand_sender", text, "header From")
    elif not view.is_checked and view.hosts and all(under(host, BRAND_DOMAINS) for host in view.hosts[:HOSTS_MAX]):
        text = f"It says it is from {quoted(domain)}, a known brand's own, and all its links lead to known brands."
        yield Seen("brand_sender", text, "links")


def _in_subject(view: View) -> Signals:
    """A brand that the subject speaks of, in a mail whose sender and links are all somebody else's."""
    brand = next((one for one in spoken_of(view.subject) if not one.ambiguous), None)
    hosts = (view.mail.from_.domain, *view.hosts[:HOSTS_MAX])
    if brand and view.hosts and not any(brand.owns(host) for host in hosts):
        text = f"Its subject speaks of {brand.name}, but neither its sender nor any of its links is {brand.name}'s."
        yield Seen("brand_in_subject", text, "header Subject")


def _in_links(view: View) -> Signals:
    for host in view.hosts[:HOSTS_MAX]:
        brand = None if under(host, {view.from_org}) else worn(host)
        if brand and not brand.owns(view.mail.from_.domain):
            yield Seen("brand_in_host", f"The link's name {quoted(host)} borrows the name {brand.name}.", "link")
            return
