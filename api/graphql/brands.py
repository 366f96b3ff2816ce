"""The caller's brand."""

import strawberry

from api.graphql import ids
from api.graphql.fields import EVERYONE, attribute
from api.graphql.node import Node
from domain.brands import rules

KIND = "Brand"


@strawberry.type(description="A brand and how it counts days and money.")
class Brand(Node):
    """A brand."""

    code: str = attribute(EVERYONE, "The brand's short name in addresses and files.")
    name: str = attribute(EVERYONE, "The brand's name as members read it.")
    time_zone: str = attribute(EVERYONE, "The IANA time zone in which the brand's days begin.")
    currency: str = attribute(EVERYONE, "The ISO 4217 code of the currency of its purchases.")


def brand(record: rules.Brand) -> Brand:
    """Return the brand as it is shown."""
    return Brand(
        id=ids.encode(KIND, record.code),
        code=record.code,
        name=record.name,
        time_zone=record.time_zone,
        currency=record.currency,
    )
