"""Blobs in a store that speaks S3: whole, once, durable before they are promised, and Defer when the store is away."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from shared.blobs import Blobs, FileBlobs, open_blobs
from shared.errors import Defer
from shared.events import ReportReceived
from tests.mails import mail
from tests.services import free_port, house
from tests.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    made = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    made.start()
    yield f"http://127.0.0.1:{made._port}"
    made.stop()


@pytest.fixture
def url(server: str, monkeypatch: pytest.MonkeyPatch, prefix: str) -> str:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "longstop")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    boto3.client("s3", endpoint_url=server, region_name="us-east-1").create_bucket(Bucket=prefix)
    return f"s3://{prefix}/mails?endpoint={server}"


@pytest.fixture(params=["files", "objects"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    if request.param == "files":
        return FileBlobs(tmp_path)
    return open_blobs(str(request.getfixturevalue("url")))


def test_what_was_put_can_be_got(blobs: Blobs) -> None:
    names = blobs.put([b"one", b"two", b"one", b""])
    assert names == [hashlib.sha256(content).hexdigest() for content in (b"one", b"two", b"one", b"")]
    assert [blobs.get(name) for name in names] == [b"one", b"two", b"one", b""]


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "A" * 64, "0" * 64 + "\n", "0" * 64])
def test_a_name_that_is_no_stored_hash_is_nothing(blobs: Blobs, name: str) -> None:
    assert blobs.get(name) is None


def test_what_is_erased_is_gone_unless_it_came_again(blobs: Blobs) -> None:
    old, again = blobs.put([b"old", b"again"])
    now = datetime.now(UTC)
    blobs.erase({old: now + timedelta(minutes=1), again: now - timedelta(minutes=1), "0" * 64: now})
    assert blobs.get(old) is None
    assert blobs.get(again) == b"again"


def test_a_look_whether_a_mail_could_be_kept_leaves_no_mail(blobs: Blobs) -> None:
    blobs.check()
    blobs.check()
    assert list(blobs.older(datetime.now(UTC) + timedelta(days=1))) == []


def test_what_is_older_than_a_time_is_listed(blobs: Blobs) -> None:
    names = blobs.put([str(number).encode() for number in range(20)])
    now = datetime.now(UTC)
    assert sorted(blobs.older(now + timedelta(minutes=1))) == sorted(names)
    assert list(blobs.older(now - timedelta(minutes=1))) == []


def test_objects_of_others_in_the_bucket_are_left_alone(url: str, server: str, prefix: str) -> None:
    boto3.client("s3", endpoint_url=server, region_name="us-east-1").put_object(
        Bucket=prefix, Key="0" * 64, Body=b"not ours"
    )
    store = open_blobs(url)
    assert list(store.older(datetime.now(UTC) + timedelta(minutes=1))) == []


def test_a_store_that_is_away_or_lacks_the_bucket_defers(url: str) -> None:
    with pytest.raises(Defer, match="NoSuchBucket"):
        open_blobs(url.replace("s3://", "s3://other-")).put([b"content"])
    with pytest.raises(Defer, match="NoSuchBucket"):
        open_blobs(url.replace("s3://", "s3://other-")).check()
    gone = open_blobs("s3://bucket?endpoint=http://127.0.0.1:9")
    with pytest.raises(Defer, match="cannot be written"):
        gone.put([b"content"])
    with pytest.raises(Defer, match="cannot be read"):
        gone.get("0" * 64)


@pytest.mark.parametrize("wrong", ["s3:///mails", "s3://key:secret@bucket", "s3://bucket?endpont=x", "ftp://x"])
def test_a_wrong_url_is_told_at_once(wrong: str) -> None:
    with pytest.raises(ValueError, match="LONGSTOP_BLOB_URL must be"):
        open_blobs(wrong)


async def test_a_report_is_taken_into_the_object_store_byte_for_byte(
    url: str, redis_url: str, prefix: str, data_dir: Path
) -> None:
    async with house(("ingest",), redis_url, prefix, data_dir, blob_url=url) as made:
        async with made.http("ingest") as http:
            answer = await http.post(
                "/v1/reports?category=phishing", content=mail(), headers={"Content-Type": "message/rfc822"}
            )
        assert answer.status_code == 202
        await until(lambda: made.said(ReportReceived))
        (said,) = await made.said(ReportReceived)
        assert open_blobs(url).get(said["message"]["sha256"]) == mail()
