"""What is public of badges, as documents of Open Badges 3.0 and what it is built on.

Credentials: 1EdTech Open Badges 3.0, sections 8.2 (JSON Web Token proof) and appendix B (the data
model). What is revoked: W3C Bitstring Status List 1.0. Keys: RFC 7517, W3C did:web. A member is
named by a number of ours that says nothing, and by a name only if the member asked for it.
"""

import base64
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from api.badges.addresses import Addresses
from domain.brands.rules import Brand
from gamification.badges.queries import Award
from gamification.badges.queries_keys import SigningKey
from gamification.badges.section import BadgesSection
from gamification.badges.section_parts import Badge, Level
from kit.ids import derived_id
from kit.words import in_language

JSON = dict[str, Any]

LIST_LENGTH = 131_072
"""How many awards one list of what is revoked speaks of: the fewest that the standard allows."""

_VC = "https://www.w3.org/ns/credentials/v2"
_CONTEXT = [_VC, "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]
_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)
_LANGUAGE = "en"
_LIST_DAYS = 2
_LIST_TTL_MILLIS = 300_000


@dataclass(frozen=True, slots=True)
class Issuer:
    """A brand with what its programme says of it as one who awards badges."""

    brand: Brand
    addresses: Addresses
    section: BadgesSection | None


def profile(issuer: Issuer) -> JSON:
    """Return the brand's profile."""
    return {"@context": _CONTEXT, **_profile(issuer)}


def achievement(issuer: Issuer, badge: Badge, level: int | None) -> JSON:
    """Return a badge, or one level of it, as an achievement."""
    return {"@context": _CONTEXT, **_achievement(issuer, badge, level)}


def credential(issuer: Issuer, badge: Badge, award: Award) -> JSON:
    """Return the credential of an award."""
    level = award.level if award.level <= len(badge.level) else None
    subject: JSON = {
        "id": f"urn:uuid:{holder(issuer.brand, award)}",
        "type": ["AchievementSubject"],
        "achievement": _achievement(issuer, badge, level),
    }
    if award.shown_name is not None:
        subject["identifier"] = [
            {
                "type": "IdentityObject",
                "hashed": False,
                "identityHash": award.shown_name,
                "identityType": "name",
            }
        ]
    number, place = divmod(award.status_index, LIST_LENGTH)
    list_ = issuer.addresses.status(number)
    found: JSON = {
        "@context": _CONTEXT,
        "id": issuer.addresses.award(award.id),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": title(badge, level, _LANGUAGE),
        "issuer": _profile(issuer),
        "awardedDate": _instant(award.awarded_at),
        "validFrom": _instant(award.awarded_at),
        "credentialSubject": subject,
        "credentialStatus": {
            "id": f"{list_}#{place}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(place),
            "statusListCredential": list_,
        },
        "credentialSchema": [{"id": _SCHEMA, "type": "1EdTechJsonSchemaValidator2019"}],
    }
    if award.expires_at is not None:
        found["validUntil"] = _instant(award.expires_at)
    return found


def status_list(issuer: Issuer, number: int, revoked: Sequence[int], now: datetime) -> JSON:
    """Return the list of what is revoked as a credential, good for this and the next day in UTC.

    ``revoked`` are status indices of the list ``number``.
    """
    bits = bytearray(LIST_LENGTH // 8)
    for index in revoked:
        place = index % LIST_LENGTH
        bits[place // 8] |= 0x80 >> place % 8
    # Without a time in it, so that the same list is the same text.
    packed = gzip.compress(bytes(bits), mtime=0)
    address = issuer.addresses.status(number)
    day = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    return {
        "@context": [_VC],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer.addresses.profile,
        "validFrom": _instant(day),
        "validUntil": _instant(day + timedelta(days=_LIST_DAYS)),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": "u" + base64.urlsafe_b64encode(packed).decode().rstrip("="),
            "ttl": _LIST_TTL_MILLIS,
        },
    }


def claims(document: JSON) -> JSON:
    """Return a credential as what a token of it says: itself, and the names that tokens have."""
    issuer = document["issuer"]
    found = {
        **document,
        "iss": issuer["id"] if isinstance(issuer, dict) else issuer,
        "jti": document["id"],
        "nbf": _seconds(document["validFrom"]),
        "sub": document["credentialSubject"]["id"],
    }
    if "validUntil" in document:
        found["exp"] = _seconds(document["validUntil"])
    return found


def key_set(addresses: Addresses, keys: Sequence[SigningKey]) -> JSON:
    """Return the public keys that a brand signs and has signed with."""
    return {"keys": [public_key(addresses, key) for key in keys]}


def public_key(addresses: Addresses, key: SigningKey) -> JSON:
    """Return one public key, named by its address as in what it signed."""
    return {**key.public, "kid": addresses.key(key.kid), "use": "sig", "alg": "EdDSA"}


def did_document(addresses: Addresses, keys: Sequence[SigningKey]) -> JSON:
    """Return the keys as a document of did:web."""
    methods = [
        {
            "id": f"{addresses.did}#{key.kid}",
            "type": "JsonWebKey2020",
            "controller": addresses.did,
            "publicKeyJwk": dict(key.public),
        }
        for key in keys
    ]
    return {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
        ],
        "id": addresses.did,
        "alsoKnownAs": [addresses.profile],
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods],
    }


def holder(brand: Brand, award: Award) -> str:
    """Return the number that names the member: always the same, and it leads nowhere."""
    return str(derived_id("badge holder", str(brand.id), str(award.member_id)))


def title(badge: Badge, level: int | None, language: str) -> str:
    """Return the name of a badge or of one level of it."""
    name = in_language(badge.name, language)
    if level is None:
        return name
    return f"{name}: {in_language(badge.level[level - 1].name, language)}"


def picture_of(issuer: Issuer, badge: Badge, level: int | None) -> str:
    """Return the address of the picture of a badge or of one level of it."""
    own: Level | None = badge.level[level - 1] if level else None
    given = (own.picture if own else None) or badge.picture
    return given or issuer.addresses.picture(badge.code, level)


def _profile(issuer: Issuer) -> JSON:
    section = issuer.section
    found: JSON = {
        "id": issuer.addresses.profile,
        "type": ["Profile"],
        "name": issuer.brand.name,
    }
    if section and section.url:
        found["url"] = section.url
    if section and section.about:
        found["description"] = in_language(section.about, _LANGUAGE)
    if section and section.picture:
        found["image"] = {"id": section.picture, "type": "Image"}
    return found


def _achievement(issuer: Issuer, badge: Badge, level: int | None) -> JSON:
    address = issuer.addresses.badge(badge.code, level)
    return {
        "id": address,
        "type": ["Achievement"],
        "achievementType": "Badge",
        "creator": {
            "id": issuer.addresses.profile,
            "type": ["Profile"],
            "name": issuer.brand.name,
        },
        "name": title(badge, level, _LANGUAGE),
        "description": in_language(badge.description, _LANGUAGE),
        "criteria": {"id": address, "narrative": in_language(badge.criteria, _LANGUAGE)},
        "image": {"id": picture_of(issuer, badge, level), "type": "Image"},
    }


def _instant(at: datetime) -> str:
    """Return an instant as both standards write it, in whole seconds as tokens count."""
    return at.astimezone(UTC).replace(microsecond=0).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(instant: str) -> int:
    return int(datetime.fromisoformat(instant).timestamp())
