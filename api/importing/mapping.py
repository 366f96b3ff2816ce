"""The mapping file: how a foreign file's columns become the documented ones."""

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from api.importing.shape import SourceError
from kit.documents import (
    DOCUMENT_LENGTH_MAX,
    FaultyDocumentError,
    Part,
    Text,
    fault,
    parse,
    validate,
)


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        message = f"{value!r} is not an IANA time zone such as Europe/Berlin"
        raise fault(message) from None
    return value


class Columns(Part):
    """Foreign column names. A field left out is looked for under its own name."""

    purchase_id: Text | None = None
    member_id: Text | None = None
    occurred_at: Text | None = None
    currency: Text | None = None
    amount: Text | None = None
    discount: Text | Annotated[list[Text], Field(min_length=1, max_length=20)] | None = None
    quantity: Text | None = None
    sku: Text | None = None
    category: Text | None = None
    channel: Text | None = None
    store: Text | None = None


class Constants(Part):
    """Values that hold for every row of the file, in place of a column."""

    currency: Text | None = None
    channel: Text | None = None
    store: Text | None = None
    category: Text | None = None


class Mapping(Part):
    """A whole mapping file. Left empty, it describes a file with the documented columns."""

    time_zone: Annotated[Text, AfterValidator(_time_zone)] | None = Field(
        None, description="the IANA zone of stamps that carry no UTC offset"
    )
    delimiter: Literal[",", ";", "\t", "|"] = Field(",", description="what separates CSV fields")
    columns: Columns = Columns()
    constants: Constants = Constants()

    @model_validator(mode="after")
    def _said_once(self) -> "Mapping":
        for name, value in self.constants:
            if value is not None and getattr(self.columns, name) is not None:
                message = f"{name} is both in [columns] and in [constants]; keep one"
                raise fault(message)
        return self

    @property
    def zone(self) -> ZoneInfo | None:
        """The zone of stamps that carry no offset, if the file names one."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file. Raises SourceError that names every wrong key and line."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(DOCUMENT_LENGTH_MAX + 1)
        return validate(Mapping, parse(text, str(path)), text, str(path))
    except (OSError, UnicodeDecodeError) as error:
        message = f"The mapping file {path} can't be read: {error}"
        raise SourceError(message, code="MAPPING_INVALID") from error
    except FaultyDocumentError as error:
        raise SourceError(error.message, code="MAPPING_INVALID") from error
