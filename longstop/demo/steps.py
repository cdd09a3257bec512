"""The steps that a demo must have seen. Each is checked from outside, on events, files, the gateway's hash and pages."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import Any

import httpx

from longstop.bus import redis_of
from longstop.demo.mails import DemoMail
from longstop.demo.story import Story
from longstop.where import PATIENCE_S
from shared.plural import counted


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what should have happened, whether it did, and how much of it."""

    name: str
    happened: bool
    words: str


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything the steps are judged by."""

    story: Story
    mails: tuple[DemoMail, ...]
    refused: tuple[str, ...]
    digests: tuple[Path, ...]
    token: dict[str, str]

    @property
    def reported(self) -> list[DemoMail]:
        """Mails that were reported."""
        return [mail for mail in self.mails if not mail.is_held]

    @property
    def held(self) -> list[DemoMail]:
        """Mails that the gateway held."""
        return [mail for mail in self.mails if mail.is_held]

    async def steps(self) -> list[Step]:
        """All steps, in the order of the pipeline."""
        steps = [*self._reports(), *self._verdicts()]
        steps += [await self._gateway()]
        steps += [*self._quarantine()]
        steps += [await self._page()]
        return steps

    def _reports(self) -> Iterator[Step]:
        doors = {mail.door for mail in self.mails}
        yield Step(
            "every door took its mails",
            not self.refused,
            f"{counted(len(self.mails), 'mail')}, {counted(len(doors), 'door')}"
            if not self.refused
            else "; ".join(self.refused),
        )
        found = sum(self.story.report_of(mail.raw) is not None for mail in self.reported)
        yield Step(
            "each report is durable, byte for byte", found == len(self.reported), f"{found} of {len(self.reported)}"
        )
        cases = len(self.story.of("case.opened.v1"))
        joined = len(self.story.of("case.joined.v1"))
        groups = {mail.case for mail in self.reported if mail.case}
        together = all(
            len({self._case_of(mail) for mail in self.reported if mail.case == group}) == 1 for group in groups
        )
        yield Step("like reports became one case", together and cases > 0, f"{cases} cases, {joined} joined one")

    def _case_of(self, mail: DemoMail) -> str | None:
        report = self.story.report_of(mail.raw)
        told = self.story.resolution_of(report["report_id"]) if report else None
        return told["case_id"] if told else None

    def _verdicts(self) -> Iterator[Step]:
        verdicts = self.story.of("verdict.issued.v1")
        yield Step("cases were analysed", bool(verdicts), counted(len(verdicts), "verdict"))
        told = [self.story.resolution_of(report["report_id"]) for report in self.story.of("report.resolved.v1")]
        resolved = {one["report_id"] for one in told if one}
        yield Step(
            "every report was told its verdict",
            len(resolved) == len(self.reported),
            f"{len(resolved)} of {len(self.reported)}",
        )
        wrong = [mail.file for mail in self.reported if mail.expect and not self._is_expected(mail)]
        words = "all as their writers meant them" if not wrong else f"not as meant: {', '.join(wrong)}"
        yield Step("verdicts fit the mails", not wrong, words)

    def _is_expected(self, mail: DemoMail) -> bool:
        report = self.story.report_of(mail.raw)
        told = self.story.resolution_of(report["report_id"]) if report else None
        return told is not None and told["category"] in mail.expect

    async def _gateway(self) -> Step:
        """What a gateway asks before it takes the next mail: the hash, and the check API."""
        blocks = self.story.of("block.created.v1")
        redis: Any = redis_of(self.story.found)
        names = [f"{one['scope']}|{one['kind']}|{one['value']}" for one in blocks]
        values = await redis.hmget(f"{self.story.found.stream_prefix}:gateway", names) if names else []
        await redis.aclose()
        stands = sum(
            bool(value) and json.loads(value)["id"] == one["block_id"]
            for value, one in zip(values, blocks, strict=True)
        )
        obeyed = sum([await self._is_blocked(one["value"]) for one in blocks if one["kind"] == "address"])
        addresses = sum(one["kind"] == "address" for one in blocks)
        good = stands == len(blocks) and obeyed == addresses and (bool(blocks) or not any(m.expect for m in self.mails))
        return Step(
            "the gateway's lookup obeys the blocks",
            good,
            f"{stands} of {len(blocks)} entries in its hash, {counted(obeyed, 'sender')} refused",
        )

    async def _is_blocked(self, address: str) -> bool:
        async with httpx.AsyncClient(
            base_url=self.story.found.blocklist, headers=self.token, timeout=PATIENCE_S
        ) as http:
            answer = await http.post("/v1/check", json={"from": address, "recipient": "ana@example.org"})
        return answer.is_success and answer.json()["action"] == "block"

    def _quarantine(self) -> Iterator[Step]:
        held = len(self.story.of("quarantine.held.v1"))
        yield Step("held mails are durable", held == len(self.held), f"{held} of {len(self.held)}")
        wanted = {recipient for mail in self.held for recipient in mail.recipients}
        told = self.story.digested()
        yield Step(
            "every recipient got a digest",
            wanted <= told,
            f"{len(wanted & told)} of {len(wanted)} recipients, {counted(len(self.digests), 'mail')}",
        )

    async def _page(self) -> Step:
        links = [link for path in self.digests for link in links_of(path)]
        if not links:
            return Step("the links in digests open", not self.held, "no link" if self.held else "nothing was held")
        async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
            opened = sum([(await http.get(link)).is_success for link in links])
        before = len(self.story.of("release.requested.v1")) + len(self.story.of("quarantine.released.v1"))
        await self.story.read()
        after = len(self.story.of("release.requested.v1")) + len(self.story.of("quarantine.released.v1"))
        return Step(
            "the links in digests open, and opening changes nothing",
            opened == len(links) and before == after,
            f"{opened} of {len(links)} pages",
        )


def links_of(path: Path) -> list[str]:
    """The links to pages of ours in a digest mail's text part."""
    mail = message_from_bytes(path.read_bytes())
    text = next((_text(part) for part in mail.walk() if part.get_content_type() == "text/plain"), "")
    return list(dict.fromkeys(re.findall(r"https?://[^\s<>\"']{1,2000}/q/[^\s<>\"')]{1,2000}", text)))


def page_of(path: Path) -> Path:
    """The HTML part of a digest mail as a file that a browser opens."""
    mail = message_from_bytes(path.read_bytes())
    html = next((_text(part) for part in mail.walk() if part.get_content_type() == "text/html"), "")
    page = path.with_suffix(".html")
    page.write_text(html, encoding="utf-8")
    return page


def _text(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
