"""S3 — the bucket over botocore (extra `s3`), for Amazon and for stores that speak its language."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from botmm.errors import ConfigError
from botmm.ops.bucket import CHUNK_BYTES, BucketError, Digest, digest_of

TIMEOUT_S = 30.0
TRIES = 4
_NOT_THERE = {"404", "NoSuchKey"}
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where objects go; `owner` is the account whose bucket it has to be."""

    bucket: str
    prefix: str
    endpoint: str = ""
    owner: str = ""


def target_of(url: str, *, endpoint: str = "", owner: str = "") -> Target:
    """Return the target of an address such as `s3://bucket/host`.

    Raises:
        ConfigError: it has another form.
    """
    parts = urlsplit(url)
    if parts.scheme != "s3" or not parts.netloc or not parts.path.strip("/"):
        raise ConfigError(
            f"{url!r} is not a place for segments",
            cure="write s3://BUCKET/PREFIX, with a prefix of this host's own",
        )
    return Target(bucket=parts.netloc, prefix=parts.path.strip("/"), endpoint=endpoint, owner=owner)


class S3Bucket:
    """One bucket; credentials and region come from the usual places (role of the machine, AWS_*)."""

    def __init__(self, target: Target) -> None:
        """Make the client; the first request goes out when something is asked.

        Raises:
            ConfigError: botocore is not installed, or knows no region or address.
        """
        try:
            import botocore.config
            import botocore.exceptions
            import botocore.session
        except ImportError as error:
            raise ConfigError(
                "botocore is not installed", cure="install the extra: pip install 'botmm[s3]'"
            ) from error
        self.name = f"s3://{target.bucket}"
        self._place = {"Bucket": target.bucket}
        if target.owner:
            self._place["ExpectedBucketOwner"] = target.owner
        self._refused = botocore.exceptions.ClientError
        # Of an object that is read, the transport's errors come as they are.
        self._failed = (
            botocore.exceptions.BotoCoreError,
            botocore.exceptions.HTTPClientError,
            OSError,
        )
        config = botocore.config.Config(
            connect_timeout=TIMEOUT_S,
            read_timeout=TIMEOUT_S,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
        )
        try:
            self._client: Any = botocore.session.get_session().create_client(
                "s3", endpoint_url=target.endpoint or None, config=config
            )
        except (botocore.exceptions.BotoCoreError, ValueError) as error:
            raise ConfigError(str(error), cure="set AWS_REGION and the endpoint") from error

    def put(self, key: str, file: Path, digest: Digest) -> None:
        """Store a file in one request, so that its checksum is that of the whole object.

        Raises:
            BucketError: the store refused it or did not answer.
        """
        checksum = base64.b64encode(bytes.fromhex(digest.sha256)).decode()
        with file.open("rb") as body:
            self._ask(
                lambda: self._client.put_object(
                    **self._place,
                    Key=key,
                    Body=body,
                    ContentLength=digest.size,
                    ChecksumSHA256=checksum,
                )
            )

    def digest(self, key: str) -> Digest | None:
        """Read an object back and return its digest; None where there is none.

        Raises:
            BucketError: the store refused it, did not answer, or broke off.
        """

        def read() -> Digest:
            """Read to the end."""
            body = self._client.get_object(**self._place, Key=key)["Body"]
            try:
                return digest_of(body.iter_chunks(CHUNK_BYTES))
            finally:
                body.close()

        return self._ask(read)

    def _ask(self, request: Callable[[], T]) -> T | None:
        """Return an answer, None where the object is not there."""
        try:
            return request()
        except self._refused as error:
            if error.response["Error"]["Code"] in _NOT_THERE:
                return None
            raise BucketError(
                f"{self.name}: {error}",
                cure="check the bucket's name, its region and what the role may do",
            ) from error
        except self._failed as error:
            raise BucketError(
                f"{self.name}: {error}", cure="check network, region and credentials"
            ) from error
