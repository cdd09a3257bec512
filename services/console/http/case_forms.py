"""What is asked of cases, and what is answered."""

from typing import Annotated, Literal

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.events.vocabulary import ReportCategory, VerdictCategory

By = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
ReportId = Annotated[str, StringConstraints(max_length=64)]
Tag = Annotated[str, StringConstraints(pattern=r"^[\w.:/-]{1,40}$")]


class Wish(BaseModel):
    """What somebody asks for, perhaps for somebody else."""

    model_config = ConfigDict(extra="forbid")

    by: By = Field(default="", description="on whose behalf; heeded when the token of the data dir asks")


class Edit(Wish):
    """A change of a case; what is left out stays."""

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


class CaseDecision(Wish):
    """What the mails of a case are."""

    category: VerdictCategory
    comment: Text = ""
    notify: bool = Field(default=False, description="tell the reporters even when they know, and when answers are off")
    block: bool = Field(default=False, description="ask for a block of the sender's address, too")


class Again(Wish):
    """Analyse again, and why."""

    intent: Literal["suspicious", "confirmed"] = "suspicious"
    category: ReportCategory | None = Field(
        default=None, description="what it is said to be; as it was reported when left out"
    )
    comment: Text = Field(default="", description="what is wrong with the verdict")
    block: bool = Field(default=False, description="block the sender's address at once; a confirmed threat only")


class Edited(BaseModel):
    """A change was asked for; `case_id` is the new case when it was split."""

    edit_id: str
    case_id: str


class Decided(BaseModel):
    """A decision was said."""

    decision_id: str


class Asked(BaseModel):
    """Analysis was asked for."""

    request_id: str


IfMatch = Annotated[
    str, Header(max_length=200, description="the ETag of the case as you saw it: 412 when it has changed since")
]
