"""Members' tokens: what holds, what doesn't, and which keys may be used for what."""

import asyncio
import base64
import hmac
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey

from api.tokens import Claims, Tokens
from kit.errors import ConfigurationError
from kit.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECRET = "a secret that is long enough for anyone"
GOOD = {
    "iss": "laurel",
    "aud": "laurel",
    "sub": "ana",
    "brand": "grocer",
    "exp": int((NOW + timedelta(hours=1)).timestamp()),
}
CLAIMS = Claims("grocer", "ana", "", NOW + timedelta(hours=1))
OctSecret = OctKey.import_key(SECRET)
RSA = RSAKey.generate_key(2048)


def shared(**changes: Any) -> Tokens:
    return Tokens(Settings(jwt_key=SECRET, **changes))


def signed(claims: dict[str, Any], key: Key = OctSecret, alg: str = "HS256", **header: str) -> str:
    return jwt.encode({"alg": alg, **header}, claims, key, algorithms=[alg])


async def test_a_good_token() -> None:
    assert await shared().claims(signed(GOOD), NOW) == CLAIMS


@pytest.mark.parametrize(
    ("named", "app"),
    [
        ({"azp": "ios"}, "ios"),
        ({"client_id": "ios"}, "ios"),
        ({"azp": "ios", "client_id": "x"}, "ios"),
    ],
)
async def test_the_app_that_a_token_names(named: dict[str, str], app: str) -> None:
    found = await shared().claims(signed({**GOOD, **named}), NOW)
    assert found == replace(CLAIMS, app=app)


@pytest.mark.parametrize(
    "changes",
    [
        {"azp": 7},
        {"azp": "a\u0000"},
        {"exp": int((NOW - timedelta(minutes=1)).timestamp())},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"nbf": int((NOW + timedelta(hours=1)).timestamp())},
        {"iss": "somebody else"},
        {"iss": None},
        {"aud": "another service"},
        {"aud": ["another", "service"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\u0000"},
        {"sub": "x" * 201},
        {"brand": None},
        {"brand": ["grocer"]},
        {"brand": {}},
    ],
)
async def test_claims_that_do_not_hold(changes: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    assert await shared().claims(signed(claims), NOW) is None


async def test_one_of_several_audiences_is_enough() -> None:
    token = signed({**GOOD, "aud": ["another", "laurel"]})
    assert await shared().claims(token, NOW) is not None


def unsigned(alg: str) -> str:
    parts = ({"alg": alg, "typ": "JWT"}, GOOD)
    encoded = [base64.urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b""]).decode()


@pytest.mark.parametrize(
    "token",
    [
        unsigned("none"),
        unsigned("None"),
        unsigned("HS256"),
        "",
        ".",
        "..",
        "a.b.c",
        "é.é.é",
        "\0",
        base64.urlsafe_b64encode(b"[1]").decode() + ".e30.e30",
        base64.urlsafe_b64encode(b"\xff").decode() + ".e30.e30",
        signed(GOOD)[:-2],
        signed(GOOD, OctKey.import_key("another secret, as long as the first")),
        signed(GOOD, RSA, "RS256"),
    ],
)
async def test_tokens_that_nobody_signed(token: str) -> None:
    assert await shared().claims(token, NOW) is None


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSA, "RS256"),
        (RSA, "PS256"),
        (ECKey.generate_key("P-256"), "ES256"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
)
async def test_public_keys(key: RSAKey | ECKey | OKPKey, alg: str) -> None:
    tokens = Tokens(Settings(jwt_key=key.as_pem(private=False).decode()))
    assert await tokens.claims(signed(GOOD, key, alg), NOW) is not None
    with pytest.raises(ConfigurationError, match="identity provider"):
        tokens.issue("grocer", "ana", NOW)


async def test_a_public_key_is_no_shared_secret() -> None:
    pem = RSA.as_pem(private=False)
    head = unsigned("HS256").rpartition(".")[0]
    mac = hmac.digest(pem, head.encode(), "sha256")
    confused = f"{head}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    assert await Tokens(Settings(jwt_key=pem.decode())).claims(confused, NOW) is None


@pytest.mark.parametrize("key", ["too short", "-----BEGIN PUBLIC KEY-----\nnot one"])
def test_keys_that_will_not_do(key: str) -> None:
    with pytest.raises(ConfigurationError, match="LAUREL_JWT_KEY"):
        Tokens(Settings(jwt_key=key))


def test_production_needs_a_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="LAUREL_JWKS_URL or LAUREL_JWT_KEY"):
        Tokens(Settings(environment="production", data_dir=tmp_path))
    assert not list(tmp_path.iterdir())


def test_production_issues_no_tokens() -> None:
    with pytest.raises(ConfigurationError, match="only in development"):
        shared(environment="production").issue("grocer", "ana", NOW)


async def test_development_makes_a_secret_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "new")
    token = Tokens(settings).issue("grocer", "ana", NOW)
    (path,) = (tmp_path / "new").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert await Tokens(settings).claims(token, NOW) == replace(
        CLAIMS, expires_at=NOW + timedelta(days=1), issued_at=NOW
    )
    assert await Tokens(Settings(data_dir=tmp_path)).claims(token, NOW) is None
    assert await Tokens(settings).claims(token, NOW + timedelta(days=1, minutes=1)) is None


class Provider(HTTPServer):
    """An identity provider that publishes ``keys``."""

    keys: bytes = b"{}"
    asked = 0


class Publishes(BaseHTTPRequestHandler):
    """Answers with the keys."""

    server: Provider

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.keys)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    """An identity provider on this machine."""
    server = Provider(("127.0.0.1", 0), Publishes)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def remote(provider: Provider) -> Tokens:
    return Tokens(Settings(jwks_url=f"http://127.0.0.1:{provider.server_port}/keys"))


async def test_published_keys_are_fetched_once(provider: Provider) -> None:
    new, old = RSAKey.generate_key(2048, {"kid": "new"}), RSAKey.generate_key(2048, {"kid": "old"})
    provider.keys = orjson.dumps(KeySet([old, new]).as_dict(private=False))
    tokens = remote(provider)
    token = signed(GOOD, new, "RS256", kid="new")
    found = await asyncio.gather(*(tokens.claims(token, NOW) for _ in range(5)))
    assert found == [CLAIMS] * 5
    assert await tokens.claims(signed(GOOD, old, "RS256"), NOW) is not None
    assert await tokens.claims(signed(GOOD, old, "RS256", kid="new"), NOW) is None
    for kid in ("made up", "made up too"):
        assert await tokens.claims(signed(GOOD, new, "RS256", kid=kid), NOW) is None
    assert provider.asked == 1


async def test_a_published_secret_is_no_key(provider: Provider) -> None:
    key = OctKey.import_key(SECRET, {"kid": "s"})
    provider.keys = orjson.dumps({"keys": [key.as_dict(private=True)]})
    assert await remote(provider).claims(signed(GOOD, key, kid="s"), NOW) is None


@pytest.mark.parametrize(
    "keys", [b"", b"[]", b"{}", b"x" * 1_100_000, b'{"keys": [{}, 1, {"kty": "RSA"}]}']
)
async def test_a_provider_that_talks_nonsense(provider: Provider, keys: bytes) -> None:
    provider.keys = keys
    assert await remote(provider).claims(signed(GOOD, RSA, "RS256"), NOW) is None


async def test_a_provider_that_is_away() -> None:
    tokens = Tokens(Settings(jwks_url="http://127.0.0.1:1/keys"))
    assert await tokens.claims(signed(GOOD, RSA, "RS256"), NOW) is None
