"""How friends name codes, and how staff look at what should be looked at."""

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from api.context import Info
from api.graphql import ids, referrals
from api.graphql.acting import MEMBER, acting
from api.graphql.fields import STAFF, attribute, resolver
from api.graphql.outcomes import OutcomeStatus, UserError, of_error
from api.graphql.pricing import directives
from api.graphql.referrals import KIND, Referral
from api.graphql.requests import ITEMS_MAX, KEY, checked_number, done_once, key_of, stored
from api.sections import SECTIONS
from domain.brands.rules import Brand
from domain.programmes import queries as programmes
from domain.referrals.service import Claim, claim
from domain.referrals.service_review import NOTE_LENGTH_MAX, Review, review
from kit.db import Session
from kit.errors import LaurelError

CODE = "ReferralCode"
NOBODY = UUID(int=0)


@strawberry.input(description="A code that a friend names.")
class ClaimReferralInput:
    """The input of claimReferral."""

    idempotency_key: str = strawberry.field(description=KEY)
    member: str | None = strawberry.field(default=None, description=MEMBER)
    code: str = strawberry.field(
        description="The code of whoever brought the member, as it was typed or read."
    )
    followed_at: datetime | None = strawberry.field(
        default=None, description="When the member followed a link; null if there was none."
    )


@strawberry.input(description="What staff say of a referral that waits for them.")
class ReferralReviewInput:
    """A decision as told."""

    referral: strawberry.ID = strawberry.field(description="The referral's id in this API.")
    accept: bool = strawberry.field(description="Whether it goes on as if nothing had been.")
    note: str | None = strawberry.field(
        default=None, description=f"What to remember, up to {NOTE_LENGTH_MAX:,} characters."
    )


@strawberry.input(description="What staff say of referrals that wait for them, many at once.")
class ReviewReferralsInput:
    """The input of reviewReferrals."""

    idempotency_key: str = strawberry.field(description=KEY)
    reviews: list[ReferralReviewInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} decisions; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.type(description="What became of one decision of staff.")
class ReviewOutcome:
    """An outcome as shown."""

    referral_key: strawberry.Private[UUID | None]
    status: OutcomeStatus = attribute(
        STAFF, "Whether it was written down; `REPLAYED` if it was before."
    )
    error: UserError | None = attribute(STAFF, "Why it was refused; null if it was not.")

    @resolver(STAFF, "The referral as it is then; null for a refused decision.")
    async def referral(self, info: Info) -> Referral | None:
        return await referrals.by_key(info, self.referral_key)


async def name_code(info: Info, given: ClaimReferralInput) -> tuple[UUID, UUID | None]:
    """Name a code as one transaction; return the friend and the referral. Raises LaurelError."""
    context = info.context
    friend = await acting(info, given.member)

    async def work(
        session: Session, now: datetime, brand: Brand, given: ClaimReferralInput
    ) -> dict[str, Any]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = Claim(friend.external_id, given.code, given.followed_at)
        (done,) = await claim(session, now, brand, timeline, [wanted])
        return stored(done)

    unknown: list[dict[str, Any]] = []

    async def look() -> dict[str, Any] | None:
        done: dict[str, Any] = await done_once(context, "claimReferral", given, work)
        if done["code"] != "UNKNOWN_CODE":
            return done
        unknown.append(done)
        return None

    # Whose code it is would be paid for by whoever is named: nobody tries them all.
    done = await context.guessed(CODE, look) or unknown[0]
    if done["code"]:
        path = tuple("member" if part == "friend" else part for part in done["path"])
        raise LaurelError(done["message"], code=done["code"], path=path)
    return friend.id, key_of(done["referral_id"])


async def decide(info: Info, given: ReviewReferralsInput) -> list[ReviewOutcome]:
    """Review as one transaction. Raises LaurelError if the request as a whole fails."""
    checked_number(len(given.reviews), "reviews", code="TOO_MANY_REFERRALS")
    actor = info.context.principal.account

    async def work(
        session: Session, now: datetime, brand: Brand, given: ReviewReferralsInput
    ) -> list[dict[str, Any]]:
        timeline = await programmes.timeline_to_write(session, brand.id, SECTIONS)
        wanted = [
            Review(ids.uuid_in(each.referral, KIND) or NOBODY, each.accept, actor, each.note or "")
            for each in given.reviews
        ]
        return [stored(each) for each in await review(session, now, brand, timeline, wanted)]

    done = await done_once(info.context, "reviewReferrals", given, work)
    return [_outcome(each, str(place)) for place, each in enumerate(done)]


def _outcome(done: dict[str, Any], place: str) -> ReviewOutcome:
    code = done["code"]
    status = "refused" if code else "replayed" if done["replayed"] else "recorded"
    error = None
    if code:
        path = tuple("referral" if part == "referral_id" else part for part in done["path"])
        refusal = LaurelError(done["message"], code=code, path=path)
        error = of_error(refusal, "input", "reviews", place)
    return ReviewOutcome(
        referral_key=None if code else key_of(done["referral_id"]),
        status=OutcomeStatus(status),
        error=error,
    )
