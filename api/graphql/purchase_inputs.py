"""What is sent about purchases, and how it becomes what the domain decides on."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import strawberry

from api.graphql.money import minor
from api.graphql.pricing import directives
from api.graphql.requests import ITEMS_MAX, KEY
from domain.brands.rules import Brand
from domain.earning.rules import Line, Purchase
from kit.currencies import EXPONENTS


@strawberry.input(description="One line of a basket.")
class PurchaseLineInput:
    """A line as reported."""

    amount: Decimal = strawberry.field(
        description="What the member paid for the line, in the currency's main unit, not negative."
    )
    discount: Decimal = strawberry.field(
        default=Decimal(0),
        description="What was taken off before; price before discount is amount plus this.",
    )
    quantity: int = strawberry.field(default=1, description="How many pieces: 0 to 10⁹.")
    sku: str = strawberry.field(default="", description="The article, at most 200 characters.")
    category: str = strawberry.field(
        default="", description="The article's category as the programme names it."
    )


@strawberry.input(description="A basket that a member paid for.")
class PurchaseInput:
    """A purchase as reported."""

    external_id: str = strawberry.field(
        description="Your id of the purchase, 1 to 200 characters. Known by it, it counts once."
    )
    member: str = strawberry.field(description="Your id of the member, 1 to 200 characters.")
    occurred_at: datetime = strawberry.field(
        description="When it was paid: since 1970, at most 24 hours ahead."
    )
    currency: str = strawberry.field(description="The ISO 4217 code of its amounts.")
    lines: list[PurchaseLineInput] = strawberry.field(
        description="What was bought, 2,000 lines at most.", directives=directives(weight=0.5)
    )
    channel: str = strawberry.field(default="", description="Where: as the programme names it.")
    store: str = strawberry.field(default="", description="Your name of the shop.")


@strawberry.input(description="Purchases to record, many at once.")
class RecordPurchasesInput:
    """The input of recordPurchases."""

    idempotency_key: str = strawberry.field(description=KEY)
    purchases: list[PurchaseInput] = strawberry.field(
        description=f"Up to {ITEMS_MAX} purchases; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.input(description="A basket that a member may pay for.")
class PreviewPurchaseInput:
    """The input of previewPurchase."""

    member: str | None = strawberry.field(
        default=None,
        description="Your id of the member. A member who calls leaves it out: nobody else is seen.",
    )
    external_id: str | None = strawberry.field(
        default=None,
        description="Your id of the purchase to come, by which surprises are drawn; without it"
        " none is. Members leave it out.",
    )
    occurred_at: datetime | None = strawberry.field(
        default=None, description="When it will be paid, at most 24 hours ahead; now without it."
    )
    currency: str = strawberry.field(description="The ISO 4217 code of its amounts.")
    lines: list[PurchaseLineInput] = strawberry.field(
        description="What is in it, 2,000 lines at most.", directives=directives(weight=0.5)
    )
    channel: str = strawberry.field(default="", description="Where: as the programme names it.")
    store: str = strawberry.field(default="", description="Your name of the shop.")


def purchase_of(brand: Brand, given: PurchaseInput) -> Purchase:
    """Return a purchase in smallest units. Raises InvalidInputError."""
    return Purchase(
        external_id=given.external_id,
        member=given.member,
        occurred_at=given.occurred_at,
        currency=given.currency,
        channel=given.channel,
        store=given.store,
        lines=lines_of(brand, given.currency, given.lines),
    )


def lines_of(brand: Brand, currency: str, lines: Sequence[PurchaseLineInput]) -> tuple[Line, ...]:
    """Return lines in smallest units. Raises InvalidInputError."""
    # Amounts of another currency are read only so that the refusal can name the currency.
    exponent = EXPONENTS.get(currency, brand.currency_exponent)
    return tuple(
        Line(
            amount=minor(line.amount, exponent, "lines", str(place), "amount"),
            discount=minor(line.discount, exponent, "lines", str(place), "discount"),
            quantity=line.quantity,
            sku=line.sku,
            category=line.category,
        )
        for place, line in enumerate(lines)
    )
