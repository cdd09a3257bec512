"""The OpenAPI document says of every door what it takes and how it refuses."""

from typing import Any

import pytest

from longstop.documents import openapi


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi()


def test_what_goes_wrong_is_a_problem_object_at_every_door(document: dict[str, Any]) -> None:
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method != "servers":
                refused = operation["responses"]["4XX"]["content"]
                assert refused == {"application/problem+json": problem}, (method, path)
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status", "detail"]


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/quarantine"])
def test_the_doors_of_ingest_say_in_which_forms_they_take_a_mail(document: dict[str, Any], path: str) -> None:
    body = document["paths"][path]["post"]["requestBody"]
    assert set(body["content"]) == {"message/rfc822", "multipart/form-data", "application/json"}
