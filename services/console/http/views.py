"""How pages are made: templates in which every value is escaped, and the headers that go with them."""

from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.console import words
from services.console.rules.access import Person, may
from services.console.rules.drawing import bars
from services.console.rules.purging import box_word
from services.console.rules.standing import case_state, may_decide
from services.console.rules.text import ago, apart, defanged, lines, query, seen, size, sure, when

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; frame-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def environment() -> Environment:
    """Templates; every value is escaped, and `seen` or `defanged` where it comes from a mail."""
    made = Environment(
        loader=PackageLoader("services.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        seen=seen, defanged=defanged, when=when, ago=ago, apart=apart, size=size, lines=lines, harmless=harmless
    )
    made.globals.update(
        words=words,
        say=words.sentence,
        case_state=case_state,
        may_decide=may_decide,
        may=may,
        bars=bars,
        query=query,
        sure=sure,
        box_word=box_word,
    )
    return made


def harmless(markup: str) -> Markup:
    """Markup of a mail that `shared.mail.sanitising` has cleaned, as markup; nothing hidden is left in it."""
    return Markup(markup)  # noqa: S704 - nh3 cleaned it, and the frame that it is shown in can do nothing


class Views:
    """Renders templates."""

    def __init__(self) -> None:
        self._templates = environment()

    def page(
        self, template: str, status: int = HTTPStatus.OK, *, person: Person | None = None, **values: Any
    ) -> HTMLResponse:
        """A page for a person (`person.csrf` goes into its forms, `may(person.role, "analyst")` shows them)."""
        return HTMLResponse(
            self._templates.get_template(template).render(person=person, **values), status, headers=SECURITY
        )
