"""Requests that somebody got wrong, in every place where one can: the same ones for a seed."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import urlencode

Json = Any

PURCHASE = {
    "externalId": "p9",
    "member": "ana",
    "occurredAt": "2026-03-01T10:00:00Z",
    "currency": "USD",
    "lines": [{"amount": "12.50", "quantity": 1}, {"amount": "0.99", "category": "COFFEE"}],
}
REVIEW = {
    "externalId": "a9",
    "member": "ana",
    "kind": "review",
    "occurredAt": "2026-03-01T10:00:00Z",
    "attributes": [
        {"name": "stars", "value": {"number": "5"}},
        {"name": "a", "value": {"text": ""}},
    ],
}
_REQUESTS: tuple[dict[str, Json], ...] = (
    {"query": "{ brand { code name timeZone } }"},
    {"query": '{ programme(brand: "grocer") { pointsName ladders { tiers { name } } } }'},
    {"query": "query Home { me { externalId balance { total } tier { name progress } } }"},
    {
        "query": "query Page($n: Int, $a: Cursor) { me { movements(first: $n, after: $a)"
        " { edges { cursor node { code points } } pageInfo { hasNextPage endCursor } } } }",
        "variables": {"n": 3, "a": None},
        "operationName": "Page",
    },
    {
        "query": "query ($by: MemberBy!) { memberBy(by: $by) { id externalId tier { name } } }",
        "variables": {"by": {"externalId": "ana"}},
    },
    {
        "query": "query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } node(id: 1) { id } }",
        "variables": {"ids": ["a", "b", 3]},
    },
    {
        "query": "query ($at: DateTime) { figures(asOf: $at) { members spend { amount } } }",
        "variables": {"at": "2026-03-01T10:00:00Z"},
    },
    {
        "query": "mutation ($i: RecordPurchasesInput!) { recordPurchases(input: $i)"
        " { outcomes { status error { code message } } errors { code field } } }",
        "variables": {"i": {"idempotencyKey": "k1", "purchases": [PURCHASE]}},
    },
    {
        "query": "mutation ($i: RefundPurchaseInput!) { refundPurchase(input: $i)"
        " { refund { status } errors { code detail } } }",
        "variables": {
            "i": {
                "idempotencyKey": "k2",
                "externalId": "r1",
                "purchase": "p9",
                "occurredAt": "2026-03-01T11:00:00Z",
                "lines": [{"line": 0, "amount": "1.00"}],
            }
        },
    },
    {
        "query": "mutation ($i: RecordActivitiesInput!) { recordActivities(input: $i)"
        " { outcomes { status awards { rule } error { code } } errors { code field } } }",
        "variables": {"i": {"idempotencyKey": "k3", "activities": [REVIEW]}},
    },
    {
        "query": "query ($i: PreviewPurchaseInput!) { previewPurchase(input: $i)"
        " { points awards { rule points } tiersAfter { name } error { code field } } }",
        "variables": {"i": {"member": "ana", "currency": "USD", "lines": [{"amount": "5.00"}]}},
    },
    {
        "query": "mutation ($e: EnrolMembersInput!, $a: AmendMembersInput!)"
        " { enrolMembers(input: $e) { outcomes { error { code } } }"
        " amendMembers(input: $a) { outcomes { member { birthday region } } } }",
        "variables": {
            "e": {
                "idempotencyKey": "k4",
                "members": [{"externalId": "m", "birthday": "2001-02-03"}],
            },
            "a": {"idempotencyKey": "k5", "members": [{"member": "m", "region": None}]},
        },
    },
    {
        "query": "mutation ($p: AdjustPointsInput!, $g: GrantStatusInput!, $r: ReleasePointsInput!)"
        " { adjustPoints(input: $p) { errors { code } } grantStatus(input: $g) { errors { code } }"
        " releasePoints(input: $r) { outcomes { points } errors { code } } }",
        "variables": {
            "p": {"idempotencyKey": "k6", "member": "ana", "points": "1", "reason": "x"},
            "g": {"idempotencyKey": "k7", "member": "ana", "tier": "VIB", "reason": "x"},
            "r": {"idempotencyKey": "k8", "earnings": [{"purchase": "p9"}, {"activity": "a9"}]},
        },
    },
    {"query": "subscription { me { externalId balance { total } } }"},
    {"query": "query A { brand { id } } query B { brand { code } }", "operationName": "B"},
    {
        "query": "{ ...F } fragment F on Query { brand @include(if: true) { ...G } }"
        " fragment G on Brand { id ... on Node { id } }"
    },
    {"query": '{ __schema { types { name } } __type(name: "Member") { fields { name } } }'},
    {"documentId": "sha256:0"},
    {
        "query": "{ __typename }",
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}},
    },
)  # fmt: skip
_STRANGE: tuple[Json, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e308, 2**53, 2**63 - 1, 2**64, 10**400, -(10**30)),
    *("", " ", "x", "\0", "\ud800", "\udfff\ud800", "\u202e", "é́" * 40, "\ufeff", "9" * 400),
    *([], {}, [None], [[[[]]]], {"": ""}, {"__proto__": 1}, {"a": {"b": {"c": []}}}),
    *("2026-13-45T99:99:99Z", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-14:00", "1e999", "NaN"),
    *("grocer", "ana", "Infinity", "-0", "0x10", "%00", "../../etc", "'; DROP TABLE member; --"),
)
_PIECES = (
    *("{", "}", "(", ")", "[", "]", "...", "$", "@", ":", "!", "|", "&", '"', '"""', "\\", "#"),
    *("\\u", "\\ud800", "\\u{110000}", "\0", "\ud7ff", "é", "\u2028", "\r", "\n", "\t", ",", "-"),
    *("1", "0123", "1.", "1e", "null", "on", "fragment", "query", "mutation", "subscription"),
    *("__typename", "__schema{types{name}}", "@skip(if:true)", "@defer", "...F", "me{", "id "),
)
_TYPES = (
    *("application/json",) * 90,
    *("application/json; charset=utf-8", "application/json;charset=UTF8", "APPLICATION/JSON"),
    *("application/json; charset=utf-16", "application/json; charset=", "application/json;;;=;"),
    *("application/graphql", "application/graphql-response+json", "text/plain", "text/json", ""),
    *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\xff\xfe", ";", "/"),
)
_ACCEPTS = (
    *("application/json", "application/graphql-response+json", "*/*", "", "application/*;q=0.1"),
    *("text/html", "image/*", "application/json;q=0", "application/json;q=nan", "q=1;;,;/", "\xff"),
    *("text/event-stream", "multipart/mixed; deferSpec=20220824", "a/b," * 500, "*/*;q=-1e999"),
    *("application/json;q=0.000001, application/graphql-response+json;q=1e400", "*/*, " * 200),
)
_HEADERS: dict[str, tuple[str, ...]] = {
    "accept": _ACCEPTS,
    "accept-language": ("vi", "en-US,en;q=0.5", "*", "x" * 5_000, "vi;q=nan", "\xff", ",;q=,"),
    "accept-encoding": ("gzip", "gzip;q=0", "br, *", "\xff", "gzip" * 900),
    "content-encoding": ("identity", "gzip", "br", "", "IDENTITY", "\xff"),
    "content-length": ("0", "1", "-1", "99999999999999999999999", "x", "", "1e9", "\xb2"),
    "if-none-match": ("*", '"x"', 'W/"x"', '"' * 900, "\xff", ",,,,"),
    "origin": ("https://evil.example", "null", "\xff", "http://[", "http://test"),
    "sec-fetch-site": ("cross-site", "same-origin", "none", "\xff"),
    "sec-fetch-mode": ("cors", "no-cors", "navigate"),
    "x-request-id": ("0190a7c4-5b1e-7c3a-9d52-3f4c8f1f2a3b", "\xff", "x" * 999, "{}", "\t"),
    "x-client-name": ("ios", "\xff" * 300, "", "\x7f", "{}[]"),
    "x-client-version": ("3.1", "x" * 999, "\xff"),
    "apollographql-client-name": ("web", "\xfe"),
    "apollo-require-preflight": ("true", "", "\xff"),
    "expect": ("100-continue", "\xff"),
    "transfer-encoding": ("chunked", "\xff"),
    "host": ("", "evil.example", "\xff", "a:b:c", "[::1"),
    "upgrade": ("websocket", "h2c"),
    "cookie": ("a=b; c", "\xff"),
}
_METHODS = (*("POST",) * 90, *("GET",) * 20, "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "BREW")
_PATHS = (
    *("/graphql",) * 250,
    *("/", "/graphql/", "//graphql", "/graphql/..", "/static/../api/app.py", "/static/", "/\0"),
    *("/schema.graphql", "/%2e%2e/", "/healthz", "/" + "x" * 3_000, "/static/é"),
)


@dataclass(frozen=True)
class Wrong:
    """One request."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    address: str = ""

    @property
    def streamed(self) -> bool:
        """Whether it asks for an answer that may have no end."""
        return "text/event-stream" in self.headers.get("accept", "")


class Nonsense:
    """Makes requests up."""

    def __init__(self, seed: int, credentials: tuple[str, ...]) -> None:
        self._random = Random(seed)
        self._credentials = credentials

    def requests(self, count: int) -> Iterator[Wrong]:
        """Yield so many requests."""
        for _ in range(count):
            yield self.request()

    def request(self) -> Wrong:
        """Return a request."""
        chance = self._random
        content: Json = json.loads(json.dumps(chance.choice(_REQUESTS)))
        if chance.random() < 0.6:
            content = self._twisted(content)
        if chance.random() < 0.3 and isinstance(content, dict) and _has_text(content):
            content["query"] = self._misspelt(content["query"])
        method, path = chance.choice(_METHODS), chance.choice(_PATHS)
        headers = self._headers()
        if method == "GET":
            return Wrong(method, path, headers=headers, address=self._address(content))
        return Wrong(method, path, self._body(content), headers)

    def _twisted(self, content: Json) -> Json:
        """Change something somewhere in JSON."""
        chance = self._random
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            holder = self._holder(content)
            if holder is None or chance.random() < 0.02:
                return self._strange()
            key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
            match chance.randrange(6):
                case 0:
                    del holder[key]
                case 1 if isinstance(holder, dict):
                    holder[chance.choice(("x", "query", "variables", "id", "input", "\0"))] = (
                        self._strange()
                    )
                case 2:
                    holder[key] = [deepcopy(holder[key]) for _ in range(chance.choice((1, 2, 30)))]
                case 3:
                    holder[key] = _deep(holder[key], chance.choice((2, 30, 200)))
                case _:
                    holder[key] = self._strange()
        return content

    def _strange(self) -> Json:
        return deepcopy(self._random.choice(_STRANGE))

    def _holder(self, content: Json) -> Json:
        """Return an object or a list somewhere in it that is not empty, None if there is none."""
        found = None
        while isinstance(content, dict | list) and content:
            found = content
            if self._random.random() < 0.3:
                break
            content = self._random.choice(
                list(found.values() if isinstance(found, dict) else found)
            )
        return found

    def _misspelt(self, text: str) -> str:
        chance = self._random
        for _ in range(chance.choice((1, 1, 2, 5))):
            place = chance.randrange(len(text) + 1)
            match chance.randrange(4):
                case 0:
                    text = text[:place]
                case 1:
                    text = text[:place] + text[place + chance.randrange(1, 8) :]
                case 2:
                    text = text[:place] + text[: chance.randrange(40)] + text[place:]
                case _:
                    text = text[:place] + chance.choice(_PIECES) + text[place:]
        return text

    def _body(self, content: Json) -> bytes:
        chance = self._random
        encoding = chance.choice((*("utf-8",) * 20, "utf-16", "utf-8-sig", "latin-1"))
        plain = chance.random() < 0.5
        body = json.dumps(content, ensure_ascii=plain).encode(encoding, errors="replace")
        if chance.random() < 0.1:
            body = body.replace(b"{", b'{"query": "{ brand { id } }", "variables": {}, ', 1)
        if chance.random() < 0.3:
            body = self._damaged(body)
        if chance.random() < 0.01:
            body += b" " * chance.choice((1, 99_000, 200_000, 2_000_000))
        return body

    def _damaged(self, body: bytes) -> bytes:
        chance = self._random
        damaged = bytearray(body)
        for _ in range(chance.choice((1, 1, 2, 8))):
            place = chance.randrange(len(damaged) + 1)
            match chance.randrange(5):
                case 0:
                    del damaged[place:]
                case 1:
                    damaged[place:place] = chance.randbytes(chance.randrange(1, 5))
                case 2:
                    del damaged[place : place + chance.randrange(1, 9)]
                case 3:
                    damaged[place:place] = damaged[: chance.randrange(30)]
                case _:
                    damaged[place : place + 1] = bytes([chance.randrange(256)])
        return bytes(damaged)

    def _address(self, content: Json) -> str:
        chance = self._random
        if not isinstance(content, dict):
            return str(content).encode("utf-8", "replace").decode()
        given = {
            _plain(name): _plain(value if isinstance(value, str) else json.dumps(value))
            for name, value in content.items()
        }
        address = urlencode(given)
        if chance.random() < 0.3:
            place = chance.randrange(len(address) + 1)
            piece = chance.choice(("%", "%f", "%FF%FE", "&", "=", "&query=", "é", "\0", "%00", ";"))
            address = address[:place] + piece + address[place:]
        return address

    def _headers(self) -> dict[str, str]:
        chance = self._random
        headers = {"content-type": chance.choice(_TYPES)}
        if chance.random() < 0.75:
            headers["authorization"] = self._authorization()
        for _ in range(chance.choice((0, 0, 1, 1, 2, 6))):
            name = chance.choice(list(_HEADERS))
            headers[name] = chance.choice(_HEADERS[name])
        return headers

    def _authorization(self) -> str:
        chance = self._random
        good = chance.choice(self._credentials)
        if chance.random() < 0.8:
            return f"Bearer {good}"
        place = chance.randrange(len(good))
        return chance.choice(
            (
                *("", "Bearer", "Bearer ", "bearer " + good, "Basic eDp5", "\xff", good),
                *("Bearer lk_" + "x" * 40, "Bearer a.b.c", "Bearer " + "x" * 9_000, "Bearer ..."),
                *("Bearer " + good[:place] + "\xff" + good[place:], "Bearer " + good[:place]),
                *("Bearer eyJhbGciOiJub25lIn0.e30.", "Bearer " + good + ", Bearer " + good),
                "Bearer " + good[:place] + good[place + 1 :],
            )
        )


def _has_text(content: dict[str, Json]) -> bool:
    return isinstance(content.get("query"), str)


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _deep(value: Json, depth: int) -> Json:
    for _ in range(depth):
        value = [value] if depth % 2 else {"a": value}
    return value
