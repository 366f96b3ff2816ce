"""Refusals are told to people in their language, and the same under one key in every language."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from api.graphql import messages as module
from api.graphql.codes import ErrorCode
from api.graphql.messages import message
from api.graphql.outcomes import user_error
from api.language import OFFERED
from kit.db import Database, Session
from tests.support.client import Client

CATALOGUES = {
    path.stem: tomllib.loads(path.read_text())
    for path in Path(module.__file__).with_name("catalogues").iterdir()
}
LENGTH_MAX = 100
NOT_FOUND = {
    "en": "This purchase was not found. Please check its number.",
    "vi": "Không tìm thấy giao dịch mua hàng này. Vui lòng kiểm tra lại mã giao dịch.",
}
MISMATCH = {
    "en": "The shop uses another currency. Please convert the amounts first.",
    "vi": "Cửa hàng dùng loại tiền tệ khác. Vui lòng quy đổi số tiền trước.",
}
ERROR = "{ code message detail field }"
RECORD = f"""mutation ($input: RecordPurchasesInput!) {{
  recordPurchases(input: $input) {{ outcomes {{ error {ERROR} }} errors {ERROR} }}
}}"""
REFUND = f"""mutation ($input: RefundPurchaseInput!) {{
  refundPurchase(input: $input) {{ refund {{ status }} errors {ERROR} }}
}}"""
PURCHASE = {
    "externalId": "p1",
    "member": "ana",
    "occurredAt": "2026-03-01T10:00:00Z",
    "currency": "EUR",
    "lines": [{"amount": "12.99"}],
}


def test_there_is_a_catalogue_per_language() -> None:
    assert set(CATALOGUES) == set(OFFERED)


@pytest.mark.parametrize("language", OFFERED)
def test_each_code_has_a_line_in_each_language(language: str) -> None:
    assert list(CATALOGUES[language]) == list(CATALOGUES["en"])
    assert set(CATALOGUES[language]) == {code.name for code in ErrorCode}


@pytest.mark.parametrize("code", ErrorCode, ids=lambda code: code.name)
def test_a_line_is_short_and_whole(code: ErrorCode) -> None:
    lines = {language: message(code, language) for language in OFFERED}
    assert len(set(lines.values())) == len(OFFERED)
    for line in lines.values():
        assert len(line) <= LENGTH_MAX
        assert re.fullmatch(r"[A-ZĐ][^{}<>%$_\"`\n]*\.", line), line
        assert unicodedata.is_normalized("NFC", line)
        assert "  " not in line
    assert lines["en"].isascii()
    assert not lines["vi"].isascii()


def test_codes_are_told_apart() -> None:
    for catalogue in CATALOGUES.values():
        assert len(set(catalogue.values())) == len(catalogue)


@pytest.mark.parametrize("language", ["", "fr", "EN"])
def test_who_speaks_another_language_reads_english(language: str) -> None:
    assert message(ErrorCode.PURCHASE_NOT_FOUND, language) == NOT_FOUND["en"]


def test_a_code_that_the_schema_lacks_is_a_refusal_and_logged() -> None:
    with structlog.testing.capture_logs() as logs:
        error = user_error("NEW_OF_ALL", "why", ("input", "external_id"))
    assert (error.code, error.detail) == (ErrorCode.REFUSED, "why")
    assert error.field == ["input", "externalId"]
    assert [(each["log_level"], each["code"]) for each in logs] == [("error", "NEW_OF_ALL")]


async def ask(client: Client, language: str, query: str, given: Mapping[str, object]) -> Any:
    content = {"query": query, "variables": {"input": given}}
    headers = {"accept-language": language} if language else {}
    answer = await client.post(content, client.server, **headers)
    (payload,) = answer.data.values()
    return payload


async def refused_refund(client: Client, language: str, key: str = "k") -> Any:
    given = {"idempotencyKey": key, "externalId": "r1", "purchase": "none"}
    given["occurredAt"] = "2026-03-02T10:00:00Z"
    payload = await ask(client, language, REFUND, given)
    assert payload["refund"] is None
    (error,) = payload["errors"]
    return error


def not_found(language: str) -> dict[str, Any]:
    return {
        "code": "PURCHASE_NOT_FOUND",
        "message": NOT_FOUND[language],
        "detail": "no purchase 'none' is recorded",
        "field": ["input", "purchase"],
    }


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "en"), ("en-GB", "en"), ("vi-VN, en;q=0.5", "vi"), ("fr", "en"), ("vi;q=?", "en")],
)
async def test_a_refused_refund(client: Client, header: str, language: str) -> None:
    assert await refused_refund(client, header) == not_found(language)


async def test_the_same_key_answers_in_the_language_of_who_asks_again(client: Client) -> None:
    for language in ("vi", "en", "vi", ""):
        assert await refused_refund(client, language) == not_found(language or "en")


@pytest.mark.parametrize("language", OFFERED)
async def test_a_refused_purchase(client: Client, language: str) -> None:
    given = {"idempotencyKey": "k", "purchases": [PURCHASE]}
    wanted = {
        "code": "CURRENCY_MISMATCH",
        "message": MISMATCH[language],
        "detail": "currency is EUR, but the brand counts in USD; convert the amounts before",
        "field": ["input", "purchases", "0", "currency"],
    }
    for _ in range(2):
        payload = await ask(client, language, RECORD, given)
        assert payload == {"outcomes": [{"error": wanted}], "errors": []}


@pytest.mark.parametrize("language", OFFERED)
async def test_a_refused_request(client: Client, language: str) -> None:
    payload = await ask(client, language, RECORD, {"idempotencyKey": "", "purchases": []})
    assert payload["outcomes"] == []
    assert [error["message"] for error in payload["errors"]] == [
        CATALOGUES[language]["INVALID_INPUT"]
    ]


async def test_a_stored_code_of_another_release_is_a_refusal(
    client: Client, database: Database
) -> None:
    before = await refused_refund(client, "vi")

    async def change(session: Session) -> None:
        await session.fetch("UPDATE request SET outcome = replace(outcome, 'PURCHASE_', 'GONE_')")

    await database.write(change)
    error = await refused_refund(client, "vi")
    assert error == {
        **before,
        "code": "REFUSED",
        "message": CATALOGUES["vi"]["REFUSED"],
    }
