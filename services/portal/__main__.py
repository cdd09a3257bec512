"""Wiring of portal: `longstop serve portal`."""

from services.portal.contract import CONTRACT
from services.portal.forget import forget, on_erasure_requested
from services.portal.handlers import (
    on_quarantine_deleted,
    on_quarantine_expired,
    on_quarantine_filed,
    on_quarantine_held,
    on_quarantine_refused,
    on_quarantine_release_failed,
    on_quarantine_released,
    on_release_decided,
    on_release_requested,
    on_verdict_issued,
)
from services.portal.http.app import app
from services.portal.recall import RECALLS
from services.portal.settings import PortalSettings
from services.portal.tables import METADATA
from shared.bus import On
from shared.events import (
    ErasureRequested,
    QuarantineDeleted,
    QuarantineExpired,
    QuarantineFiled,
    QuarantineHeld,
    QuarantineRefused,
    QuarantineReleased,
    QuarantineReleaseFailed,
    ReleaseDecided,
    ReleaseRequested,
    VerdictIssued,
)
from shared.forgetting import forgetting
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put portal together."""
    return Parts(
        app=app(room),
        port=room.settings.digest_port,
        on={
            QuarantineHeld: On(on_quarantine_held),
            QuarantineFiled: On(on_quarantine_filed),
            QuarantineRefused: On(on_quarantine_refused),
            ReleaseRequested: On(on_release_requested),
            ReleaseDecided: On(on_release_decided),
            QuarantineReleased: On(on_quarantine_released),
            QuarantineReleaseFailed: On(on_quarantine_release_failed),
            QuarantineDeleted: On(on_quarantine_deleted),
            QuarantineExpired: On(on_quarantine_expired),
            VerdictIssued: On(on_verdict_issued),
            ErasureRequested: On(on_erasure_requested),
        },
        jobs=[forgetting(room, forget)],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, PortalSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
