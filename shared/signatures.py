"""How bodies of requests between programs are signed: HMAC-SHA-256 (RFC 2104) of `TIMESTAMP.BODY` with a shared secret.

`X-Longstop-Timestamp` is seconds since 1970, `X-Longstop-Signature` is `sha256=HEX`.
"""

import hashlib
import hmac
import time

SIGNATURE, TIMESTAMP = "X-Longstop-Signature", "X-Longstop-Timestamp"

#: How far the clocks of the two sides may be apart, in seconds.
CLOCKS_APART_S = 300


def signed(body: bytes, secret: str, at: float | None = None) -> dict[str, str]:
    """The headers by which the other side knows that `body` is ours."""
    stamp = str(int(time.time() if at is None else at))
    return {TIMESTAMP: stamp, SIGNATURE: f"sha256={_mac(stamp, body, secret)}"}


def is_signed(body: bytes, secret: str, stamp: str, signature: str) -> bool:
    """Whether the other side, and lately, signed `body`; compared in constant time."""
    if not (secret and stamp.isascii() and stamp.isdigit() and len(stamp) < 15):
        return False
    fresh = abs(time.time() - int(stamp)) <= CLOCKS_APART_S
    return hmac.compare_digest(signature.encode(), f"sha256={_mac(stamp, body, secret)}".encode()) and fresh


def _mac(stamp: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
