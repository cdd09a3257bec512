"""All weights of the local analyser, in one table: reviewed by hand, rounded, few.

A weight says how much a signal moves the verdict on its axis. The rates in the reasons are per cent of public mails that were
looked at when the weight was chosen (bad mails / honest ones, the worst kind of honest mail each): they check a weight, they
do not make it. How points become a category and a confidence is in `scoring.py`.

The axes: `deception` is a lie or a lure, `evasion` is how mail looks that must get past filters or hide where it comes from,
`junk` is what nobody asked for, `tone` how fraud and junk are sold alike, `malware` runs, `favour` and `honest` speak for the mail (only `honest` can make it clean),
`report` is what people said.
"""

from dataclasses import dataclass
from typing import Literal

Axis = Literal["deception", "evasion", "malware", "junk", "tone", "favour", "honest", "report"]


@dataclass(frozen=True, slots=True)
class Weight:
    """What a signal weighs, on which axis, and why so much."""

    points: float
    axis: Axis
    reason: str


WEIGHTS: dict[str, Weight] = {
    # what the own gateway checked
    "dmarc_fail": Weight(1.5, "evasion", "9-42 / 0-3, and 0 outside of lists"),
    "spf_fail": Weight(1.0, "evasion", "12-35 / 0"),
    "dkim_fail": Weight(0.5, "evasion", "10 / lists break it, so it counts outside of lists only"),
    "signature_broken": Weight(
        1.0, "evasion", "our own check, with the key at hand; forwarders that add a foot break it"
    ),
    "no_authentication": Weight(
        1.0, "evasion", "40 / large receivers have asked for it since 2024; forwarding loses it"
    ),
    "own_domain_forged": Weight(3.0, "deception", "nobody else may write as the organisation"),
    # who it says it is from
    "new_sender": Weight(0.5, "evasion", "our own history knows reported mail only, so that this is weak"),
    "from_unusable": Weight(2.0, "evasion", "25 / 0-5"),
    "brand_in_name": Weight(2.5, "deception", "15-33 / 0-0.8"),
    "brand_disguised": Weight(3.0, "deception", "look-alike letters in a brand's name are never an accident"),
    "brand_forged": Weight(1.0, "deception", "beside the failed DMARC: such brands sign all their mail"),
    "brand_lookalike": Weight(1.5, "deception", "partners' domains carry names too"),
    "brand_in_subject": Weight(1.0, "deception", "honest mail about a brand links to it, mostly"),
    "address_in_name": Weight(1.5, "deception", "0.5 / 0-0.8, but never by accident"),
    "own_domain_lookalike": Weight(3.0, "deception", "one letter from the own domain is no accident"),
    "own_person_foreign_address": Weight(
        2.0, "deception", "a colleague's name on a stranger's address; namesakes are rare"
    ),
    "own_name_foreign_domain": Weight(2.0, "deception", "a stranger who calls himself by the organisation's name"),
    "reply_to_freemail": Weight(2.0, "deception", "5-14 / 0 outside of lists"),
    "reply_to_other_mailbox": Weight(
        2.0, "deception", "3-8 / 0: the mailbox that is found out is not the one that answers"
    ),
    "reply_to_elsewhere": Weight(1.0, "evasion", "15-33 / 0-6 outside of lists (bare it hits 79 of lists)"),
    "recipient_domain_forged": Weight(2.0, "deception", "1-4 / 0: a neighbour whose proof failed"),
    "recipient_as_sender": Weight(1.0, "deception", "3 / 0-1"),
    "to_nobody": Weight(0.5, "evasion", "13-15 / 0-4"),
    "free_host_sender": Weight(1.5, "evasion", "2 / 0"),
    "cheap_sender": Weight(0.5, "evasion", "5-12 / 0-1; honest firms have such names too"),
    "jumbled_sender": Weight(0.5, "evasion", "3 / 0-3: machines of honest firms have such addresses too"),
    # how it is written
    "fake_reply": Weight(0.5, "deception", "3-12 / 0-7"),
    "hidden_characters": Weight(1.0, "evasion", "0.9 / 0-4"),
    "styled_letters": Weight(1.0, "evasion", "1-5 / 0"),
    "words_pulled_apart": Weight(1.0, "evasion", "1 / 0: nobody writes five letters so by accident"),
    "mixed_scripts": Weight(2.0, "deception", "3-7 / 0: never by accident"),
    "filler": Weight(1.0, "deception", "2-4 / 0 outside of lists: hashes and random letters where a text would be"),
    "recipient_in_subject": Weight(1.0, "evasion", "10 / 0-4: the address put where a name would stand"),
    "recipient_domain_in_subject": Weight(1.0, "evasion", "11 / 0-6: registrars and hosts of honest people do so, too"),
    "picture_in_name": Weight(1.0, "evasion", "2-7 / 0 outside of newsletters that can be left"),
    "link_in_subject": Weight(0.5, "evasion", "0.5 / 0-1"),
    # where its links go
    "shortener": Weight(1.0, "evasion", "9-13 / 0-3"),
    "free_hosting": Weight(1.0, "evasion", "10-13 / 0-5 outside of lists"),
    "cheap_link": Weight(0.5, "evasion", "11-13 / 0-2"),
    "ip_link": Weight(1.5, "evasion", "7 / 0-1.6"),
    "punycode_link": Weight(1.0, "evasion", "rare on both sides; honest hosts are seldom in mails"),
    "text_hides_target": Weight(
        1.0, "deception", "2.6 / 19 of newsletters: counts for senders that are not proven or cannot be left"
    ),
    "recipient_in_link": Weight(0.5, "evasion", "5-23 / 33 of newsletters: counts as the one before"),
    "one_foreign_host": Weight(1.0, "evasion", "40-54 / 0-11 outside of lists"),
    "no_own_link": Weight(0.5, "evasion", "29 / 0-12: weak"),
    "qr_link": Weight(1.0, "evasion", "2 / 0; honest ones are of the sender, or on tickets"),
    "brand_in_host": Weight(1.0, "deception", "2-5 / 0-4: partners' hosts carry names too"),
    "own_domain_in_link": Weight(2.0, "deception", "a stranger's host made to look like the own one"),
    "program_link": Weight(1.5, "deception", "makers of programs send such links, too, and lead to themselves"),
    "script_url": Weight(2.5, "deception", "a link that is a program, or a page that no filter of links sees"),
    # what it asks
    "password_form": Weight(2.5, "deception", "no honest mail asks for a password in itself"),
    "office_on_freemail": Weight(1.0, "deception", "1 / 0: no department has a private mailbox, but small firms do"),
    "mailbox_in_text": Weight(1.0, "deception", "9 / 0-1 outside of lists and newsletters"),
    "stranger_note": Weight(2.5, "deception", "platforms let customers write into their mail; none bills by telephone"),
    "code_to_scan": Weight(1.5, "deception", "beside `qr_link`: it lures, and the code is the way"),
    "new_account": Weight(
        2.0, "deception", "another account for bills: to be asked about by telephone even when it is true"
    ),
    "form": Weight(0.5, "evasion", "0.5 / 34 of old newsletters: weak"),
    "urgency": Weight(1.0, "deception", "31 / 0-7"),
    "credentials": Weight(1.5, "deception", "asks to confirm, verify or unlock an account: 10 / 0-1"),
    "documents": Weight(1.0, "deception", "a document or message of a stranger to open"),
    "payment": Weight(1.0, "deception", "changed bank details, an unpaid invoice, a refund"),
    "parcel": Weight(1.0, "deception", "a small fee; real parcel mail says so too"),
    "prize": Weight(1.5, "deception", "a reward for nothing: 30 / 0-5"),
    "crypto_lure": Weight(1.5, "deception", "wallets, tokens and airdrops to claim: 10-20 / 0"),
    "advance_fee": Weight(2.0, "deception", "three or more of its set phrases"),
    "gift_cards": Weight(2.0, "deception", "buy cards and send their codes"),
    "callback": Weight(2.0, "deception", "a bill for nothing and a number to call"),
    "extortion": Weight(3.0, "deception", "pay, or your secrets are told"),
    "chief": Weight(2.0, "deception", "what fraud by letter asks for; two of its phrases or more"),
    "romance": Weight(2.0, "deception", "four of its phrases or more"),
    "chat": Weight(0.5, "deception", "honest firms name such numbers, too"),
    "generic_greeting": Weight(1.0, "deception", "12-23 / 0-4"),
    "stuffed_greeting": Weight(1.5, "deception", "a link where a name would stand"),
    "image_only": Weight(1.0, "evasion", "9 / 0-6"),
    "picture_to_click": Weight(1.0, "junk", "5-9 / 0: beside the one before"),
    # what is attached
    "program_attached": Weight(5.0, "malware", "a program by its bytes or its name"),
    "double_extension": Weight(5.0, "malware", "a name made to look like a document"),
    "archive_with_program": Weight(4.0, "malware", "an archive whose members are programs"),
    "html_smuggling": Weight(4.0, "malware", "a mail that writes a file when it is opened"),
    "disk_image": Weight(3.5, "malware", "images carry programs around the mark of the web"),
    "picture_runs": Weight(4.0, "malware", "a drawing with a program inside"),
    "odd_container": Weight(
        3.0, "malware", "kinds of file that carry programs around checks, and hardly anything else"
    ),
    "macro_document": Weight(3.0, "malware", "documents with programs inside"),
    "locked_archive": Weight(3.0, "malware", "locked against scanners, with the password in the text"),
    "script_attached": Weight(2.0, "malware", "developers send them, too"),
    "locked_document": Weight(
        1.5, "deception", "locked against scanners; banks send such, with the password elsewhere"
    ),
    "html_attachment": Weight(2.0, "deception", "a page to open from disk: 0.5-5 / 0-0.2"),
    "lonely_attachment": Weight(1.0, "evasion", "2 / 0: a document from a stranger without a word"),
    # what it sells
    "casino": Weight(1.5, "junk", "gambling, dating, pills: 33 of junk / 0-6"),
    "money_for_nothing": Weight(1.5, "junk", "crypto, loans, work from home"),
    "cold_offer": Weight(1.5, "junk", "search rankings, guest posts, lists of leads"),
    "pitch": Weight(1.0, "tone", "31-37 / 0-4 where one can neither leave nor be led to the sender"),
    "leaving_elsewhere": Weight(1.0, "junk", "16-20 / 0-9, and those are of 2002"),
    "remove_me": Weight(1.5, "junk", "13-19 / 0-1: the foot that kits for bulk mail write"),
    # what speaks for it
    "list_unsubscribe": Weight(-0.5, "favour", "one may leave: 85-100 of lists and newsletters, 15 of phishing"),
    "signature_fits": Weight(-0.5, "favour", "our own check of its signature; bad mail is signed, too"),
    "own_link": Weight(-1.0, "favour", "2-8 of bad mail, 81 of genuine bulk: name, proof and links agree"),
    "list_id": Weight(-0.5, "favour", "a conversation on a list"),
    "precedence": Weight(-0.5, "favour", "says itself that it is bulk"),
    "brand_sender": Weight(
        -1.5, "favour", "a known brand, and DMARC proves it; its services are abused, so it is no more"
    ),
    "own_sender": Weight(-2.0, "honest", "an own domain, and DMARC proves it"),
    # the report itself
    "reported": Weight(0.5, "report", "somebody thought so, and people err; up to twice as much for many"),
    "reported_honest": Weight(-0.5, "report", "somebody wanted it"),
}
