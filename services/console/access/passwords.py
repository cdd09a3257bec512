"""Passwords: scrypt (RFC 7914), in a thread, few at once."""

import asyncio
import hashlib
import hmac
import secrets

#: Cost: 32 MiB and about 80 ms a try (N = 2^15, r = 8, p = 1).
N, R, P, MEMORY_MAX = 2**15, 8, 1, 64 * 1024 * 1024

#: Shortest and longest password, in characters (NIST SP 800-63B, section 5.1.1.2, asks for 8 at least).
SHORTEST, LONGEST = 10, 200

#: Tries at once: each takes 32 MiB.
_AT_ONCE = asyncio.Semaphore(2)


def new_password() -> str:
    """A password of 128 random bits."""
    return secrets.token_urlsafe(16)


async def hashed(password: str) -> str:
    """Salt and hash, in hex."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}${(await _scrypt(password, salt)).hex()}"


async def is_right(password: str, stored: str) -> bool:
    """Whether it is the password; for an account that is not there (`stored` empty) the answer takes as long."""
    salt, _, wanted = (stored or NOBODY).partition("$")
    found = await _scrypt(password[:LONGEST], bytes.fromhex(salt))
    return hmac.compare_digest(found.hex(), wanted) and bool(stored)


#: What no password has.
NOBODY = f"{'00' * 16}${'00' * 32}"


async def _scrypt(password: str, salt: bytes) -> bytes:
    async with _AT_ONCE:
        return await asyncio.to_thread(
            hashlib.scrypt, password.encode(), salt=salt, n=N, r=R, p=P, maxmem=MEMORY_MAX, dklen=32
        )
