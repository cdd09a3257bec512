"""Signals of writing: tricks in subject and sender."""

import pytest

from tests.unit.submission.specimens import evidence, mail, on_a_list, signals


@pytest.mark.parametrize(
    "subject", ["Re: Invoice", "AW: Rechnung", "Fwd: Photos", "RV: Factura", "Res: Pedido", "re : hello"]
)
def test_an_answer_that_answers_nothing_is_told(subject: str) -> None:
    assert "fake_reply" in signals(mail(subject=subject))


@pytest.mark.parametrize("header", ["in-reply-to", "references"])
def test_an_answer_to_a_mail_is_not(header: str) -> None:
    assert "fake_reply" not in signals(mail(subject="Re: Minutes", headers={header: "<1@example.org>"}))


@pytest.mark.parametrize("subject", ["Reminder", "Regarding Monday", "Answer: yes", "Fwding"])
def test_words_that_begin_alike_are_no_answers(subject: str) -> None:
    assert "fake_reply" not in signals(mail(subject=subject))


@pytest.mark.parametrize("hidden", ["\u200b", "\u00ad", "\u2060", "\u202e", "\ufeff"])
def test_invisible_characters_in_subject_or_sender_are_told(hidden: str) -> None:
    assert "hidden_characters" in signals(mail(subject=f"Your Ama{hidden}zon order"))
    assert "hidden_characters" in signals(mail(f"Pay{hidden}Pal <x@login.example>"))


@pytest.mark.parametrize(
    "subject", ["Family \U0001f468\u200d\U0001f469\u200d\U0001f467", "Sun \u2600\ufe0f", "Straße, naïve, Ελλάδα"]
)
def test_emoji_and_letters_with_marks_are_not(subject: str) -> None:
    assert signals(mail(subject=subject)) == set()


@pytest.mark.parametrize("subject", ["\U0001d417\U0001d428\U0001d42e won", "\uff39\uff2f\uff35 won"])
def test_styled_letters_are_told(subject: str) -> None:
    assert "styled_letters" in signals(mail(subject=subject))


@pytest.mark.parametrize("word", ["P\u0430yPal", "Am\u0430z\u043en", "\u0391pple", "acc\u043eunt"])
def test_words_of_two_alphabets_are_told(word: str) -> None:
    assert "mixed_scripts" in signals(mail(subject=f"Your {word} order"))
    assert "mixed_scripts" in signals(mail(text=f"Dear user of {word}"))


@pytest.mark.parametrize(
    "word",
    ["\u041f\u0440\u0438\u0432\u0435\u0442", "5\u03bcm", "\u03c0r2", "Covid-19", "\u306a\u307eAmazon\u0430\u3042"],
)
def test_words_of_one_alphabet_units_and_joined_scripts_are_not(word: str) -> None:
    assert "mixed_scripts" not in signals(mail(subject=word))


def test_the_recipients_address_in_the_subject_is_told() -> None:
    assert "recipient_in_subject" in signals(mail(subject="ANA.LIND@example.org, your mailbox"))
    assert "recipient_in_subject" not in signals(on_a_list(subject="ana.lind@example.org left"))


@pytest.mark.parametrize(
    "subject", ["See https://login.example", "Prize at www.login.example", "Get it: ok.example/rCQE1"]
)
def test_a_link_in_the_subject_is_told(subject: str) -> None:
    assert "link_in_subject" in signals(mail(subject=subject))


@pytest.mark.parametrize("subject", ["Minutes 10/12", "a.b and c", "and/or", "Version 1.2/3"])
def test_slashes_and_dots_make_no_link(subject: str) -> None:
    assert "link_in_subject" not in signals(mail(subject=subject))


def test_what_is_quoted_of_a_subject_cannot_break_out_of_the_sentence() -> None:
    text = evidence(mail(subject="p\u0430ypal\u202e<b>\r\nhttp://x.example"))["mixed_scripts"].text
    assert not {"\r", "\n", "\u202e"} & set(text)


@pytest.mark.parametrize("name", ["Casino 🎰", "⭐ Winner", "Bo ✅"])
def test_pictures_in_a_senders_name_are_told(name: str) -> None:
    assert "picture_in_name" in signals(mail(f"{name} <bo@partner.example>"))


def test_letters_of_any_script_are_no_pictures() -> None:
    assert not {name for name in signals(mail("Zoë 李伟 <bo@partner.example>")) if name.startswith("picture")}


def test_a_stranger_who_speaks_of_the_recipients_domain_is_told() -> None:
    assert "recipient_domain_in_subject" in signals(
        mail("Bo <bo@partner.example>", subject="example.org - final notice")
    )


@pytest.mark.parametrize("sender", ["Karin <karin@example.org>", "Karin <karin@mail.example.org>"])
def test_a_neighbour_may(sender: str) -> None:
    assert "recipient_domain_in_subject" not in signals(mail(sender, subject="example.org - final notice"))


def test_filler_that_nobody_can_read_is_told() -> None:
    assert "filler" in signals(mail("", text="43c8ec a5c ac0c4c3e xkcdqwrt " * 10))


@pytest.mark.parametrize(
    "text",
    [
        "Hello Ana, here are the minutes of our meeting. " * 5,
        "Szczegółowe warunki przedstawiono w załączniku, proszę o kontakt. " * 5,
        "Balance 1200 1350 1400 " * 20,
        "43c8ec a5c",
    ],
)
def test_texts_tables_and_a_few_hashes_are_no_filler(text: str) -> None:
    assert "filler" not in signals(mail("", text=text))


def test_logs_of_colleagues_machines_are_no_filler() -> None:
    assert "filler" not in signals(mail("root <root@example.org>", text="43c8ec a5c ac0c4c3e xkcdqwrt " * 10))
