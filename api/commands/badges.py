"""``laurel badges``: awards by hand, what there is, and the keys that sign credentials."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from api.badges.keys import KeyMaker
from api.parts import Parts, named_brand, opened
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.members import queries as members
from domain.programmes import queries as programmes
from gamification.badges import queries, queries_keys, service, service_keys
from gamification.badges.queries_keys import SigningKey
from gamification.badges.service import HAND, Award, AwardOutcome, Revoke
from kit.db import Session
from kit.errors import LaurelError, NotFoundError
from kit.ids import new_id
from kit.settings import Settings

T = TypeVar("T")

BrandOption = Annotated[str, typer.Option("--brand", help="The brand's code.")]
ByOption = Annotated[str, typer.Option("--by", help="Who does it, for those who ask later.")]

app = typer.Typer(name="badges", help="Award badges, and keep their keys.", no_args_is_help=True)


@dataclass(frozen=True)
class _Work:
    """One command at work in a transaction."""

    session: Session
    parts: Parts
    brand: Brand


@app.command()
def award(
    brand: BrandOption,
    member: Annotated[str, typer.Argument(help="The member's id at the brand.")],
    badge: Annotated[str, typer.Argument(help="The badge's code.")],
    level: Annotated[int | None, typer.Option(help="Which level, from 1; else the lowest.")] = None,
    key: Annotated[str | None, typer.Option(help="Makes it safe to run again.")] = None,
    by: ByOption = "operator",
) -> None:
    """Award a badge to a member, and print the award's id."""

    async def work(at: _Work) -> AwardOutcome:
        now = at.parts.clock.now()
        timeline = await programmes.timeline_to_write(at.session, at.brand.id, SECTIONS)
        member_id = await _member(at, member)
        item = Award(key or str(new_id()), member_id, badge, level, HAND, by, now)
        (outcome,) = await service.award(at.session, now, at.brand, timeline, [item])
        return _accepted(outcome)

    outcome = _done(brand, work)
    if outcome.replayed:
        typer.echo("Awarded before.", err=True)
    typer.echo(outcome.award_id)


@app.command()
def revoke(
    brand: BrandOption,
    award: Annotated[UUID, typer.Argument(help="The award's id from the list.")],
    reason: Annotated[str, typer.Option(help="Why, for those who ask later.")],
    by: ByOption = "operator",
) -> None:
    """Revoke an award for good: whoever checks its credential is told so."""

    async def work(at: _Work) -> AwardOutcome:
        item = Revoke(award, by, reason)
        (outcome,) = await service.revoke(at.session, at.parts.clock.now(), at.brand, [item])
        return _accepted(outcome)

    before = " before" if _done(brand, work).replayed else ""
    typer.echo(f"revoked{before} {award}")


@app.command(name="list")
def list_(
    brand: BrandOption,
    member: Annotated[str | None, typer.Option(help="List what this member was awarded.")] = None,
) -> None:
    """List a brand's badges with how many hold them, or a member's awards."""

    async def work(at: _Work) -> list[str]:
        return await (_badges(at) if member is None else _awards(at, member))

    for line in _done(brand, work):
        typer.echo(line)


@app.command()
def keys(brand: BrandOption) -> None:
    """List the keys that sign a brand's credentials, and those that did before."""

    async def work(at: _Work) -> list[SigningKey]:
        return await queries_keys.keys(at.session, at.brand.id)

    found = _done(brand, work)
    for key in found:
        state = f"retired {key.retired_at.isoformat()}" if key.retired_at else "signs"
        typer.echo(f"{key.kid}  {key.made_at.isoformat()}  {state}")
    if not found:
        typer.echo("There is no key yet; the first credential makes one.", err=True)


@app.command()
def rotate(brand: BrandOption) -> None:
    """Make another key that signs from now on; what was signed before holds."""

    async def work(at: _Work) -> SigningKey:
        draft = KeyMaker(at.parts.settings).make()
        now = at.parts.clock.now()
        return await service_keys.rotate(at.session, now, at.brand, draft)

    typer.echo(_done(brand, work).kid)


async def _badges(at: _Work) -> list[str]:
    timeline = await programmes.timeline(at.session, at.brand.id, SECTIONS)
    rarities = await queries.rarity(at.session, at.brand.id)
    lines = []
    for badge in queries.badges(timeline.at(at.parts.clock.now())):
        for level in range(1, max(1, len(badge.level)) + 1):
            found = rarities.get((badge.code, level))
            lines.append(f"{badge.code}  {level}  {found.holders if found else 0:,} members")
    return lines


async def _awards(at: _Work, member: str) -> list[str]:
    member_id = await _member(at, member)
    found = await queries.awards_of(at.session, at.brand.id, [member_id], revoked=True)
    return [
        f"{each.id}  {each.badge}  {each.level}  {each.awarded_at.isoformat()}  {each.source}"
        + (f"  revoked: {each.reason}" if each.revoked_at else "")
        + ("  shared" if each.shared_at else "")
        for each in found[member_id]
    ]


async def _member(at: _Work, external_id: str) -> UUID:
    found = await members.by_external_ids(at.session, at.brand.id, [external_id])
    if external_id not in found:
        message = f"The brand has no member {external_id!r}."
        raise NotFoundError(message, code="UNKNOWN_MEMBER", path=("member",))
    return found[external_id].id


def _accepted(outcome: AwardOutcome) -> AwardOutcome:
    if outcome.code is not None:
        raise LaurelError(outcome.message or "", code=outcome.code, path=outcome.path)
    return outcome


def _done(code: str, work: Callable[[_Work], Awaitable[T]]) -> T:
    """Run ``work`` in a transaction; a refusal is told and ends the command."""

    async def run() -> T:
        async with opened(Settings()) as parts:

            async def inside(session: Session) -> T:
                brand = await named_brand(session, code)
                return await work(_Work(session, parts, brand))

            return await parts.database.write(inside)

    try:
        return asyncio.run(run())
    except LaurelError as error:
        typer.echo(f"{error.code}: {error.message}", err=True)
        raise typer.Exit(1) from error
