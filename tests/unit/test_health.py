"""The container's health check."""

import http.server
import threading

import pytest

from longstop import health
from longstop.services import NAMES, service


def test_it_knows_the_ports_of_all_services() -> None:
    assert set(NAMES) == set(health.PORTS)
    for name, (setting, port) in health.PORTS.items():
        assert getattr(service(name).settings(), setting) == port


def test_an_unknown_service_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_SERVICE", "nobody")
    assert health.main() == 2


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_ready_is_what_readyz_says(monkeypatch: pytest.MonkeyPatch, status: int, code: int) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        monkeypatch.setenv("LONGSTOP_SERVICE", "digest")
        monkeypatch.setenv("LONGSTOP_QUARANTINE_PORT", str(server.server_address[1]))
        assert health.main() == code
        thread.join()


def test_nobody_there_is_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGSTOP_SERVICE", "digest")
    monkeypatch.setenv("LONGSTOP_QUARANTINE_PORT", "1")
    assert health.main() == 1
