"""Blobs as objects of a store that speaks S3 (https://docs.aws.amazon.com/AmazonS3/latest/API/): AWS, MinIO, Ceph, Garage.

An object is durable when the store has answered its PUT. Credentials, region and the like come from where every client of
S3 finds them: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_REGION`, a role.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.blobs.store import is_name
from shared.errors import Defer

#: Requests at once of one process.
CONNECTIONS = 16

#: Longest waits for a connection and for an answer, in seconds, and tries: a door waits no longer for its mail.
CONNECT_S, ANSWER_S, TRIES = 3, 15, 2

#: What a URL may say besides bucket and prefix.
PARAMETERS = frozenset({"endpoint", "region"})


class ObjectBlobs:
    """Blobs as objects `PREFIX/ab/abcdef…` of one bucket: `s3://BUCKET/PREFIX?endpoint=https://HOST:PORT&region=NAME`.

    Between the look at an object's age and its deletion the same mail may be put again, and is lost: S3 has no request that
    deletes only what is old. It takes two erasures of one mail and its return within milliseconds.
    """

    def __init__(self, url: str) -> None:
        """Read the URL; the store itself is asked when it is needed.

        Raises:
            ValueError: the URL is wrong; the text says what is allowed.
        """
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query))
        if not parts.netloc or "@" in parts.netloc or given.keys() - PARAMETERS:
            raise ValueError(
                "LONGSTOP_BLOB_URL must be s3://BUCKET/PREFIX?endpoint=URL&region=NAME, without a password in it"
            )
        path = parts.path.strip("/")
        self._bucket, self._prefix = parts.netloc, f"{path}/" if path else ""
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="blobs")
        self._s3: Any = boto3.client(
            "s3",
            endpoint_url=given.get("endpoint"),
            region_name=given.get("region") or boto3.session.Session().region_name or "us-east-1",
            config=Config(
                connect_timeout=CONNECT_S,
                read_timeout=ANSWER_S,
                max_pool_connections=CONNECTIONS,
                retries={"total_max_attempts": TRIES, "mode": "standard"},
                s3={"addressing_style": "path"} if given.get("endpoint") else None,
            ),
        )

    def put(self, contents: Iterable[bytes]) -> list[str]:
        """Put every object, also one that is there: it is as young as a new one then (`erase`)."""
        named = [(hashlib.sha256(content), content) for content in contents]
        fresh = {digest.hexdigest(): (digest.digest(), content) for digest, content in named}
        list(self._threads.map(lambda one: self._put(*one), fresh.items()))
        return [digest.hexdigest() for digest, _ in named]

    def check(self) -> None:
        """Put one small object, always the same."""
        with _said("written"):
            self._s3.put_object(Bucket=self._bucket, Key=f"{self._prefix}probe", Body=b"")

    def get(self, sha256: str) -> bytes | None:
        """Read one object whole; None for an unknown or malformed name."""
        if not is_name(sha256):
            return None
        with _said("read"):
            try:
                content: bytes = self._s3.get_object(Bucket=self._bucket, Key=self._key(sha256))["Body"].read()
            except self._s3.exceptions.NoSuchKey:
                return None
        return content

    def erase(self, names: Mapping[str, datetime]) -> None:
        """Look at each object's age, then delete it."""
        list(self._threads.map(lambda one: self._erase(*one), names.items()))

    def older(self, before: datetime) -> Iterator[str]:
        """A thousand objects a request, as S3 lists them."""
        with _said("read"):
            lists = self._s3.get_paginator("list_objects_v2")
            for page in lists.paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in page.get("Contents", ()):
                    name = entry["Key"].rpartition("/")[2]
                    if is_name(name) and entry["LastModified"] < before:
                        yield name

    def _put(self, name: str, blob: tuple[bytes, bytes]) -> None:
        digest, content = blob
        checksum = base64.b64encode(digest).decode("ascii")  # the store itself compares what has arrived
        with _said("written"):
            self._s3.put_object(Bucket=self._bucket, Key=self._key(name), Body=content, ChecksumSHA256=checksum)

    def _erase(self, name: str, since: datetime) -> None:
        where = {"Bucket": self._bucket, "Key": self._key(name)}
        with _said("written"):
            try:
                if self._s3.head_object(**where)["LastModified"] > since:
                    return
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                    return
                raise
            self._s3.delete_object(**where)

    def _key(self, name: str) -> str:
        return f"{self._prefix}{name[:2]}/{name}"


@contextmanager
def _said(done: str) -> Iterator[None]:
    """Translate what goes wrong.

    Raises:
        Defer: the store cannot be used now, or not as it is set up.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise Defer(f"the blob store cannot be {done}: it says {code}") from error
    except BotoCoreError as error:
        raise Defer(f"the blob store cannot be {done}: {type(error).__name__}") from error
