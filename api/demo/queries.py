"""Three queries to paste, each with a token that works, in the terminal and on the start page."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from api.parts import Parts
from api.tokens import Tokens
from domain.brands.rules import Brand
from domain.brands.service import issue_keys, revoke_keys
from kit.db import Session

KEY_NAME = "demo"
FILE_NAME = "demo.json"

_HOME = """query Home {
  me {
    externalId
    joinedAt
    balance { spendable pending held expiringNext { points at } }
    tier { name validUntil counted { value } next { name missing { value currency } by } }
    tierAtTheEnd: tier(asOf: "2017-12-31T23:59:59-05:00") {
      name since validUntil granted counted { value currency } benefits { name kind }
    }
    catalogue(first: 3) {
      nodes { canRedeem whyNot { message } reward { code name price { points } } }
    }
    vouchers(first: 3, states: [ISSUED]) { nodes { code expiresAt reward { name } } }
    challenges {
      challenge { name } state window { endsAt } levels { isReached level { name } }
      goals { current { value } target { value } missing { value currency } }
    }
    streaks { streak { name } state length longest endsAt freezes next { length } remaining }
    badges(first: 5) { nodes { level awardedAt badge { name levels { level name } } } }
    movements(first: 5) { edges { node { code points effectiveAt reference rule } } }
  }
}"""

_FIGURES = """query Figures {
  figures(asOf: "2017-12-31T23:59:59-05:00") {
    members purchases spend { amount currency }
    pointsIssued pointsOutstanding tiers { name members }
  }
  members(first: 3) { edges { node { externalId balance { spendable } } } }
}"""

_PURCHASE = """mutation Buy($input: RecordPurchasesInput!) {
  recordPurchases(input: $input) {
    outcomes {
      externalId status points awards { rule points }
      member { balance { spendable } tier { name benefits { name } } } error { code message detail }
    }
    errors { code message detail }
  }
}"""


@dataclass(frozen=True, slots=True)
class DemoQuery:
    """A query to try; ``token`` goes into the header Authorization as a bearer."""

    title: str
    query: str
    variables: dict[str, Any]
    token: str


async def prepared(parts: Parts, brand: Brand) -> list[DemoQuery]:
    """Issue fresh tokens, write the queries where the start page finds them, return them."""
    now = parts.clock.now()
    async with parts.database.read() as session:
        member = await _keenest(session, brand)

    async def renew(session: Session) -> tuple[str, str]:
        rows = await session.fetch(
            "SELECT id FROM api_key WHERE brand_id = $1 AND name = $2 AND revoked_at IS NULL",
            brand.id,
            KEY_NAME,
        )
        old: list[UUID] = [row["id"] for row in rows]
        await revoke_keys(session, now, brand, old)
        staff, server = await issue_keys(
            session, now, brand, [("staff", KEY_NAME), ("server", KEY_NAME)]
        )
        return staff.secret, server.secret

    staff, server = await parts.database.write(renew)
    token = Tokens(parts.settings).issue(brand.code, member, now)
    purchase = {
        "externalId": f"demo-{now:%Y%m%d%H%M%S}",
        "member": member,
        "occurredAt": now.isoformat(),
        "currency": brand.currency,
        "lines": [{"amount": "12.99", "category": "COFFEE"}],
    }
    variables = {"input": {"idempotencyKey": purchase["externalId"], "purchases": [purchase]}}
    queries = [
        DemoQuery("A member's home screen", _HOME, {}, token),
        DemoQuery("The brand's figures, for its staff", _FIGURES, {}, staff),
        DemoQuery("A purchase, from the brand's server", _PURCHASE, variables, server),
    ]
    _write(parts.settings.data_dir / FILE_NAME, queries)
    return queries


async def _keenest(session: Session, brand: Brand) -> str:
    return str(
        await session.value(
            "SELECT m.external_id FROM member m JOIN wallet w ON w.member_id = m.id"
            " JOIN balance b USING (account_id) WHERE m.brand_id = $1"
            " ORDER BY b.cr - b.dr DESC, m.external_id LIMIT 1",
            brand.id,
        )
    )


def _write(path: Path, queries: list[DemoQuery]) -> None:
    # It holds tokens: nobody else on the machine may read them.
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
        file.write(orjson.dumps([asdict(query) for query in queries]))
