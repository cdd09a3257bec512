"""Who may ask each route of each service: the decision that a new route needs before its test passes.

`anybody`: it says nothing of a mail. `token`: the token of the doors (none on loopback). `link`: a signed link, for one recipient and
purpose. `signature`: the body is signed. A role: the console's, or a higher one. `browser`: who proves it on this very request.
"""

from typing import Literal

Who = Literal["anybody", "token", "link", "signature", "browser", "viewer", "analyst", "admin"]


def _all(who: Who, *routes: str) -> dict[str, Who]:
    return dict.fromkeys(routes, who)


#: Health and metrics of every service; the document of those that have an API.
HEALTH = _all("anybody", "GET /livez", "GET /readyz", "GET /metrics")
DOCUMENT = _all("anybody", "GET /openapi.json", "HEAD /openapi.json")

TABLE: dict[str, dict[str, Who]] = {
    "triage": HEALTH,
    "submission": HEALTH | _all("signature", "POST /v1/opinions/{submission_id}"),
    "ingest": HEALTH | DOCUMENT | _all("token", "POST /v1/reports", "POST /v1/quarantine", "POST /v1/erasures"),
    "blocklist": HEALTH
    | DOCUMENT
    | _all(
        "token",
        *("GET /v1/blocks", "POST /v1/blocks", "DELETE /v1/blocks", "DELETE /v1/blocks/{block_id}", "GET /v1/blocks/{block_id}/victims"),
        *("POST /v1/blocks/{block_id}/deliver", "POST /v1/blocks/{block_id}/undo", "POST /v1/check", "POST /v1/preview"),
        *("GET /v1/history", "GET /v1/feeds", "GET /v1/probes", "GET /v1/exports", "POST /v1/imports", "GET /maps/{name}"),
    ),
    "digest": HEALTH
    | DOCUMENT
    | _all(
        "token",
        *("GET /v1/digests/preview", "POST /v1/digests", "GET /v1/quarantine", "GET /v1/quarantine/{held_id}"),
        *("GET /v1/quarantine/{held_id}/raw", "POST /v1/quarantine/{held_id}/{recipient:path}/{wanted}"),
    ),
    "mailboxes": HEALTH
    | DOCUMENT
    | _all(
        "token",
        *("GET /v1/purges", "POST /v1/purges", "GET /v1/purges/{purge_id}", "POST /v1/purges/{purge_id}/approval"),
        *("POST /v1/purges/{purge_id}/plan", "POST /v1/purges/{purge_id}/restore", "POST /v1/purges/{purge_id}/withdrawal"),
    ),
    "portal": HEALTH
    | _all("anybody", "GET /portal.css", "GET /portal.js")
    | _all(
        "link",
        *("GET /q/{token}", "HEAD /q/{token}", "POST /q/{token}", "POST /q/{token}/confirm", "GET /q/{token}/state"),
        *("GET /q/{token}/preview", "GET /q/{token}/frame", "GET /q/{token}/headers", "GET /q/{token}/raw", "GET /m/{token}"),
        *("HEAD /m/{token}", "GET /p/{token}", "HEAD /p/{token}", "POST /p/{token}", "GET /unsubscribe/{token}"),
        *("HEAD /unsubscribe/{token}", "POST /unsubscribe/{token}"),
    ),
    "console": HEALTH
    | DOCUMENT
    | _all("anybody", "GET /static/{name}", "GET /sign-in")
    | _all("browser", "POST /sign-in", "GET /sign-in/provider", "GET /sign-in/provider/return")
    | _all(
        "viewer",
        *("GET /", "GET /blocks", "GET /blocks/preview", "GET /cases", "GET /cases/next", "GET /cases/{case_id}", "GET /dead"),
        *("GET /keys", "GET /now/health", "GET /quarantine", "GET /quarantine/{held_id}", "GET /reports", "GET /reports/{what}.csv"),
        *("GET /settings", "GET /verdicts", "POST /sign-out", "POST /views", "POST /views/{key}/drop"),
        *("GET /v1/blocks", "GET /v1/blocks/preview", "GET /v1/blocks/{row_id}", "GET /v1/cases", "GET /v1/cases/queue"),
        *("GET /v1/cases/{case_id}", "GET /v1/dead", "GET /v1/failures", "GET /v1/held", "GET /v1/held/{row_id}", "GET /v1/live"),
        *("GET /v1/me", "POST /v1/me/password", "DELETE /v1/me/sessions", "GET /v1/notifications", "GET /v1/quarantine"),
        *("GET /v1/reports", "GET /v1/reports/{row_id}", "GET /v1/stats", "GET /v1/verdicts"),
        *("GET /purges", "GET /purges/{purge_id}", "GET /v1/purges", "GET /v1/purges/{purge_id}", "GET /v1/purges/{purge_id}/mailboxes"),
    )
    | _all(
        "analyst",
        *("POST /blocks", "POST /blocks/{block_id}/remove", "POST /cases/act", "POST /cases/{case_id}/analyse"),
        *("POST /cases/{case_id}/decide", "POST /cases/{case_id}/edit", "POST /quarantine/act", "POST /mails/{sha256}/why"),
        *("GET /mails/{sha256}/preview", "POST /v1/mails/{sha256}/access", "GET /v1/mails/{sha256}", "POST /v1/blocks"),
        *("DELETE /v1/blocks/{block_id}", "PATCH /v1/cases/{case_id}", "POST /v1/cases/{case_id}/analyse"),
        *("POST /purges", "POST /purges/{purge_id}/again", "POST /purges/{purge_id}/approve", "POST /purges/{purge_id}/restore"),
        *("POST /purges/{purge_id}/withdraw", "POST /v1/purges", "POST /v1/purges/{purge_id}/again"),
        *("POST /v1/purges/{purge_id}/approval", "POST /v1/purges/{purge_id}/restore", "POST /v1/purges/{purge_id}/withdrawal"),
        *("POST /v1/cases/{case_id}/decision", "POST /v1/quarantine/{held_id}/{recipient:path}/decision"),
    )
    | _all(
        "admin",
        *("GET /audit", "GET /dead/{entry}", "POST /dead/{entry}", "POST /dead/act", "POST /settings/tokens"),
        *("POST /settings/webhooks", "POST /settings/webhooks/{hook_id}/again", "POST /settings/webhooks/{hook_id}/remove"),
        *("POST /settings/tokens/{token_id}/revoke", "GET /v1/audit", "GET /v1/audit/verify", "GET /v1/dead/{entry}"),
        *("DELETE /v1/dead/{entry}", "POST /v1/dead/{entry}/replay", "GET /v1/tokens", "POST /v1/tokens"),
        *("DELETE /v1/tokens/{token_id}", "GET /v1/operators", "POST /v1/operators", "PATCH /v1/operators/{name}"),
        *("DELETE /v1/operators/{name}", "POST /v1/operators/{name}/reset", "GET /v1/sessions", "DELETE /v1/sessions/{session_id}"),
        *("GET /v1/webhooks", "POST /v1/webhooks", "DELETE /v1/webhooks/{hook_id}", "POST /v1/webhooks/{hook_id}/again"),
    ),
}  # fmt: skip
