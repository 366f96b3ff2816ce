"""What is kept of documents."""

import pytest

from api.errors import Refusal
from api.graphql.documents import Documents
from api.graphql.schema import core

BROKEN = [
    "{ me { id }",
    "{ me " + "{ a " * 400,
    "{ nothing }",
    '{ me { tier(asOf: "yesterday") { name } } }',
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_document_keeps_nothing_of_the_request_that_brought_it(text: str) -> None:
    documents = Documents(core(), hide_suggestions=True)
    refused = documents.prepare(text)
    assert isinstance(refused, Refusal)
    assert documents.known(text) is refused
    for error in refused.errors:
        assert error.message
        # Frames hold their callers' variables: credentials, and a megabyte of them.
        assert error.__traceback__ is None
        assert error.__cause__ is None
        assert error.__context__ is None
        assert error.original_error is None
