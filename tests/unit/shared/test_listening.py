"""HTTP doors answer at once, and a port that is taken is one clear error."""

import socket

import pytest

from shared.web import listen


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_answers_do_not_wait_for_the_clients_acknowledgement(host: str) -> None:
    with listen(host, 0) as door, socket.create_connection(door.getsockname()[:2]) as client:
        door.setblocking(True)
        accepted, _ = door.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        client.close()


def test_a_taken_port_is_named() -> None:
    with listen("127.0.0.1", 0) as door:
        port = door.getsockname()[1]
        with pytest.raises(OSError, match=f"port {port} on 127.0.0.1 cannot be used"):
            listen("127.0.0.1", port)
