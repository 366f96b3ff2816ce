"""The protocol graphql-transport-ws, as npm `graphql-ws` and raw sockets see it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import node
from tests.support.served import Site

Seen = dict[str, dict[str, Any]]

CODES = {
    "an unknown subprotocol": 4406,
    "no subprotocol": 4406,
    "subscribe before init": 4401,
    "init twice": 4429,
    "no init in time": 4408,
    "no JSON": 4400,
    "no object": 4400,
    "no type": 4400,
    "an unknown type": 4400,
    "a message of the server": 4400,
    "bytes": 4400,
    "subscribe without an id": 4400,
    "subscribe without a query": 4400,
    "the same id twice": 4409,
    "a token that does not hold": 4403,
    "a token that expires": 4403,
}
# The words of the protocol, which clients may look for.
REASONS = {
    "subscribe before init": "Unauthorized",
    "init twice": "Too many initialisation requests",
    "no init in time": "Connection initialisation timeout",
    "the same id twice": "Subscriber for 1 already exists",
}
ME = {"me": {"externalId": "m1"}}
ACK = {"type": "connection_ack"}
ANSWER = [ACK, {"type": "next", "id": "1", "data": ME}, {"type": "complete", "id": "1"}]


@pytest.fixture(scope="module")
def seen(suites: Path, site: Site) -> Seen:
    short_lived = site.member(lasts=timedelta(seconds=8))
    done = node(suites / "websocket.mjs", site.address, site.member(), short_lived)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def said(probe: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the server said; of answers the data alone."""
    messages = [dict(each) for each in probe["said"]]
    for message in messages:
        if message["type"] == "next":
            message["data"] = message.pop("payload")["data"]
    return messages


@pytest.mark.parametrize("name", CODES)
def test_faults_close_the_socket_with_their_code(seen: Seen, name: str) -> None:
    probe = seen[name]
    assert probe.get("code") == CODES[name], probe
    assert probe["reason"].startswith(REASONS.get(name, ""))


def test_operations_and_subscriptions_run(seen: Seen) -> None:
    answers = seen["an operation, then a subscription, by graphql-ws"]["answers"]
    assert answers == [ME, ME]


def test_a_subscription_says_something_before_its_token_expires(seen: Seen) -> None:
    assert said(seen["a token that expires"])[:2] == ANSWER[:2]


def test_pings_are_answered_with_what_they_carry(seen: Seen) -> None:
    assert seen["a ping before init"]["said"] == [{"type": "pong", "payload": {"n": 1}}]
    (ack, pong) = seen["a ping after init"]["said"]
    assert (ack, pong["type"]) == (ACK, "pong")


@pytest.mark.parametrize("name", ["a pong that nobody asked for", "the end of what never began"])
def test_what_needs_no_answer_gets_none(seen: Seen, name: str) -> None:
    assert said(seen[name]) == ANSWER


def test_an_id_can_be_used_again(seen: Seen) -> None:
    messages = said(seen["an id used again after its end"])
    assert messages[0] == ACK
    assert messages[-2:] == ANSWER[1:]


def test_a_document_with_a_fault_ends_only_itself(seen: Seen) -> None:
    (ack, error) = seen["a document with a fault"]["said"]
    assert (ack, error["type"], error["id"]) == (ACK, "error", "1")
    assert [each["extensions"]["code"] for each in error["payload"]] == [
        "GRAPHQL_VALIDATION_FAILED"
    ]


def test_pages_of_other_sites_get_no_socket(seen: Seen) -> None:
    assert seen["a page of another site"]["status"] == 403
    assert seen["a page of our own"]["said"] == [ACK]
