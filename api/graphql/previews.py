"""What a basket would earn, before it is paid for: as when it is recorded, and nothing written."""

from collections.abc import Mapping

import strawberry

from api.auth import Role
from api.context import Info
from api.graphql.awards import AWARDS_USUAL, Award, award
from api.graphql.fields import SIGNED_IN, attribute
from api.graphql.money import points
from api.graphql.outcomes import UserError, of_error
from api.graphql.purchase_inputs import PreviewPurchaseInput, lines_of
from api.graphql.scalars import Points
from api.graphql.tiers import LADDERS_USUAL
from domain.earning.rules import Purchase
from domain.earning.service_preview import Preview, preview_purchase
from kit.errors import InvalidInputError, LaurelError


@strawberry.type(description="A tier that a member has on one ladder.")
class LadderTier:
    """A tier by its ladder."""

    ladder: str = attribute(SIGNED_IN, "The code of the ladder, one of `programme.ladders`.")
    name: str = attribute(SIGNED_IN, "The tier's name as members read it.")


@strawberry.type(description="What a purchase would earn and where it would lead. Nothing is kept.")
class PurchasePreview:
    """A preview as shown."""

    points: Points = attribute(SIGNED_IN, "The points it would earn.")
    awards: list[Award] = attribute(SIGNED_IN, "What each rule would give.", size=AWARDS_USUAL)
    tiers_before: list[LadderTier] = attribute(
        SIGNED_IN, "The member's tiers now, the main ladder's first.", size=LADDERS_USUAL
    )
    tiers_after: list[LadderTier] = attribute(
        SIGNED_IN, "The member's tiers once it is recorded.", size=LADDERS_USUAL
    )
    error: UserError | None = attribute(
        SIGNED_IN, "Why it would be refused; null if it would not, and nothing is earned else."
    )


async def preview(info: Info, given: PreviewPurchaseInput) -> PurchasePreview:
    """Return what a purchase would earn; why it would be refused is part of it."""
    known = await info.context.loaders.programmes()
    brand = info.context.principal.brand
    try:
        purchase = _purchase(info, given)
        async with info.context.reads.session() as session:
            found = await preview_purchase(
                session, info.context.now, brand, known.timeline, purchase
            )
    except LaurelError as error:
        return _shown(known.scale, Preview(0, (), {}, {}), of_error(error, "input"))
    return _shown(known.scale, found, None)


def _purchase(info: Info, given: PreviewPurchaseInput) -> Purchase:
    principal = info.context.principal
    is_member = principal.role is Role.MEMBER
    for name in ("member", "external_id"):
        if is_member and getattr(given, name) is not None:
            raise InvalidInputError(f"{name} is for servers; leave it out", path=(name,))
    return Purchase(
        external_id=given.external_id or "",
        member=principal.external_id if is_member else given.member or "",
        occurred_at=given.occurred_at or info.context.now,
        currency=given.currency,
        channel=given.channel,
        store=given.store,
        lines=lines_of(principal.brand, given.currency, given.lines),
    )


def _shown(scale: int, found: Preview, error: UserError | None) -> PurchasePreview:
    return PurchasePreview(
        points=points(scale, found.points),
        awards=[award(scale, each) for each in found.awards],
        tiers_before=_tiers(found.tiers_before),
        tiers_after=_tiers(found.tiers_after),
        error=error,
    )


def _tiers(by_ladder: Mapping[str, str]) -> list[LadderTier]:
    return [LadderTier(ladder=ladder, name=name) for ladder, name in by_ladder.items()]
