"""Signals of attachments: what runs, what carries what runs, and what hides it."""

from typing import Any

import pytest

from tests.unit.submission.specimens import PASSED, checks, evidence, file, mail, on_a_list, opinion, signals


@pytest.mark.parametrize(
    ("name", "real_type", "signal"),
    [
        ("invoice.exe", "", "program_attached"),
        ("invoice.pdf", "exe", "program_attached"),
        ("scan.js.lnk", "script", "program_attached"),
        ("wifi.mobileconfig", "", "program_attached"),
        ("invoice.pdf.exe", "exe", "double_extension"),
        ("invoice.pdf        .scr", "", "double_extension"),
        ("photo.jpg.js", "", "double_extension"),
        ("tool.txt", "script", "script_attached"),
        ("order.iso", "", "disk_image"),
        ("order.pdf", "iso", "disk_image"),
        ("order.docm", "", "macro_document"),
        ("order.docx", "ooxml-macro", "macro_document"),
        ("order.doc", "ole-macro", "macro_document"),
        ("order.xlsb", "", "macro_document"),
        ("order.html", "", "html_attachment"),
        ("order.pdf", "html", "html_attachment"),
        ("order.svg", "", "html_attachment"),
    ],
)
def test_each_kind_of_file_is_told(name: str, real_type: str, signal: str) -> None:
    assert signal in signals(mail(attachments=(file(name, real_type),)))


@pytest.mark.parametrize(
    ("name", "real_type"),
    [
        ("minutes.pdf", "pdf"),
        ("photo.jpg", "image"),
        ("notes.tar.gz", "archive"),
        ("ana@example.com", ""),
        ("v1.2.docx", "ooxml"),
        ("", ""),
    ],
)
def test_ordinary_files_are_not(name: str, real_type: str) -> None:
    assert signals(mail(attachments=(file(name, real_type),), text="See the minutes. " * 30)) == set()


@pytest.mark.parametrize("member", ["invoice.exe", "folder/invoice.pdf.js", "x.LNK"])
def test_a_program_in_an_archive_is_malware(member: str) -> None:
    told = opinion(mail(attachments=(file("invoice.zip", "zip", members=("readme.txt", member)),)))
    assert (told.category, told.evaluation) == ("malware", "malicious")
    assert "archive_with_program" in {one.signal for one in told.evidence}


@pytest.mark.parametrize(
    "sentence", ["The password is 4711.", "Das Passwort lautet 4711", "Mot de passe : 4711", "Senha: 4711"]
)
def test_a_locked_archive_with_its_password_beside_is_malware(sentence: str) -> None:
    told = opinion(mail(attachments=(file("invoice.zip", "zip", encrypted=True),), text=sentence))
    assert told.category == "malware"
    assert [block.kind for block in told.blocks] == ["address", "file"]


def test_a_locked_archive_without_a_password_is_not_malware() -> None:
    assert opinion(mail(attachments=(file("invoice.zip", "zip", encrypted=True),))).category == "unknown"


def test_a_locked_document_with_its_password_beside_is_told() -> None:
    locked = file("invoice.pdf", "pdf", encrypted=True)
    assert "locked_document" in signals(mail(attachments=(locked,), text="password: 4711"))


def test_developers_may_send_scripts_to_a_list() -> None:
    assert signals(on_a_list(attachments=(file("flow.py", "script"),))) == set()


def test_a_page_that_poses_as_a_document_weighs_more() -> None:
    plain = evidence(mail(attachments=(file("page.html", "html"),)))["html_attachment"]
    posing = evidence(mail(attachments=(file("invoice.pdf.html", "html"),)))["html_attachment"]
    assert posing.weight == plain.weight * 1.5


@pytest.mark.parametrize("code", ["var f = atob('TVqQ');", "new Blob([x])", "URL.createObjectURL(b)"])
def test_a_page_that_makes_files_is_malware(code: str) -> None:
    smuggling = mail(html=f"<script>{code}</script>", has_script=True)
    assert "html_smuggling" in signals(smuggling)
    assert opinion(smuggling).category == "malware"


def test_a_page_with_another_script_is_not() -> None:
    assert signals(mail(html="<script>track()</script>", has_script=True)) == set()


def test_a_document_without_a_word_from_a_stranger_is_told() -> None:
    lonely: dict[str, Any] = {"attachments": (file("3spyWy0D.pdf", "pdf"),), "text": "see attached"}
    assert "lonely_attachment" in signals(mail(**lonely))
    assert "lonely_attachment" in signals(mail("Bo <bo@gmail.com>", authentication=PASSED, **lonely))
    assert signals(mail(authentication=PASSED, **lonely)) == set()


def test_each_kind_is_told_once() -> None:
    many = opinion(mail(attachments=tuple(file(f"{n}.exe") for n in range(100))))
    assert [one.signal for one in many.evidence].count("program_attached") == 1
    assert len([block for block in many.blocks if block.kind == "file"]) == 1


def test_a_name_made_of_dots_takes_no_time_to_speak_of() -> None:
    hostile = tuple(file(".pdf" + ". _-" * 30, "zip", members=(".pdf" + " ." * 90,) * 1_000) for _ in range(50))
    assert opinion(mail(attachments=hostile)).category == "unknown"


@pytest.mark.parametrize("name", ["order.one", "scan.ACE", "po.r01", "list.uue", "x.library-ms", "a.z"])
def test_files_of_kinds_that_hide_programs_are_malware_of_strangers(name: str) -> None:
    assert opinion(mail("", attachments=(file(name),))).category == "malware"


def test_notebooks_of_colleagues_are_not() -> None:
    sent = mail("Karin <karin@example.org>", attachments=(file("minutes.one"),))
    assert "odd_container" not in signals(sent)
    assert "odd_container" in signals(
        mail("Karin <karin@example.org>", attachments=sent.attachments, authentication=checks("fail"))
    )


@pytest.mark.parametrize(
    "svg",
    ['<svg xmlns="x" onload="go()">', "<svg><script>go()</script></svg>", '<svg><a href="javascript:go()"/></svg>'],
)
def test_a_drawing_that_runs_a_program_is_malware(svg: str) -> None:
    assert opinion(mail("", attachments=(file("logo.svg", "html"),), attached_html=svg)).category == "malware"


def test_a_drawing_is_a_page_to_open_but_no_program() -> None:
    drawing = mail("", attachments=(file("logo.svg", "html"),), attached_html='<svg><path d="M0 0"/></svg>')
    assert "picture_runs" not in signals(drawing)


@pytest.mark.parametrize(
    "words",
    [
        "SENHA DE ACESSO AO PDF: 123",
        "Passwort zum Öffnen = 7T4Q",
        "密码\uff1a8821",
        "パスワード: 8821",
        "비밀번호: 8821",
        "Password for the file: x",
    ],
)
def test_a_password_is_found_however_it_is_announced(words: str) -> None:
    assert "locked_document" in signals(mail("", text=words, attachments=(file("a.pdf", "pdf", encrypted=True),)))


def test_a_password_that_is_sent_elsewhere_is_not() -> None:
    words = "The password comes by telephone. See you on Monday: ten o'clock."
    assert "locked_document" not in signals(mail("", text=words, attachments=(file("a.pdf", "pdf", encrypted=True),)))
