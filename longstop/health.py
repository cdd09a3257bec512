"""The health check of a container: is the service named by LONGSTOP_SERVICE ready? Standard library only, so that it is quick."""

import os
import sys
import urllib.error
import urllib.request

#: The setting of each service's HTTP port, and its default.
PORTS = {
    "console": ("console_port", 8080),
    "ingest": ("ingest_port", 8081),
    "blocklist": ("blocklist_port", 8082),
    "portal": ("digest_port", 8083),
    "triage": ("triage_port", 8084),
    "submission": ("submission_port", 8085),
    "digest": ("quarantine_port", 8086),
    "mailboxes": ("mailboxes_port", 8087),
}

#: Longest wait for the answer, in seconds.
PATIENCE_S = 5


def main() -> int:
    """The exit code: 0 ready, 1 not, 2 no such service."""
    name = os.environ.get("LONGSTOP_SERVICE", "")
    if name not in PORTS:
        sys.stderr.write(f"longstop: set LONGSTOP_SERVICE to one of {', '.join(PORTS)}\n")
        return 2
    setting, default = PORTS[name]
    port = os.environ.get(f"LONGSTOP_{setting.upper()}") or default
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_S):
            return 0
    except (urllib.error.URLError, OSError) as error:
        sys.stderr.write(f"longstop: {name} is not ready: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
