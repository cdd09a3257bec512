"""Wiring of the block list: `longstop serve blocklist`."""

from services.blocklist.contract import CONTRACT
from services.blocklist.copies import Copies
from services.blocklist.enforcing.asking import Asker
from services.blocklist.enforcing.milter import Milter
from services.blocklist.enforcing.policy import Policy
from services.blocklist.enforcing.server import GatewayDoor
from services.blocklist.feeds import FollowFeeds
from services.blocklist.gateway import Gateway, Hit, Seen
from services.blocklist.handlers import Handlers
from services.blocklist.http import app
from services.blocklist.jobs import ExpireDue, KeepGateway, WarnBeforeEnd
from services.blocklist.mapfiles import WriteMaps
from services.blocklist.notes import CountNotes, count_hits, count_traffic
from services.blocklist.probing import ProbeGateways
from services.blocklist.recall import RECALLS
from services.blocklist.settings import BlocklistSettings
from services.blocklist.tables import METADATA
from services.blocklist.unfinished import TakeBackStopped
from shared.bus import On
from shared.events import BlockRequested, BlockWithdrawn, ErasureRequested, VerdictIssued
from shared.jobs import Job
from shared.run import Parts, Room, Service, serve


def build(room: Room) -> Parts:
    """Put the block list together."""
    handlers = Handlers(room.settings)
    gateway = KeepGateway(room)
    settings = room.settings
    asker = Asker(Gateway(room.redis, settings.stream_prefix), settings.refusal_text)
    copies = Copies(room)
    milter = Milter(asker, copies, settings)
    policy = Policy(asker, action=settings.policy_action, failure=settings.policy_failure)
    return Parts(
        app=app(room, copies),
        port=room.settings.blocklist_port,
        on={
            VerdictIssued: On(handlers.on_verdict_issued, foresee=handlers.foresee_verdicts),
            BlockRequested: On(handlers.on_block_requested),
            BlockWithdrawn: On(handlers.on_block_withdrawn),
            ErasureRequested: On(handlers.on_erasure_requested),
        },
        jobs=[
            Job("expire entries", 1, ExpireDue(room)),
            Job("write the gateway's hash", 1, gateway.apply, wake=room.database.wake_on_commit()),
            Job("count hits", 1, CountNotes(room, Hit, count_hits)),
            Job("count traffic", 5, CountNotes(room, Seen, count_traffic)),
            Job("warn before entries end", 600, WarnBeforeEnd(room)),
            Job("follow feeds", 2, FollowFeeds(room)),
            Job("take back stopped imports", 60, TakeBackStopped(room)),
            Job("write maps", 2, WriteMaps(room)),
            Job("probe gateways", settings.probe_every_s, ProbeGateways(room)),
            Job("forget kept copies", 600, copies.forget),
            Job("compare the gateway's hash", 3, gateway.reconcile),
        ],
        doors=[
            GatewayDoor("milter", settings.bind, settings.milter_port, settings.gateway_networks, milter.talk),
            GatewayDoor("policy", settings.bind, settings.policy_port, settings.gateway_networks, policy.talk),
        ],
        recalls=RECALLS,
    )


SERVICE = Service(CONTRACT, BlocklistSettings, METADATA, build)

if __name__ == "__main__":
    raise SystemExit(serve(SERVICE))
