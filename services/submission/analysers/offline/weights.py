"""All weights of the local analyser, in one table: reviewed by hand, rounded, few.

A weight says how much a signal moves the verdict on its axis. The rates in the reasons are per cent of public mails that were
looked at when the weight was chosen (bad mails / honest ones, the worst kind of honest mail each): they check a weight, they
do not make it. Three points on an axis call a mail by its name; each two points more halve the doubt.
"""

from dataclasses import dataclass
from typing import Literal

Axis = Literal["deception", "malware", "junk", "bulk", "honest"]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a signal weighs, on which axis, and why so much."""

    points: float
    axis: Axis
    reason: str


WEIGHTS: dict[str, Weight] = {
    # who it says it is from
    "dmarc_fail": Weight(1.5, "deception", "9-42 / 0-3, and 0 outside of lists"),
    "spf_fail": Weight(1.0, "deception", "12-35 / 0"),
    "dkim_fail": Weight(0.5, "deception", "10 / lists break it, so it counts outside of lists only"),
    "no_authentication": Weight(0.5, "deception", "half of phishing, a tenth of honest mail: weak"),
    "from_unusable": Weight(2.0, "deception", "25 / 0-5"),
    "brand_in_name": Weight(2.5, "deception", "15-33 / 0-0.8"),
    "address_in_name": Weight(1.5, "deception", "0.5 / 0-0.8, but never by accident"),
    "own_domain_forged": Weight(3.0, "deception", "nobody else may write as the organisation"),
    "own_domain_lookalike": Weight(3.0, "deception", "one letter from the own domain is no accident"),
    "own_name_foreign_domain": Weight(2.0, "deception", "a stranger who calls himself by the organisation's name"),
    "reply_to_freemail": Weight(1.5, "deception", "5-14 / 0"),
    "reply_to_elsewhere": Weight(1.0, "deception", "15-33 / 0-6 outside of lists (bare it hits 79 of lists)"),
    "fake_reply": Weight(0.5, "deception", "3-12 / 0-2"),
    "hidden_characters": Weight(1.0, "deception", "0.9 / 0-4"),
    "mixed_scripts": Weight(2.5, "deception", "Latin words with Cyrillic or Greek letters in them: never by accident"),
    "recipient_in_subject": Weight(1.0, "deception", "the address put where a name would stand"),
    # where its links go
    "shortener": Weight(1.0, "deception", "9-13 / 0-2"),
    "free_hosting": Weight(1.5, "deception", "10-12 / 0-5 outside of lists"),
    "ip_link": Weight(1.5, "deception", "7 / 0-1.6"),
    "punycode_link": Weight(1.0, "deception", "rare on both sides; honest hosts are seldom in mails"),
    "text_hides_target": Weight(1.0, "deception", "2.6 / 19 of newsletters: counts without List-Unsubscribe only"),
    "recipient_in_link": Weight(1.0, "deception", "5-23 / 33 of newsletters: counts without List-Unsubscribe only"),
    "one_foreign_host": Weight(0.5, "deception", "53 / 2-33: weak"),
    "brand_in_host": Weight(1.0, "deception", "2 / 0-10, for partners' hosts carry names too"),
    "script_url": Weight(1.5, "deception", "a link that is a program"),
    # what it asks
    "password_form": Weight(2.5, "deception", "no honest mail asks for a password in itself"),
    "form": Weight(0.5, "deception", "0.5 / 34 of old newsletters: weak"),
    "urgency": Weight(1.0, "deception", "31 / 0-7"),
    "credentials": Weight(1.0, "deception", "asks to confirm, verify or unlock an account"),
    "payment": Weight(1.0, "deception", "a small fee, changed bank details, an unpaid invoice"),
    "prize": Weight(1.5, "deception", "a reward for nothing"),
    "crypto_lure": Weight(1.5, "deception", "wallets, tokens and airdrops to claim: 10-20 / 0"),
    "advance_fee": Weight(2.0, "deception", "two or more of its set phrases"),
    "gift_cards": Weight(2.0, "deception", "buy cards and send their codes"),
    "extortion": Weight(3.5, "deception", "pay, or your secrets are told"),
    "generic_greeting": Weight(1.0, "deception", "12-23 / 0-4"),
    "image_only": Weight(1.5, "deception", "9 / 0-4"),
    # what is attached
    "program_attached": Weight(5.0, "malware", "a program by its bytes or its name"),
    "double_extension": Weight(5.0, "malware", "a name made to look like a document"),
    "disk_image": Weight(3.5, "malware", "images carry programs around the mark of the web"),
    "macro_document": Weight(3.0, "malware", "documents with programs inside"),
    "archive_with_program": Weight(4.0, "malware", "an archive whose members are programs"),
    "locked_archive": Weight(3.0, "malware", "locked against scanners, with the password in the text"),
    "html_attachment": Weight(1.5, "deception", "a page to open from disk: 0.5-5 / 0-0.2"),
    # what it sells
    "casino": Weight(2.0, "junk", "gambling, dating, pills: 24 of unsolicited mail"),
    "money_for_nothing": Weight(1.5, "junk", "crypto, loans, work from home"),
    "cold_offer": Weight(1.5, "junk", "search rankings, guest posts, lists of leads"),
    # what speaks for it
    "list_unsubscribe": Weight(-0.5, "bulk", "one may leave: 85-100 of lists and newsletters, 15 of phishing"),
    "list_id": Weight(-0.5, "bulk", "sent through a list"),
    "own_sender": Weight(-2.0, "honest", "an own domain, and DMARC proves it"),
    # the report itself
    "reported": Weight(0.5, "deception", "somebody thought so; kept small, for people err"),
    "reported_by_many": Weight(0.5, "deception", "for each doubling of reporters from three on, three times at most"),
}
