"""Redis' list of users, made from the contracts: every service may do on its own streams what it does, and nothing else.

A line is `user NAME on #SHA256_OF_NAME`, then what it may do anywhere, then selectors, each with commands and the keys that
they may touch: `%R~` reads, `%W~` writes (https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/). Redis
refuses the file until each `SHA256_OF_NAME` is the SHA-256 of a password; `deploy/make-secrets.sh` does that.
"""

from collections.abc import Iterable, Iterator

from longstop.services import services
from services.blocklist.rules.fields import GATEWAY, HASHES, HITS, SEEN
from shared.bus import DEAD_STREAM
from shared.contract import Contract
from shared.events import EVENTS

#: What every client sends: AUTH, HELLO, PING, CLIENT SETINFO. Naming that last one would make Redis 7.0 refuse the file.
CONNECTION = "-@all +@connection -@dangerous"
TRANSACTION = "+multi +exec +discard"

READ = "+xgroup|create +xreadgroup +xack +xpending +xclaim"
LOOK = "+xinfo|stream +xinfo|groups +xpending +xlen +xrange"
LOOK_AND_FOLLOW = "+xinfo +xpending +xlen +xrange +xrevrange +xread"

Selector = tuple[str, str, Iterable[str]]


def acl(prefix: str) -> str:
    """The file, for one prefix of keys: a user for each service, and four for those around them."""
    users = [_user(service.name, TRANSACTION, _of_service(service.contract), prefix) for service in services()]
    doors = [kind.STREAM for service in services() for kind in service.contract.doors]
    hashes = (GATEWAY, "map:*")
    users += [
        _user("gateway", "", [("+hget +hmget", "%R", hashes), ("+xadd", "%W", [HITS, SEEN])], prefix),
        _user("publisher", "", [("+xadd", "%W", doors)], prefix),
        _user("watcher", "+time", [(LOOK_AND_FOLLOW, "%R", ["*.v1"])], prefix),
        _user(
            "operator",
            f"{TRANSACTION} +info +scan +time +acl|log +acl|load",
            [
                (f"{LOOK_AND_FOLLOW} +xadd +xdel +xgroup", "%RW", ["*.v1"]),
                ("+hget +hmget +hlen +hscan", "%R", hashes),
            ],
            prefix,
        ),
    ]
    return "\n".join(["user default off", *users]) + "\n"


def _of_service(contract: Contract) -> Iterator[Selector]:
    """What a service does: read, publish through its outbox, and look after its streams (shared/keeper)."""
    reads = [kind.STREAM for kind in contract.reads]
    writes = [kind.STREAM for kind in contract.writes]
    kept = [*writes, *(kind.STREAM for kind in contract.doors)]
    yield READ, "%RW", reads
    yield "+xadd", "%W", [*writes, DEAD_STREAM]
    yield LOOK, "%R", dict.fromkeys([*reads, *kept, DEAD_STREAM])
    yield "+xtrim", "%W", kept
    if contract.name == "blocklist":
        yield "+hset +hdel +hscan +hmget +hlen", "%RW", HASHES
        yield "+exists +set", "%RW", [f"{GATEWAY}.filled"]
        yield "+xadd +xrange +xtrim", "%RW", [HITS, SEEN]
    if contract.name == "console":
        yield "+xrevrange", "%R", [DEAD_STREAM]
        yield "+xadd +xlen", "%RW", [kind.STREAM for kind in EVENTS]  # dead letters that an admin hands in again
        yield "+xdel", "%W", [DEAD_STREAM]


def _user(name: str, anywhere: str, selectors: Iterable[Selector], prefix: str) -> str:
    words = [f"user {name} on #SHA256_OF_{name} {CONNECTION}", *filter(None, [anywhere])]
    words += [f"({may} {' '.join(f'{how}~{prefix}:{key}' for key in keys)})" for may, how, keys in selectors]
    return " ".join(words)
