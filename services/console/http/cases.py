"""What operators do with cases, over HTTP. 202 says that it was asked for; the streams say when it was done."""

from http import HTTPStatus
from typing import Annotated, Any, Literal, cast
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.console.http.desk import Desk
from services.console.http.guard import Asking
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
from shared.events.vocabulary import BAD_CATEGORIES, ReportCategory, VerdictCategory
from shared.web import Problem

By = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
ReportId = Annotated[str, StringConstraints(max_length=64)]
Tag = Annotated[str, StringConstraints(pattern=r"^[\w.:/-]{1,40}$")]


class Edit(BaseModel):
    """A change of a case; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    owner: By | None = Field(default=None, description="who looks after it; empty: nobody")
    note: Text = ""
    add_tags: Annotated[list[Tag], Field(max_length=20)] = []
    remove_tags: Annotated[list[Tag], Field(max_length=20)] = []
    merged_into: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="the case that takes its reports"
    )
    split: Annotated[list[ReportId], Field(max_length=500)] = Field(
        default=[], description="reports that leave for a case of their own, with all copies of the same mails"
    )
    by: By = Field(default="", description="on whose behalf; heeded when the token of the data dir asks")


class CaseDecision(BaseModel):
    """What the mails of a case are."""

    model_config = ConfigDict(extra="forbid")

    category: VerdictCategory
    comment: Text = ""
    notify: bool = Field(default=False, description="tell the reporters even when they know, and when answers are off")
    block: bool = Field(default=False, description="ask for a block of the sender's address, too")
    by: By = Field(default="", description="on whose behalf; heeded when the token of the data dir asks")


class Again(BaseModel):
    """Analyse again, and why."""

    model_config = ConfigDict(extra="forbid")

    intent: Literal["suspicious", "confirmed"] = "suspicious"
    category: ReportCategory | None = Field(
        default=None, description="what it is said to be; as it was reported when left out"
    )
    comment: Text = Field(default="", description="what is wrong with the verdict")
    block: bool = Field(default=False, description="block the sender's address at once; a confirmed threat only")
    by: By = Field(default="", description="on whose behalf; heeded when the token of the data dir asks")


class Cases:
    """The routes."""

    def __init__(self, desk: Desk) -> None:
        self._room, self._guard, self._acts = desk.room, desk.guard, desk.acts

    def router(self) -> APIRouter:
        """All of them."""
        act, accepted = [self._guard.requires("analyst")], HTTPStatus.ACCEPTED
        router = APIRouter(prefix="/v1/cases", dependencies=act)
        router.add_api_route("/{case_id}", self.edit, methods=["PATCH"], status_code=accepted)
        router.add_api_route("/{case_id}/analyse", self.analyse, methods=["POST"], status_code=accepted)
        router.add_api_route("/{case_id}/decision", self.decide, methods=["POST"], status_code=accepted)
        return router

    async def edit(self, case_id: str, edit: Edit, person: Asking) -> dict[str, str]:
        """Assign, note, tag, merge or split.

        Raises:
            Problem: 404 there is no such case; 422 nothing, or nothing possible, is wanted.
        """
        wanted: dict[str, Any] = edit.model_dump(exclude={"by"}, exclude_defaults=True)
        if not wanted or edit.merged_into == case_id:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "nothing to do", "name an owner, a note, tags or another case"
            )
        await self._case(case_id)
        if edit.merged_into and (await self._case(edit.merged_into)).merged_into:
            raise Problem(
                HTTPStatus.UNPROCESSABLE_ENTITY, "that case was merged into another itself", "name the other one"
            )
        if edit.split:
            wanted["split"] = await self._split(case_id, edit.split)
        event = CaseEdited(edit_id=str(uuid4()), case_id=case_id, by=actor(person, edit.by), **wanted)
        await self._acts.say(person, "case.edited", case_id, event, by=edit.by, changed=sorted(wanted))
        return {"edit_id": event.edit_id, **({"case_id": event.split_into} if edit.split else {})}

    async def decide(self, case_id: str, decision: CaseDecision, person: Asking) -> dict[str, str]:
        """Decide what the mails are, as a verdict that supersedes the analysers'.

        Raises:
            Problem: 404 there is no such case; 409 it was merged into another.
        """
        case = await self._case(case_id)
        if case.merged_into:
            raise Problem(HTTPStatus.CONFLICT, "the case was merged into another", f"decide {case.merged_into}")
        if decision.block and decision.category not in BAD_CATEGORIES:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "only bad mail is blocked", "leave `block` out")
        decision_id = str(uuid4())
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
        return {"decision_id": decision_id}

    async def analyse(self, case_id: str, person: Asking, again: Again | None = None) -> dict[str, str]:
        """Have a case's first mail analysed again: a dispute. Its verdict is superseded, never changed.

        Raises:
            Problem: 404 there is no such case, or its mail is not known yet.
        """
        asked = again or Again()
        story = await self._room.database.look(lambda session: case_story(session, case_id))
        reports = [report for report in story["reports"] if report.sha256] if story else []
        if not reports:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case, or its mail is not known yet")
        first, request_id, by = reports[0], str(uuid4()), actor(person, asked.by)
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
        return {"request_id": request_id}

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
