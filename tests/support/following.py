"""Operations of any type over HTTP: a subscription is left after its first answer."""

import asyncio
from typing import Any

import orjson
from starlette.types import Message

from tests.support.client import Answer, Client, http_scope

_SECONDS_MAX = 10


async def asked(client: Client, operation: str, token: str = "", /, **variables: object) -> Answer:
    """Run an operation; return its answer, or the first one of a subscription."""
    if not operation.startswith("subscription"):
        return await client.ask(operation, token, **variables)
    return await _followed(client, {"query": operation, "variables": variables}, token)


async def _followed(client: Client, content: dict[str, Any], token: str) -> Answer:
    headers = {"content-type": "application/json", "accept": "text/event-stream"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    scope = http_scope("POST", "/graphql", headers)
    waiting: list[Message] = [
        {"type": "http.request", "body": orjson.dumps(content), "more_body": False}
    ]
    sent: list[Message] = []
    answered = asyncio.Event()

    async def receive() -> Message:
        if waiting:
            return waiting.pop(0)
        await answered.wait()
        return {"type": "http.disconnect"}

    async def take(message: Message) -> None:
        sent.append(message)
        if b"data: " in message.get("body", b""):
            answered.set()

    async with asyncio.timeout(_SECONDS_MAX):
        await client.app(scope, receive, take)
    told = b"".join(message.get("body", b"") for message in sent[1:])
    events = [line.removeprefix(b"data: ") for line in told.split(b"\n") if line[:6] == b"data: "]
    return Answer(
        sent[0]["status"],
        {name.decode(): value.decode() for name, value in sent[0]["headers"]},
        events[0] if events else told,
    )
