"""Settings: read once, secrets from files, no door open without a token."""

import re
import stat
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url

from longstop.services import services
from services.mailboxes.settings import MailboxesSettings
from shared.errors import LongstopError
from shared.settings import Settings
from shared.stores.postgres import driver_url


def test_own_domains_are_words_in_lower_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_OWN_DOMAINS", "Example.org, example.com.")
    assert Settings().own_domains == ("example.org", "example.com")


def test_a_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one,two\n")
    monkeypatch.setenv("LONGSTOP_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert Settings().secret_keys() == ["one", "two"]


def test_a_line_of_env_may_name_the_file_of_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("one\n")
    (tmp_path / ".env").write_text(f"LONGSTOP_SECRET_KEY_FILE={tmp_path / 'key'}\n")
    monkeypatch.chdir(tmp_path)
    assert Settings().secret_keys() == ["one"]


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), (b" \n", "is empty"), (b"\xff", "no text")])
def test_a_file_without_a_secret_stops_the_start_instead_of_another_secret_being_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("LONGSTOP_SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(LongstopError, match=f"LONGSTOP_SECRET_KEY_FILE: .*{words}"):
        Settings()


def test_an_empty_file_of_a_url_means_that_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("\n")
    monkeypatch.setenv("LONGSTOP_MAILSTORE_URL_FILE", str(tmp_path / "url"))
    assert MailboxesSettings().mailstore_url.get_secret_value() == ""


def test_a_secret_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    first = settings.secret_keys()
    assert settings.secret_keys() == first
    assert len(first[0]) >= 43
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_API_TOKEN", "not-for-logs")
    assert "not-for-logs" not in repr(Settings())


@pytest.mark.parametrize("bind", ["127.0.0.1", "::1", "localhost"])
def test_on_loopback_doors_ask_for_no_token(tmp_path: Path, bind: str) -> None:
    assert Settings(data_dir=tmp_path, bind=bind).door_token() == ""


def test_off_loopback_nothing_starts_without_a_token(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="LONGSTOP_API_TOKEN"):
        Settings(data_dir=tmp_path, bind="0.0.0.0").door_token()


def test_off_loopback_doors_ask_for_the_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_API_TOKEN", "t")
    assert Settings(bind="0.0.0.0").door_token() == "t"


def test_each_service_has_a_database_of_its_own_by_default(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert settings.database_url_of("triage") == f"sqlite:///{tmp_path}/db/triage.db"
    assert (
        settings.model_copy(update={"database_url": "sqlite:////x/{service}"}).database_url_of("a") == "sqlite:////x/a"
    )


def test_a_wrong_setting_is_refused_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_BATCH_MAX", "private-nonsense")
    with pytest.raises(ValidationError) as error:
        Settings()
    assert "private-nonsense" not in str(error.value)


def test_the_example_of_settings_names_settings() -> None:
    known = {f"LONGSTOP_{name.upper()}" for one in services() for name in one.settings.model_fields}
    lines = (Path(__file__).parents[3] / ".env.example").read_text().splitlines()
    named = {match[1] for line in lines if (match := re.match(r"#?(LONGSTOP_\w+)=", line))}
    assert named
    assert named <= known


def test_a_database_s_password_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pa55:w0rd\n")
    url = driver_url(make_url(f"postgresql://longstop@db/longstop?password_file={tmp_path / 'password'}"))
    assert (url.password, dict(url.query)) == ("pa55:w0rd", {})
    with pytest.raises(ValueError, match="LONGSTOP_DATABASE_URL: nowhere cannot be read"):
        driver_url(make_url("postgresql://longstop@db/longstop?password_file=nowhere"))
