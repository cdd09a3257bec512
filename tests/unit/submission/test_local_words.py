"""Folding and phrases: words are found however they are dressed, and only as whole words."""

import time

import pytest

from services.submission.analysers.offline.folding import folded, plain, skeleton
from services.submission.analysers.offline.phrases import FAMILIES, Family, Pair, Word


@pytest.mark.parametrize(
    "dressed",
    [
        "Verify your account",
        "VERIFY  your\n\taccount",
        "V\u00e9r\u00eff\u00fd y\u00f6ur \u00e5cc\u00f6\u00fcnt",
        "ver\u200bify your ac\u00adcount",
        "\U0001d42f\U0001d41e\U0001d42b\U0001d422\U0001d41f\U0001d432 your account",
        "\uff36\uff45\uff52\uff49\uff46\uff59 your account",
        "\u202everify\u202c your account",
    ],
)
def test_words_are_read_as_people_read_them(dressed: str) -> None:
    assert folded(dressed) == "verify your account"


def test_typographic_quotes_are_plain_ones() -> None:
    assert folded("you\u2019ve won \u2014 \u201cnow\u201d") == 'you\'ve won - "now"'


@pytest.mark.parametrize(
    ("drawn", "meant"),
    [
        ("PaypaI", "paypal"),
        ("micr0soft", "microsoft"),
        ("rnicrosoft", "microsoft"),
        ("\u0430pple", "apple"),
        ("arnazon", "amazon"),
        ("vvalmart", "walmart"),
        ("LedgeR", "ledger"),
    ],
)
def test_characters_that_look_alike_have_one_skeleton(drawn: str, meant: str) -> None:
    assert skeleton(drawn) == skeleton(meant)


@pytest.mark.parametrize(("one", "other"), [("paypal", "paypol"), ("amazon", "amazin"), ("apple", "ample")])
def test_other_words_have_another_skeleton(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_a_run_of_combining_marks_takes_linear_time() -> None:
    def seconds(count: int) -> float:
        text = "e" + "\u0315\u0300\u05b0" * count
        start = time.process_time()
        for _ in range(5):
            folded(text)
        return time.process_time() - start

    seconds(100)
    assert seconds(24_000) < 60 * max(seconds(3_000), 0.001)


@pytest.mark.parametrize(
    ("word", "text", "stands"),
    [
        ("act now", "please act now.", True),
        ("act now", "act nowhere", False),
        ("act now", "react now", False),
        ("act now", "act now", True),
        ("act now", "react now or act now", True),
        ("expire*", "it expires soon", True),
        ("expire*", "it will expire", True),
        ("expire*", "unexpired", False),
        ("dear sir/madam", "dear sir/madam,", True),
        ("password:", "the password: 1234", True),
    ],
)
def test_a_word_stands_by_itself(word: str, text: str, stands: bool) -> None:
    assert Word.of(word).stands_in(text) is stands


def test_a_word_is_shown_as_it_was_written_and_found_as_it_is_folded() -> None:
    word = Word.of("überprüfen*")
    assert (word.shown, word.compared, word.open_end) == ("überprüfen", "uberprufen", True)


def pair(first: str, then: str) -> Pair:
    return Pair((Word.of(first),), (Word.of(then),))


def test_a_pair_needs_both_words_near_and_in_order() -> None:
    suspended = pair("your account", "suspend*")
    assert suspended.found("your account has been suspended today") == "your account … suspend"
    assert suspended.found("suspended was your account") == ""
    assert suspended.found("your account " + "x" * 60 + " suspended") == ""
    assert suspended.found("your account is fine") == ""


def test_a_pair_is_found_behind_a_later_place_of_its_first_word() -> None:
    assert pair("your account", "locked").found("your account is new. " + "y" * 50 + " your account is locked")


def test_a_text_that_repeats_the_first_word_is_not_searched_for_ever() -> None:
    text = "your account " * 2_000 + "is locked"
    assert pair("your account", "locked").found(text) == ""


def test_a_family_tells_its_first_phrase_and_counts_them_all() -> None:
    family = Family((Word.of("act now"), Word.of("last chance")), (pair("your card", "expire*"),))
    text = "last chance: act now, your card expires"
    assert family.first(text) == "act now"
    assert family.count(text) == ("act now", "last chance", "your card … expire")
    assert family.first("nothing of it") == ""


SAID = {
    "urgency": [
        "Your mailbox is almost full",
        "Ihr Konto wurde vorübergehend gesperrt",
        "Votre compte sera suspendu",
        "Su cuenta ha sido bloqueada",
        "Sua conta foi suspensa",
        "Uw rekening is geblokkeerd",
    ],
    "credentials": [
        "Please verify your PayPal account",
        "Bitte bestätigen Sie Ihre Daten",
        "Confirmez votre compte",
        "Confirme su identidad",
        "Atualize seus dados",
        "Bevestig uw gegevens",
    ],
    "parcel": [
        "Your parcel could not be delivered",
        "Ihr Paket konnte nicht zugestellt werden",
        "Votre colis est en attente",
        "Su paquete está retenido",
        "Sua encomenda foi retida",
        "Uw pakket kon niet worden bezorgd",
    ],
    "payment": [
        "an unpaid invoice",
        "offene Rechnung",
        "facture impayée",
        "factura pendiente",
        "boleto em aberto",
        "openstaande factuur",
    ],
    "prize": [
        "Congratulations, you are the winner",
        "Sie haben gewonnen",
        "Vous avez gagné",
        "Ha ganado",
        "Você ganhou",
        "U heeft gewonnen",
    ],
    "generic_greeting": [
        "Dear customer",
        "Sehr geehrter Kunde",
        "Cher client",
        "Estimado cliente",
        "Prezado cliente",
        "Geachte klant",
    ],
    "gift_cards": [
        "buy some gift cards",
        "Gutscheinkarten",
        "cartes cadeaux",
        "tarjetas de regalo",
        "cartões-presente",
        "cadeaukaarten",
    ],
    "extortion": [
        "full access to your device",
        "Zugriff auf Ihr Gerät",
        "accès à votre appareil",
        "acceso a su dispositivo",
        "acesso ao seu dispositivo",
        "toegang tot uw apparaat",
    ],
}


@pytest.mark.parametrize(("family", "text"), [(family, text) for family, texts in SAID.items() for text in texts])
def test_each_lure_is_known_in_six_languages(family: str, text: str) -> None:
    assert FAMILIES[family].first(folded(text))


HONEST = [
    "The meeting is on Monday. I verified the account balance with the bank, all is fine.",
    "The package maintainer asks to update the order of the patches; your account of it was good.",
    "Wir sehen uns am Freitag. Die Lieferung der Tische kommt nächste Woche.",
    "Merci pour la livraison, tout est arrivé en bon état.",
    "Gracias por el pedido, lo enviamos mañana.",
    "Bedankt voor uw bestelling, tot ziens in de winkel.",
]


@pytest.mark.parametrize("text", HONEST)
def test_ordinary_sentences_say_none_of_it(text: str) -> None:
    assert {name for name, family in FAMILIES.items() if family.first(folded(text))} == set()


def test_text_that_hides_in_html_references_and_stroked_letters_is_read() -> None:
    assert folded("h&#229;cker &nbsp;&#248;ne") == "hacker one"
    assert folded("Øperåting sÿstem, połączenie") == "operating system, polaczenie"


def test_words_of_mixed_alphabets_and_words_pulled_apart_are_read() -> None:
    assert plain(folded("\u0420l\u0435a\u0455\u0435 v\u0435r\u0456f\u0443")) == "please verify"
    assert plain("your p.a.y.m.e.n.t is due") == "your payment is due"
    assert plain("made in the u.s.a. by e.v.") == "made in the u.s.a. by e.v."
    assert (
        plain(folded("\u041f\u043e\u0434\u0442\u0432\u0435\u0440\u0434\u0438\u0442\u0435"))
        == "\u043f\u043e\u0434\u0442\u0432\u0435\u0440\u0434\u0438\u0442\u0435"
    )
