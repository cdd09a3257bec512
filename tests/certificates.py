"""A certificate for tests, made by the openssl program."""

import subprocess
from pathlib import Path

NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that is its own authority, and its key; the one that was there is written over."""
    cert, key = folder / "door.crt", folder / "door.key"
    subject = ("-subj", "/CN=longstop", "-addext", "subjectAltName=IP:127.0.0.1")
    command = ["openssl", "req", "-x509", *NEW_KEY, "-keyout", str(key), "-out", str(cert), *subject]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key
