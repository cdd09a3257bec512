"""What operators do with cases, over HTTP. 202 says that it was asked for; the streams say when it was done."""

from http import HTTPStatus
from typing import Any, cast

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.console.http.answers import etag_of, must_match
from services.console.http.case_forms import Again, Asked, CaseDecision, Decided, Edit, Edited, IfMatch
from services.console.http.desk import Desk
from services.console.http.guard import Asking
from services.console.http.models import answers, story_model
from services.console.queries import case_story, merged_into
from services.console.rules.access import actor
from services.console.tables import Case
from shared.events import (
    BlockOrigin,
    BlockRequested,
    CaseDecided,
    CaseEdited,
    Event,
    Split,
    SubmissionRequested,
    fact_id,
)
from shared.events.vocabulary import BAD_CATEGORIES, ReportCategory
from shared.web import Problem


class Cases:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._room, self._acts = desk, desk.room, desk.acts

    def router(self) -> APIRouter:
        """All of them."""
        router, one, accepted = self._desk.router("/cases"), "/{case_id}", HTTPStatus.ACCEPTED
        look, act = self._desk.behind(), self._desk.act()
        answer = answers(story_model(), "the case and what belongs to it")
        router.add_api_route(one, self.story, methods=["GET"], dependencies=look, responses=answer)
        router.add_api_route(one, self.edit, methods=["PATCH"], status_code=accepted, dependencies=act)
        router.add_api_route(f"{one}/analyse", self.analyse, methods=["POST"], status_code=accepted, dependencies=act)
        router.add_api_route(f"{one}/decision", self.decide, methods=["POST"], status_code=accepted, dependencies=act)
        return router

    async def story(self, case_id: str) -> JSONResponse:
        """One case with its reports, verdicts, entries and history. Its ETag is for If-Match.

        Raises:
            Problem: 404 there is no such case.
        """
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        if story is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case", "`longstop case list` shows them")
        shown = {name: [row.model_dump(mode="json") for row in rows] for name, rows in story.items() if name != "case"}
        return JSONResponse({"case": story["case"].model_dump(mode="json"), **shown})

    async def edit(self, case_id: str, edit: Edit, person: Asking, if_match: IfMatch = "") -> Edited:
        """Assign, note, tag, merge or split.

        Raises:
            Problem: 404 there is no such case; 412 it has changed; 422 nothing, or nothing possible, is wanted.
        """
        wanted: dict[str, Any] = edit.model_dump(exclude={"by"}, exclude_defaults=True)
        if not wanted or edit.merged_into == case_id:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "nothing to do", "name an owner, a note, tags or another case"
            )
        await self._case(case_id)
        await self._unchanged(case_id, if_match)
        if edit.merged_into and (await self._case(edit.merged_into)).merged_into:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "that case was merged into another itself", "name the other one"
            )
        if edit.split:
            wanted["split"] = await self._split(case_id, edit.split)
        event = CaseEdited(edit_id=self._acts.new_id(person), case_id=case_id, by=actor(person, edit.by), **wanted)
        await self._acts.say(person, "case.edited", case_id, event, by=edit.by, changed=sorted(wanted))
        return Edited(edit_id=event.edit_id, case_id=event.split_into if edit.split else case_id)

    async def decide(self, case_id: str, decision: CaseDecision, person: Asking, if_match: IfMatch = "") -> Decided:
        """Decide what the mails are, as a verdict that supersedes the analysers'.

        Raises:
            Problem: 404 there is no such case; 409 it was merged into another; 412 it has changed.
        """
        case = await self._case(case_id)
        await self._unchanged(case_id, if_match)
        if case.merged_into:
            raise Problem(HTTPStatus.CONFLICT, "the case was merged into another", f"decide {case.merged_into}")
        if decision.block and decision.category not in BAD_CATEGORIES:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "only bad mail is blocked", "leave `block` out")
        decision_id = self._acts.new_id(person)
        by = actor(person, decision.by)
        told = {**decision.model_dump(exclude={"block"}), "by": by}
        cases = (case_id, *await self._room.database.look(lambda session: merged_into(session, case_id)))
        events: list[Event] = [CaseDecided(decision_id=fact_id(decision_id, one), case_id=one, **told) for one in cases]
        if decision.block and case.from_address:
            origin = BlockOrigin(by=by, case_id=case_id, note=decision.comment)
            events.append(
                BlockRequested(request_id=decision_id, kind="address", value=case.from_address, origin=origin)
            )
        await self._acts.say(person, "case.decided", case_id, *events, category=decision.category, by=decision.by)
        return Decided(decision_id=decision_id)

    async def analyse(self, case_id: str, person: Asking, again: Again | None = None) -> Asked:
        """Have a case's first mail analysed again: a dispute. Its verdict is superseded, never changed.

        Raises:
            Problem: 404 there is no such case, or its mail is not known yet.
        """
        asked = again or Again()
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        reports = [report for report in story["reports"] if report.sha256] if story else []
        if not reports:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case, or its mail is not known yet")
        first, request_id, by = reports[0], self._acts.new_id(person), actor(person, asked.by)
        events: list[Event] = [
            SubmissionRequested(
                request_id=request_id,
                case_id=case_id,
                message_sha256=first.sha256,
                category=asked.category or cast("ReportCategory", first.category),
                report_count=len(reports),
                intent=asked.intent,
                by=by,
                comment=asked.comment,
            )
        ]
        if asked.block:
            if asked.intent != "confirmed" or not first.from_address:
                raise Problem(
                    HTTPStatus.UNPROCESSABLE_ENTITY,
                    "only a confirmed threat is blocked at once",
                    "say intent: confirmed",
                )
            origin = BlockOrigin(by=by, case_id=case_id, submission_id=request_id, note=asked.comment)
            events.append(
                BlockRequested(request_id=request_id, kind="address", value=first.from_address, origin=origin)
            )
        await self._acts.say(person, "case.disputed", case_id, *events, intent=asked.intent, by=asked.by)
        return Asked(request_id=request_id)

    async def _unchanged(self, case_id: str, if_match: str) -> None:
        if if_match:
            must_match(if_match, etag_of(bytes((await self.story(case_id)).body)))

    async def _split(self, case_id: str, wanted: list[str]) -> Split:
        """The reports that leave a case: some of it, not all."""
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        reports = [report for report in story["reports"] if report.id in wanted] if story else []
        leaving = {report.sha256 for report in reports}
        if len(reports) != len(set(wanted)) or not story or all(one.sha256 in leaving for one in story["reports"]):
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "these reports cannot leave the case",
                "name reports of this case, and leave it others that are of other mails",
            )
        first = reports[0]
        return Split(
            reports=tuple(report.id for report in reports),
            category=cast("ReportCategory", first.category),
            subject=first.subject,
            from_address=first.from_address,
        )

    async def _case(self, case_id: str) -> Case:
        case = await self._room.database.look(lambda session: session.get(Case, case_id))
        if case is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case", "`longstop case list` shows them")
        return case
