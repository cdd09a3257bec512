"""What rules are asked about a report, and what follows from what they say."""

from datetime import timedelta
from typing import cast

from services.triage.rules.policy import Decision
from services.triage.rules.reputation import Reputation
from services.triage.tables import Asked, Case
from shared.events import BlockOrigin, BlockRequested, CaseTriaged, ReportReceived, fact_id
from shared.events.vocabulary import BlockKind
from shared.mail.urls import canonical_host
from shared.work import Work


def facts_of(event: ReportReceived, case: Case, reporter: Reputation) -> dict[str, object]:
    """What conditions of rules may ask (`FACTS`), of a report, its reporter and the case that it joined."""
    message = event.message
    checked = message.authentication
    return {
        "category": event.category,
        "comment": event.comment,
        "reporter": event.reporter,
        "reporter_verified": event.reporter_verified,
        "reporter_precision": reporter.precision,
        "reporter_reports": reporter.count,
        "source": event.source,
        "defaulted": event.defaulted,
        "low_fidelity": event.low_fidelity,
        "simulation": bool(message.header_matches),
        "reports": case.report_count,
        "reporters": case.reporter_count,
        "recipients": case.recipient_count,
        "verdict": case.category,
        "from_address": message.from_address,
        "from_domain": message.from_domain,
        "from_name": message.from_name,
        "reply_to": message.reply_to,
        "subject": message.subject,
        "list_id": message.list_id,
        "language": message.language,
        "size_bytes": message.size_bytes,
        "hosts": list(dict.fromkeys(map(canonical_host, message.urls))),
        "urls": list(message.urls),
        "files": [one.name for one in message.attachments],
        "defects": list(message.defects),
        "spf": checked.spf or "",
        "dkim": checked.dkim or "",
        "dmarc": checked.dmarc or "",
    }


def say(decision: Decision, case: Case, event: ReportReceived, due: timedelta, work: Work) -> None:
    """Say what was decided about the case, when it is new or has changed, and ask for the blocks that rules propose.

    `due` is the time that a person has for a case of this priority, from when it was opened.
    """
    if (case.decision, case.priority) != (decision.decision, decision.priority):
        case.decision, case.priority = decision.decision, decision.priority
        case.due_at = case.opened_at + due
        work.emit(
            CaseTriaged(
                case_id=case.case_id,
                report_id=event.report_id,
                decision=decision.decision,
                priority=decision.priority,
                reasons=decision.reasons,
                tags=decision.tags,
                rules=decision.rules,
                due_at=case.due_at,
            )
        )
    for kind in decision.blocks:
        value = event.message.from_address if kind == "address" else event.message.from_domain
        request_id = fact_id("rule", case.case_id, kind, value)
        if value and not work.find(Asked, request_id):
            work.new(Asked, request_id=request_id)
            origin = BlockOrigin(by="rule", case_id=case.case_id, note=", ".join(decision.rules)[:200])
            work.emit(BlockRequested(request_id=request_id, kind=cast("BlockKind", kind), value=value, origin=origin))
