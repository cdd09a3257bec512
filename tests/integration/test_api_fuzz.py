"""The API against requests that are made from its own document, right and wrong ones: Schemathesis finds nothing."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.integration.test_console import story
from tests.people import bootstrap
from tests.services import House
from tests.waiting import until

#: Requests for each operation, as many again that are wrong.
EXAMPLES = 8

#: What ends what the others need, or does not end itself.
LEFT_OUT = {"GET /v1/live", "DELETE /v1/operators/{name}", "POST /v1/operators/{name}/reset"}

#: Not that whatever the document allows is taken (a cursor has a meaning), nor that whatever it does not is refused: unknown
#: query parameters are passed over, as everywhere, and the token is always sent.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]

BOUNDED = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def console(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A console in a loop of its own: Schemathesis is no coroutine."""
    loop = asyncio.new_event_loop()
    made = House(("console",), redis_url, "fuzzed", tmp_path_factory.mktemp("fuzzed"))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(made.start(), loop).result(60)
    for event in story():
        asyncio.run_coroutine_threadsafe(made.publish(event), loop).result(60)
    asyncio.run_coroutine_threadsafe(until(lambda: _is_told(made)), loop).result(60)
    yield made
    asyncio.run_coroutine_threadsafe(made.stop(), loop).result(60)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _is_told(made: House) -> bool:
    async with made.http("console") as http:
        page = await http.get("/v1/verdicts", headers=bootstrap(made))
    return bool(page.json()["items"])


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_what_the_document_allows_and_what_it_forbids_is_answered_as_it_says(
    console: House, mode: GenerationMode
) -> None:
    base = f"http://127.0.0.1:{console.ports['console_port']}"
    document, headers = schemathesis.openapi.from_url(f"{base}/openapi.json"), bootstrap(console)
    faults: dict[str, str] = {}

    def ask(case: Case[Any]) -> None:
        case.call_and_validate(base_url=base, headers=headers, checks=CHECKS)

    for found in document.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.label not in LEFT_OUT:
            try:
                BOUNDED(given(operation.as_strategy(generation_mode=mode))(ask))()
            except (Exception, FailureGroup) as fault:  # noqa: BLE001 - all of them are told together
                faults[operation.label] = str(fault)
    assert not faults, "\n\n".join(f"{label}: {fault}" for label, fault in faults.items())
