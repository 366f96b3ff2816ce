"""Logs: valid JSON lines, one route for all loggers, correlation, and no secrets."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from kit import log
from kit.ids import new_id
from kit.settings import Settings


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    log.configure(Settings(log_format="auto", log_level="info"))
    yield stream
    root.handlers[:], _ = before
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_prints_one_json_line_per_event(written: io.StringIO) -> None:
    structlog.get_logger("laurel").info("purchase recorded", count=3, text="two\nlines")

    (line,) = lines(written)
    assert line["event"] == "purchase recorded"
    assert (line["count"], line["text"], line["level"]) == (3, "two\nlines", "info")
    assert line["timestamp"].endswith("Z")
    assert line["logger"] == "laurel"


def test_drops_what_lies_below_the_level(written: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("pgqueuer").debug("detail")

    assert written.getvalue() == ""


@pytest.mark.parametrize("name", ["uvicorn.error", "uvicorn.access", "sqlalchemy.pool", "pgqueuer"])
def test_routes_the_loggers_of_libraries(written: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning("%s things", 2)

    (line,) = lines(written)
    assert (line["event"], line["logger"], line["level"]) == ("2 things", name, "warning")


def test_never_prints_statements_with_their_values(written: io.StringIO) -> None:
    log.configure(Settings(log_format="json", log_level="debug"))

    logging.getLogger("sqlalchemy.engine.Engine").info("SELECT 'a member'")

    assert written.getvalue() == ""


@pytest.mark.parametrize(
    "key",
    [
        "authorization",
        "Authorization",
        "token",
        "key",
        "secret",
        "password",
        "api_key",
        "jwt_key",
        "X-Api-Key",
        "accessToken",
        "client_secret",
        "database.password",
    ],
)
def test_masks_what_is_named_like_a_secret(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("seen", **{key: "s3cr3t"}, deep={"list": [{key: ["s3cr3t"]}]})

    (line,) = lines(written)
    assert "s3cr3t" not in written.getvalue()
    assert line[key] == log.MASK
    assert line["deep"] == {"list": [{key: log.MASK}]}


def test_masks_secrets_inside_texts_and_tracebacks(written: io.StringIO) -> None:
    try:
        raise ValueError("postgresql://laurel:s3cr3t@host/laurel refused")
    except ValueError:
        structlog.get_logger().exception("header was Bearer s3cr3t.s3cr3t")
        logging.getLogger("pgqueuer").exception("failed")

    assert "s3cr3t" not in written.getvalue()
    assert all("ValueError: postgresql://laurel:***@host" in x["exception"] for x in lines(written))


def test_keeps_what_only_looks_like_a_secret(written: io.StringIO) -> None:
    structlog.get_logger().info("seen", idempotency_key="order-7", keys=2, tokens_max=5)

    (line,) = lines(written)
    assert (line["idempotency_key"], line["keys"], line["tokens_max"]) == ("order-7", 2, 5)


@pytest.mark.parametrize(
    "value", ["\udcff", 10**30, float("nan"), {1: "a"}, {"a", 1}, object, b"\xff", new_id()]
)
def test_prints_valid_json_whatever_the_value(written: io.StringIO, value: object) -> None:
    structlog.get_logger().info("seen", value=value)

    (line,) = lines(written)
    assert line["event"] == "seen"


def test_survives_a_value_that_holds_itself(written: io.StringIO) -> None:
    endless: list[object] = []
    endless.append(endless)

    structlog.get_logger().info("seen", value=endless)

    assert lines(written)[0]["event"] == "seen"


def test_prints_plain_text_on_a_terminal(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    log.configure(Settings(log_format="auto"))

    try:
        raise ValueError("no")
    except ValueError:
        local_password = "s3cr3t"
        structlog.get_logger().exception("purchase recorded", password=local_password)

    assert "purchase recorded" in terminal.getvalue()
    assert "ValueError: no" in terminal.getvalue()
    assert "s3cr3t" not in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert written.getvalue() == ""


def test_adds_the_correlation_id_that_is_bound(written: io.StringIO) -> None:
    with log.bind_correlation() as outer:
        structlog.get_logger().info("in")
        logging.getLogger("pgqueuer").info("library")
        with log.bind_correlation(new_id()) as inner:
            assert log.correlation_id() == inner != outer
        assert log.correlation_id() == outer
    structlog.get_logger().info("out")

    ids = [line.get("correlation_id") for line in lines(written)]
    assert ids == [str(outer), str(outer), None]
    assert log.correlation_id() is None


async def test_tasks_keep_the_correlation_id_of_where_they_began() -> None:
    async def see() -> object:
        await asyncio.sleep(0)
        return log.correlation_id()

    with log.bind_correlation() as bound:
        task = asyncio.create_task(see())

    assert await task == bound
