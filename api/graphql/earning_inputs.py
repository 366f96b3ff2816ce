"""What is sent about purchases and refunds, and how it becomes what the domain decides on."""

from datetime import datetime
from decimal import Decimal

import strawberry

from api.graphql.money import minor
from api.graphql.outcomes import camel
from api.graphql.pricing import directives
from domain.brands.rules import Brand
from domain.earning.rules import Line, Purchase
from domain.earning.service_refund import Refund
from kit.currencies import EXPONENTS
from kit.errors import InvalidInputError
from kit.texts import TEXT_LENGTH_MAX, usable

PURCHASES_MAX = 250
LINES_MAX = 2_000

_KEY = (
    "A name of your own for this request, 1 to 200 printable characters, kept for ever. The same"
    " name with the same input answers the same and changes nothing; with another input it is"
    " refused."
)


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

    idempotency_key: str = strawberry.field(description=_KEY)
    purchases: list[PurchaseInput] = strawberry.field(
        description=f"Up to {PURCHASES_MAX} purchases; each is taken or refused by itself.",
        directives=directives(weight=1),
    )


@strawberry.input(description="What is given back on one line of a purchase.")
class RefundLineInput:
    """A line as refunded."""

    line: int = strawberry.field(description="The line's position in the purchase, from 0.")
    amount: Decimal = strawberry.field(
        description="What is given back on it, in the currency's main unit."
    )


@strawberry.input(
    description="Money given back on a purchase: by line, as one amount, or all that is left."
)
class RefundPurchaseInput:
    """The input of refundPurchase."""

    idempotency_key: str = strawberry.field(description=_KEY)
    external_id: str = strawberry.field(
        description="Your id of the refund, 1 to 200 characters. Known by it, it counts once."
    )
    purchase: str = strawberry.field(description="Your id of the purchase.")
    occurred_at: datetime = strawberry.field(description="When the money was given back.")
    amount: Decimal | None = strawberry.field(
        default=None,
        description="One amount, divided over what is left of each line; not with `lines`.",
    )
    lines: list[RefundLineInput] | None = strawberry.field(
        default=None,
        description=f"What is given back on each line, {LINES_MAX:,} at most; not with `amount`.",
        directives=directives(weight=0.5),
    )


def purchase_of(brand: Brand, given: PurchaseInput) -> Purchase:
    """Return a purchase in smallest units. Raises InvalidInputError."""
    # Amounts of another currency are read only so that the refusal can name the currency.
    exponent = EXPONENTS.get(given.currency, brand.currency_exponent)
    return Purchase(
        external_id=given.external_id,
        member=given.member,
        occurred_at=given.occurred_at,
        currency=given.currency,
        channel=given.channel,
        store=given.store,
        lines=tuple(
            Line(
                amount=minor(line.amount, exponent, "lines", str(place), "amount"),
                discount=minor(line.discount, exponent, "lines", str(place), "discount"),
                quantity=line.quantity,
                sku=line.sku,
                category=line.category,
            )
            for place, line in enumerate(given.lines)
        ),
    )


def refund_of(brand: Brand, given: RefundPurchaseInput) -> Refund:
    """Return a refund in smallest units. Raises InvalidInputError."""
    for name, text in (("external_id", given.external_id), ("purchase", given.purchase)):
        if not usable(text):
            message = f"{camel(name)} must be 1 to {TEXT_LENGTH_MAX} printable characters"
            raise InvalidInputError(message, path=(name,))
    if len(given.lines or ()) > LINES_MAX:
        message = f"lines are more than {LINES_MAX}"
        raise InvalidInputError(message, code="TOO_MANY_LINES", path=("lines",))
    if given.amount is not None and given.lines is not None:
        message = "amount and lines are both given; give one of them"
        raise InvalidInputError(message, code="REFUND_AMBIGUOUS", path=("amount",))
    if given.lines is not None and not given.lines:
        message = "lines is an empty list; leave it out to refund all that is left"
        raise InvalidInputError(message, code="REFUND_LINES_EMPTY", path=("lines",))
    exponent = brand.currency_exponent
    return Refund(
        external_id=given.external_id,
        purchase=given.purchase,
        occurred_at=given.occurred_at,
        amount=None if given.amount is None else minor(given.amount, exponent, "amount"),
        lines=tuple(
            (each.line, minor(each.amount, exponent, "lines", str(place), "amount"))
            for place, each in enumerate(given.lines or ())
        ),
    )
