"""One case: what it is, why, who got it, and what to do."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Path, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlmodel import Session, col, select

from services.console.http.case_forms import Again, Edit
from services.console.http.cases import Cases
from services.console.http.guard import Asking
from services.console.http.mails import Mails
from services.console.http.pages.cases import Decision
from services.console.http.pages.showing import Showing, back
from services.console.queries import case_story
from services.console.queries.entries import same_mail_held
from services.console.queries.purges import people_of, purges_of_case
from services.console.queries.queue import Wanted, cases
from services.console.rules.mail import entries_for, recipients_of
from services.console.rules.purging import own
from services.console.tables import Block, Case
from shared.apart import preview_apart
from shared.invalid import said
from shared.web import Problem
from shared.work import now

Text = Annotated[str, Form(max_length=1000)]
#: Different mails of a case that a purge may be asked for.
MAILS_MAX = 20

Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]

#: A stranger's markup in a frame of its own: nothing loads, runs, submits or leaves it.
FRAME = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}


class Deciding(Decision):
    """A decision about one case, and what to show next."""

    then: Literal["", "next"] = ""


class CasePage:
    """The routes."""

    def __init__(self, show: Showing, api: Cases) -> None:
        self._show, self._api = show, api
        self._mails = Mails(show.desk)

    def router(self) -> APIRouter:
        """All of them."""
        router, look, act = APIRouter(include_in_schema=False), self._show.look, self._show.act
        router.add_api_route("/cases/next", self.next, methods=["GET"], dependencies=look)
        router.add_api_route("/cases/{case_id}", self.page, methods=["GET"], dependencies=look)
        router.add_api_route("/cases/{case_id}/decide", self.decide, methods=["POST"], dependencies=act)
        router.add_api_route("/cases/{case_id}/edit", self.edit, methods=["POST"], dependencies=act)
        router.add_api_route("/cases/{case_id}/analyse", self.analyse, methods=["POST"], dependencies=act)
        router.add_api_route("/mails/{sha256}/why", self.why, methods=["POST"], dependencies=act)
        router.add_api_route("/mails/{sha256}/preview", self.preview, methods=["GET"], dependencies=act)
        return router

    async def page(self, case_id: str, person: Asking, done: Annotated[str, Query(max_length=60)] = "") -> Response:
        """One case."""
        told = await self._show.database.look(lambda session: _told(session, case_id))
        if told is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such case", "it may have been forgotten after its time")
        looks = self._show.desk.access.looks
        told["until"] = await looks.until(person, told["mail"]) if told["mail"] else None
        told["known_people"] = own(people_of(told["reports"]), self._show.desk.room.settings.own_domains)
        return await self._show.page("case.html", person, done=done, **told)

    async def next(
        self,
        after: Annotated[str, Query(max_length=64)] = "",
        back_: Annotated[bool, Query(alias="back")] = False,
        done: Annotated[str, Query(max_length=60)] = "",
    ) -> Response:
        """The case whose turn it is after another one, or before it; what was done with that one is said there."""
        waiting, _ = await self._show.database.look(lambda session: cases(session, Wanted(), now(), 200))
        ids = [case.id for case in waiting]
        if not ids:
            return RedirectResponse("/cases?done=nothing", HTTPStatus.SEE_OTHER)
        at = ids.index(after) if after in ids else (0 if back_ else -1)
        return back(f"/cases/{ids[(at + (-1 if back_ else 1)) % len(ids)]}", done)

    async def decide(self, case_id: str, person: Asking, decision: Annotated[Deciding, Form()]) -> Response:
        """Decide, then show the case again or the next one."""
        await self._api.decide(case_id, decision.of_case(), person)
        await self._show.seen(lambda session: _is_decided(session, case_id))
        return back(f"/cases/next?after={case_id}" if decision.then == "next" else f"/cases/{case_id}", "decided:1")

    async def edit(
        self, case_id: str, person: Asking, act: Annotated[Literal["take", "give", "note", "tag", "untag", "merge"], Form()],
        text: Text = "",
    ) -> Response:  # fmt: skip
        """Take over, give back, note, tag or merge."""
        text = text.strip()
        edits: dict[str, dict[str, Any]] = {
            "take": {"owner": person.name}, "give": {"owner": ""}, "note": {"note": text}, "tag": {"add_tags": text.split()},
            "untag": {"remove_tags": [text]}, "merge": {"merged_into": text},
        }  # fmt: skip
        try:
            edit = Edit.model_validate(edits[act])
        except ValidationError as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "that cannot be written", said(error.errors()[0])) from None
        before = await self._show.database.look(lambda session: _state_of(session, case_id))
        await self._api.edit(case_id, edit, person)
        await self._show.seen(lambda session: _state_of(session, case_id) != before)
        return back(f"/cases/{text if act == 'merge' else case_id}", "edited")

    async def analyse(
        self,
        case_id: str,
        person: Asking,
        comment: Text = "",
        intent: Annotated[Literal["suspicious", "confirmed"], Form()] = "suspicious",
    ) -> Response:
        """Dispute the verdict: have it analysed again, and say why."""
        await self._api.analyse(case_id, person, Again(intent=intent, comment=comment))
        return back(f"/cases/{case_id}", "analyse")

    async def why(
        self,
        sha256: Sha256,
        person: Asking,
        reason: Annotated[str, Form(min_length=3, max_length=500)],
        path: Text = "/",
    ) -> Response:
        """Say why one has to see a mail; it may be seen for a while then."""
        await self._show.desk.access.looks.grant(person, sha256, reason.strip())
        return back(path)

    async def preview(self, sha256: Sha256, person: Asking) -> Response:
        """The mail in a frame that can do nothing.

        Raises:
            Problem: 403 say why first; 404 it is not kept any more.
        """
        raw = await self._mails.look(person, sha256, "preview")
        seen = await asyncio.to_thread(preview_apart, raw)
        answer = self._show.desk.views.page("preview.html", person=person, mail=seen)
        answer.headers.update(FRAME)
        return answer


def _told(session: Session, case_id: str) -> dict[str, Any] | None:
    story = case_story(session, case_id)
    if story is None:
        return None
    reports, case = story["reports"], story["case"]
    known = next((report for report in reports if report.message), None)
    offered = entries_for(known.message) if known else []
    offered += [(one["kind"], one["value"]) for verdict in story["verdicts"][:1] for one in verdict.blocks]
    values = [value for _, value in offered]
    standing = session.exec(select(Block).where(col(Block.value).in_(values), Block.status == "active").limit(50)).all()
    people = list(dict.fromkeys(one for report in reports for one in recipients_of(report.envelope)))
    reporters = {report.reporter.lower() for report in reports}
    return {
        **story,
        "mail": known.sha256 if known else "",
        "facts": known.message if known else {},
        "purges": purges_of_case(session, case_id),
        "mails": list({one.sha256: one.message.get("subject", "") for one in reports if one.message}.items())[
            :MAILS_MAX
        ],
        "offered": list(dict.fromkeys(offered))[:12],
        "standing": {(one.kind, one.value): one for one in standing},
        "others": [one for one in people if one.lower() not in reporters],
        "held": same_mail_held(session, [report.sha256 for report in reports]),
        "verdict": story["verdicts"][0] if story["verdicts"] else None,
        "older": story["verdicts"][1:],
        "merged": session.get(Case, case.merged_into) if case.merged_into else None,
    }


def _is_decided(session: Session, case_id: str) -> bool:
    case = session.get(Case, case_id)
    return case is None or case.stage != "wait"


def _state_of(session: Session, case_id: str) -> tuple[Any, ...]:
    case = session.get(Case, case_id)
    return (case.owner, case.notes, case.tags, case.merged_into) if case else ()
