"""Badges as programs of other people see them: checked with others' verifiers and the schema."""

import asyncio
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema_rs
import jwt
import pytest
from openbadgeslib.ob3 import OB3VerificationError, OB3Verifier
from openbadgeslib.ob3.did import resolve_did
from openbadgeslib.ob3.status import decode_encoded_list, set_indices
from starlette.applications import Starlette

from api.badges.credentials import LIST_LENGTH
from api.badges.keys import KeyMaker
from api.runtime import Runtime
from api.tokens import Tokens
from domain.members.service import NewMember
from gamification.badges.queries_keys import keys
from gamification.badges.service import Revoke, Share
from gamification.badges.service_keys import rotate
from kit.clock import MovableClock, SystemClock
from kit.db import Database
from kit.errors import ConfigurationError
from kit.ids import new_id
from kit.settings import Settings
from tests.support.badges import VISITS, Proud, opened
from tests.support.client import Answer, Client, altered, client_of, serving
from tests.support.programmes import GOOD
from tests.support.shop import opened_shop
from tests.support.tree import ROOT

ORIGIN = "https://loyalty.example"
SCHEMA = json.loads(
    (ROOT / "tests/support/open_badges/ob_v3p0_achievementcredential_schema.json").read_text()
)
SECRET = "a secret that is long enough for anyone"
DAY = timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, public_url=f"{ORIGIN}/", sealing_key=SECRET)


@pytest.fixture
def clock() -> MovableClock:
    """Now: other people's verifiers look at the clock of the machine."""
    return MovableClock(SystemClock().now())


@dataclass(frozen=True)
class World:
    """A shop with badges, served, and a member who shares an award."""

    proud: Proud
    client: Client
    ann: UUID
    award_id: UUID

    async def get(self, path: str, accept: str = "application/json", query: str = "") -> Answer:
        return await self.client.send("GET", path, headers={"accept": accept}, address=query)

    async def text(self, path: str) -> str:
        """Return what is found at a path or an address."""
        answer = await self.get(path.removeprefix(ORIGIN))
        assert answer.status == 200, answer.body
        return answer.body.decode()

    @property
    def path(self) -> str:
        return f"/badges/shop/awards/{self.award_id}"

    async def download(self) -> dict[str, bytes]:
        """Return what a verifier would fetch, by its address."""
        token = await self.text(f"{self.path}.jwt")
        status = jwt.decode(token, options={"verify_signature": False})["credentialStatus"]
        address = status["statusListCredential"]
        return {
            address: (await self.text(address)).encode(),
            f"{ORIGIN}/badges/shop/did.json": (await self.text("/badges/shop/did.json")).encode(),
        }


@pytest.fixture
async def world(app: Starlette, runtime: Runtime, database: Database, clock: MovableClock) -> World:
    clock.move(-DAY)
    proud = await opened(database, clock)
    await proud.shop.enrol(NewMember("ann", clock.now()))
    client = await client_of(app, proud.shop, Tokens(runtime.settings))
    (ann,) = await proud.shop.member_ids("ann")
    (outcome,) = await proud.award(proud.item("k", ann, "visits", level=2))
    assert outcome.award_id is not None
    await proud.share(Share(outcome.award_id, ann, shared=True))
    clock.move(DAY)
    return World(proud, client, ann, outcome.award_id)


def check(document: Any, part: str | None = None) -> None:
    """Fail unless a document is what the schema of Open Badges says of a credential or a part."""
    schema = SCHEMA if part is None else {**SCHEMA, "$ref": f"#/$defs/{part}"}
    if part is not None:
        for name in ("properties", "required", "$id"):
            schema.pop(name)
    jsonschema_rs.Draft201909Validator(schema, validate_formats=True).validate(document)


async def test_what_is_issued_is_what_the_schema_says(world: World) -> None:
    check((await world.get("/badges/shop")).json, "Profile")
    check((await world.get("/badges/shop/visits")).json, "Achievement")
    check((await world.get("/badges/shop/visits/2")).json, "Achievement")
    document = (await world.get(world.path)).json
    check(document)
    token = await world.text(f"{world.path}.jwt")
    check(jwt.decode(token, options={"verify_signature": False}))
    with pytest.raises(jsonschema_rs.ValidationError):
        check({**document, "validFrom": "yesterday"})
    with pytest.raises(jsonschema_rs.ValidationError):
        check({}, "Profile")


async def test_a_credential_says_what_it_must_and_no_more(world: World) -> None:
    document = (await world.get(world.path)).json
    assert document["id"] == f"{ORIGIN}{world.path}"
    assert document["issuer"]["name"] == "The Shop"
    assert document["issuer"]["description"] == "Sells tea."
    achievement = document["credentialSubject"]["achievement"]
    assert achievement["id"] == f"{ORIGIN}/badges/shop/visits/2"
    assert achievement["name"] == "Regular: Silver"
    assert achievement["criteria"]["narrative"] == "Buy three times, or five."
    assert achievement["image"]["id"] == f"{ORIGIN}/badges/shop/visits/2.svg"
    assert set(document["credentialSubject"]) == {"id", "type", "achievement"}
    assert "ann" not in json.dumps(document).replace("channel", "")
    assert str(world.ann) not in json.dumps(document)
    await world.proud.share(Share(world.award_id, world.ann, shared=True, shown_name="Ann A."))
    named = (await world.get(world.path)).json
    check(named)
    (identifier,) = named["credentialSubject"]["identifier"]
    assert (identifier["identityHash"], identifier["hashed"]) == ("Ann A.", False)


async def test_what_nobody_shares_is_not_there(world: World) -> None:
    await world.proud.share(Share(world.award_id, world.ann, shared=False))
    for path in (world.path, f"/badges/shop/awards/{new_id()}"):
        for end in ("", ".json", ".jwt", ".svg"):
            assert (await world.get(f"{path}{end}")).status == 404
    await world.proud.share(Share(world.award_id, world.ann, shared=True))
    async with world.proud.shop.database.transaction() as session:
        await session.fetch("UPDATE member SET erased_at = now() WHERE id = $1", world.ann)
    assert (await world.get(world.path)).status == 404


async def test_others_verify_the_proof(world: World) -> None:
    token = await world.text(f"{world.path}.jwt")
    there = await world.download()
    did = "did:web:loyalty.example:badges:shop"
    pem = resolve_did(did, download=there.__getitem__)
    verifier = OB3Verifier(pem)
    found = verifier.verify(token, check_status=True, download=there.__getitem__)
    assert found.achievement.name == "Regular: Silver"
    # PyJWT, by the address of the key that the token names.
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(json.loads(await world.text(kid)))
    assert jwt.decode(token, key, algorithms=["EdDSA"])["jti"] == f"{ORIGIN}{world.path}"
    (listed,) = json.loads(await world.text("/badges/shop/keys"))["keys"]
    assert listed["kid"] == kid
    assert "d" not in listed


async def test_a_wrong_key_or_one_changed_byte_fails(world: World) -> None:
    token = await world.text(f"{world.path}.jwt")
    there = await world.download()
    pem = resolve_did("did:web:loyalty.example:badges:shop", download=there.__getitem__)
    other = KeyMaker(Settings(sealing_key=SECRET)).make()
    wrong = jwt.PyJWK({**other.public, "alg": "EdDSA"})
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, wrong, algorithms=["EdDSA"])
    head, body, signature = token.split(".")
    for place in (10, len(body) // 2, len(body) - 5):
        letter = "A" if body[place] != "A" else "B"
        changed = f"{head}.{body[:place]}{letter}{body[place + 1 :]}.{signature}"
        with pytest.raises(OB3VerificationError):
            OB3Verifier(pem).verify(changed)
    letter = "A" if signature[5] != "A" else "B"
    with pytest.raises(OB3VerificationError):
        OB3Verifier(pem).verify(f"{head}.{body}.{signature[:5]}{letter}{signature[6:]}")


async def test_revoking_shows_on_the_list_and_nothing_else_does(world: World) -> None:
    others = [world.proud.item(f"o{each}", world.ann, "tea", at=each) for each in _months(world)]
    await world.proud.award(*others)
    token = await world.text(f"{world.path}.jwt")
    there = await world.download()
    status = jwt.decode(token, options={"verify_signature": False})["credentialStatus"]
    address, place = status["statusListCredential"], int(status["statusListIndex"])
    assert _revoked(there[address]) == frozenset()
    before = await world.get(address.removeprefix(ORIGIN))
    assert before.headers["content-type"] == "application/jwt"
    await world.proud.revoke(Revoke(world.award_id, "eve", "a mistake"))
    there = await world.download()
    assert _revoked(there[address]) == {place}
    pem = resolve_did("did:web:loyalty.example:badges:shop", download=there.__getitem__)
    verifier = OB3Verifier(pem)
    verifier.verify(token)
    with pytest.raises(OB3VerificationError, match="revocation"):
        verifier.verify(token, check_status=True, download=there.__getitem__)
    claims = jwt.decode(there[address].decode(), options={"verify_signature": False})
    assert len(decode_encoded_list(claims["credentialSubject"]["encodedList"])) * 8 == LIST_LENGTH
    assert (await world.get("/badges/shop/status/999999")).status == 404
    assert (await world.get(f"/badges/shop/status/{10**30}")).status == 404


def _months(world: World) -> list[Any]:
    return [world.proud.shop.clock.now() - each * 40 * DAY for each in range(3)]


def _revoked(token: bytes) -> frozenset[int]:
    claims = jwt.decode(token.decode(), options={"verify_signature": False})
    return set_indices(decode_encoded_list(claims["credentialSubject"]["encodedList"]))


async def test_another_key_signs_and_what_was_signed_before_holds(
    world: World, runtime: Runtime
) -> None:
    before = await world.text(f"{world.path}.jwt")
    draft = KeyMaker(runtime.settings).make()
    now, brand = world.proud.shop.clock.now(), world.proud.shop.brand
    await runtime.database.write(lambda session: rotate(session, now, brand, draft))
    after = await world.text(f"{world.path}.jwt")
    kids = [jwt.get_unverified_header(token)["kid"] for token in (after, before)]
    assert kids[0] == f"{ORIGIN}/badges/shop/keys/{draft.kid}"
    assert [key["kid"] for key in json.loads(await world.text("/badges/shop/keys"))["keys"]] == kids
    for kid, token in zip(kids, (after, before), strict=True):
        key = jwt.PyJWK(json.loads(await world.text(kid)))
        jwt.decode(token, key, algorithms=["EdDSA"])
    document = json.loads(await world.text("/badges/shop/did.json"))
    assert document["id"] == "did:web:loyalty.example:badges:shop"
    assert len(document["assertionMethod"]) == 2


async def test_there_is_one_first_key_however_many_ask(world: World) -> None:
    answers = await asyncio.gather(*(world.text("/badges/shop/keys") for _ in range(8)))
    assert len(set(answers)) == 1
    assert len(json.loads(answers[0])["keys"]) == 1


async def test_a_private_key_is_nothing_without_the_secret(world: World) -> None:
    await world.text("/badges/shop/keys")
    async with world.proud.shop.database.read() as session:
        (found,) = await keys(session, world.proud.shop.brand.id)
    assert "d" not in found.public
    assert found.sealed.count(".") == 4
    with pytest.raises(ConfigurationError, match="another secret"):
        KeyMaker(Settings(sealing_key=SECRET[::-1])).sign(found, "address", {})
    with pytest.raises(ConfigurationError, match="shorter"):
        KeyMaker(Settings(sealing_key="short")).make()


async def test_people_get_pages_and_programs_get_documents(world: World) -> None:
    await world.proud.share(Share(world.award_id, world.ann, shared=True, shown_name="<b>Ann"))
    for path in ("/badges/shop", "/badges/shop/visits", "/badges/shop/visits/2", world.path):
        page = await world.get(path, accept="text/html,*/*;q=0.8")
        text = page.body.decode()
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "accept" in page.headers["vary"]
        assert '<html lang="en">' in text
        assert f'<meta property="og:url" content="{ORIGIN}{path}">' in text
        assert len(re.findall("<h1>", text)) == 1
        assert "<script" not in text
        assert "<b>" not in text
        assert (await world.get(path)).headers["content-type"].startswith("application/json")
    assert "&lt;b&gt;Ann" in text
    page = await world.get(world.path, accept="text/html", query="lang=vi")
    assert '<html lang="vi">' in page.body.decode()
    assert "Khách quen: Bạc" in page.body.decode()
    assert (await world.get(f"{world.path}.json", accept="text/html")).json["id"]
    badge = (await world.get("/badges/shop/visits/2", accept="text/html")).body.decode()
    assert "Held by 100.0 % of members" in badge


async def test_a_page_says_what_is_not_valid_any_more(world: World) -> None:
    clock = world.proud.shop.clock
    (outcome,) = await world.proud.award(world.proud.item("t", world.ann, "tea"))
    assert outcome.award_id is not None
    await world.proud.share(Share(outcome.award_id, world.ann, shared=True))
    path = f"/badges/shop/awards/{outcome.award_id}"
    assert "Valid until" in (await world.get(path, accept="text/html")).body.decode()
    assert "validUntil" in (await world.get(path)).json
    clock.move(40 * DAY)
    assert "has expired" in (await world.get(path, accept="text/html")).body.decode()
    await world.proud.revoke(Revoke(outcome.award_id, "eve", "why"))
    assert "was revoked" in (await world.get(path, accept="text/html")).body.decode()


async def test_who_has_it_already_is_told_so(world: World) -> None:
    for path in ("/badges/shop", "/badges/shop/visits.svg", f"{world.path}.jwt"):
        first = await world.get(path)
        tag = first.headers["etag"]
        assert first.headers["cache-control"] == "public, max-age=60"
        again = await world.client.send(
            "GET", path, headers={"accept": "application/json", "if-none-match": tag}
        )
        assert (again.status, again.body) == (304, b"")
    page = await world.client.send(
        "GET", "/badges/shop", headers={"origin": "https://anybody.example"}
    )
    assert page.headers["access-control-allow-origin"] == "*"


async def test_a_picture_is_drawn_and_has_the_credential_in_it(world: World) -> None:
    plain = await world.get("/badges/shop/visits/1.svg")
    assert plain.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert "<title>Regular: Bronze</title>" in plain.body.decode()
    assert ">R</text>" in plain.body.decode()
    baked = await world.get(f"{world.path}.svg")
    assert OB3Verifier.extract_token_from_svg(baked.body) == await world.text(f"{world.path}.jwt")


@pytest.mark.parametrize(
    "path",
    [
        "/badges/nobody",
        "/badges/shop/nothing",
        "/badges/shop/visits/3",
        "/badges/shop/friend/1",
        "/badges/shop/keys/none",
        "/badges/shop/awards/none",
        f"/badges/shop/visits/{10**30}",
    ],
)
async def test_what_is_not_there(world: World, path: str) -> None:
    assert (await world.get(path)).status == 404


async def test_a_brand_without_badges_is_no_issuer(
    app: Starlette, runtime: Runtime, database: Database, clock: MovableClock
) -> None:
    shop = await opened_shop(database, clock, "coffee")
    client = await client_of(app, shop, Tokens(runtime.settings))
    if "[badges]" not in (ROOT / "programmes" / "coffee.toml").read_text():
        assert (await client.send("GET", f"/badges/{shop.brand.code}")).status == 404


async def test_a_badge_that_is_gone_is_still_explained(world: World) -> None:
    clock = world.proud.shop.clock
    text = VISITS.replace('code = "visits"', 'code = "other"')
    await world.proud.shop.apply(f"{GOOD}\n{text}", clock.now() + timedelta(seconds=1))
    clock.move(DAY)
    assert (await world.get("/badges/shop/visits")).json["name"] == "Regular"
    assert (await world.get(world.path)).status == 200


async def test_a_profile_says_what_the_programme_does(world: World) -> None:
    clock = world.proud.shop.clock
    address = "https://shop.example"
    plain = VISITS.replace('about = { en = "Sells tea.", vi = "Bán trà." }\n', "")
    signed = plain.replace(f'url = "{address}"', f'picture = "{address}/sign.png"')
    await world.proud.shop.apply(f"{GOOD}\n{signed}", clock.now() + timedelta(seconds=1))
    assert (await world.get("/badges/shop")).json["url"] == address
    clock.move(DAY)
    found = (await world.get("/badges/shop")).json
    check(found, "Profile")
    assert found["image"] == {"id": f"{address}/sign.png", "type": "Image"}
    assert {"url", "description"}.isdisjoint(found)


async def test_in_production_only_settings_say_where_we_are(
    runtime: Runtime, database: Database, clock: MovableClock
) -> None:
    proud = await opened(database, clock)
    settings = Settings(environment="production", secret_key=SECRET, jwt_key=SECRET)
    async with serving(altered(runtime, settings=settings)) as app:
        client = await client_of(app, proud.shop, Tokens(settings))
        answer = await client.send("GET", "/badges/shop")
    assert answer.status == 503
    local = Settings(data_dir=runtime.settings.data_dir)
    async with serving(altered(runtime, settings=local)) as app:
        client = await client_of(app, proud.shop, Tokens(local))
        answer = await client.send("GET", "/badges/shop/did.json", headers={"host": "test:8000"})
    assert answer.json["id"] == "did:web:test%3A8000:badges:shop"
