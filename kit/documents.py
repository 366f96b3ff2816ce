"""Reading files that people write: strict models, exact decimals, messages that help."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    WithJsonSchema,
)

from kit.document_faults import PROBLEMS_MAX, faults, like, spell, syntax_remedy
from kit.errors import LaurelError
from kit.toml_lines import Path, find_line, lines_by_path

TEXT_LENGTH_MAX = 200
DOCUMENT_LENGTH_MAX = 1_000_000
DOTS_MAX = 64
WHOLE_MAX = 2**63 - 1
ROOT: Path = ("",)

_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CODE = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_NOT_KEYS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*")
_SYNTAX_POSITION = re.compile(r" \(at line (\d+), column \d+\)$")


@dataclass(frozen=True)
class Problem:
    """One fault of a document: where it is, what is wrong and what to do about it."""

    path: Path
    message: str
    line: int | None = None

    def describe(self, source: str) -> str:
        """Return the fault as one line of text that begins with file, line and path."""
        place = source if self.line is None else f"{source}:{self.line}"
        if self.path:
            place = f"{place}: {spell(self.path)}"
        return f"{place}: {self.message}"


class FaultyDocumentError(LaurelError):
    """A document says something that cannot be used; ``problems`` holds every fault found."""

    code = "FAULTY_DOCUMENT"

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        told = [problem.describe(source) for problem in problems[:PROBLEMS_MAX]]
        if len(problems) > PROBLEMS_MAX:
            told.append(f"{source}: and more; mend these first")
        super().__init__("\n".join(told))
        self.source = source
        self.problems = tuple(problems)


class Part(BaseModel):
    """The base of every model that a file is read into: frozen, and no unknown setting."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Section(Part):
    """A top-level table of a document. An ``optional`` one may be left out of the file."""

    optional: ClassVar[bool] = False

    def faults(self, others: Mapping[str, "Section"]) -> Iterator[tuple[Path, str]]:
        """Yield the faults, path within this section and message, that need the other sections.

        Called once all sections are valid by themselves; ``others`` holds this one too. A path
        that begins with `ROOT` is one of the whole file.
        """
        del others
        yield from ()


AnySection = TypeVar("AnySection", bound=Section)


def find_section(sections: Mapping[str, Section], kind: type[AnySection]) -> AnySection | None:
    """Return the section of this kind, or None if the file leaves it out."""
    return next((each for each in sections.values() if isinstance(each, kind)), None)


def no_such(name: str, kind: str, known: Collection[str]) -> str:
    """Return the words for a name that nothing has: ``'Gld', which is no tier; did you ...``."""
    hint = like(name, sorted(known)) or f"known are {', '.join(sorted(known))}"
    return f"{name!r}, which is no {kind}; {hint if known else f'there is no {kind}'}"


def fault(message: str) -> ValueError:
    """Return the error to raise in a validator; other error types aren't collected."""
    return ValueError(message)


def _exact(value: object) -> Decimal:
    if isinstance(value, float):
        raise fault(f'is the inexact number {value!r}; put it in quotes, such as "{value!r}"')
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise fault(
            'is not a number in quotes; write one such as "1.25", not negative,'
            " with at most 12 digits before the point and 9 after it"
        )
    return Decimal(value)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise fault("is not a whole number; write one such as 3, without quotes or point")
    if abs(value) > WHOLE_MAX:
        raise fault("has too many digits; write at most 18")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise fault("is neither true nor false; write one of them, without quotes")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise fault("is not text; put it in quotes")
    if not value.strip() or len(value) > TEXT_LENGTH_MAX or _CONTROL.search(value):
        raise fault(f"must be 1 to {TEXT_LENGTH_MAX} printable characters on one line")
    return value


def _day(value: object) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise fault("is not a day; write one such as 2026-05-01, without quotes or time")
    return value


def _code(value: str) -> str:
    if not _CODE.fullmatch(value):
        raise fault(f"is {value!r}; use a letter a-z, then up to 62 of a-z, 0-9, - and _")
    return value


def _positive(value: Decimal) -> Decimal:
    if not value:
        raise fault("is zero; write a number above it")
    return value


# Written in quotes because TOML's bare decimals are binary floats: 0.1 is not a tenth.
Exact = Annotated[
    Decimal,
    BeforeValidator(_exact),
    WithJsonSchema({"type": "string", "pattern": f"^{_DECIMAL.pattern}$"}),
]
ExactPositive = Annotated[Exact, AfterValidator(_positive)]
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]
Text = Annotated[
    str,
    BeforeValidator(_text),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH_MAX}),
]
Day = Annotated[date, BeforeValidator(_day)]
Code = Annotated[
    Text,
    AfterValidator(_code),
    WithJsonSchema({"type": "string", "pattern": f"^{_CODE.pattern}$"}),
]

Model = TypeVar("Model", bound=BaseModel)


def parse(text: str, source: str) -> dict[str, Any]:
    """Return the tables of a TOML text. Raises `FaultyDocumentError`."""
    if problem := _too_big(text):
        raise FaultyDocumentError(source, [problem])
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits.
        said = str(error)
        position = _SYNTAX_POSITION.search(said)
        line = int(position[1]) if position else None
        said = _SYNTAX_POSITION.sub("", said)
        message = f"is not valid TOML here: {said}{syntax_remedy(said)}"
        raise FaultyDocumentError(source, [Problem((), message, line)]) from None


def _too_big(text: str) -> Problem | None:
    if len(text) > DOCUMENT_LENGTH_MAX:
        return Problem((), f"has more than {DOCUMENT_LENGTH_MAX:,} characters; divide it")
    # The parser's work grows with the square of the dots in one key.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > DOTS_MAX and _NOT_KEYS.sub("", line).count(".") > DOTS_MAX:
            message = f"has more than {DOTS_MAX} dots outside of quotes; divide it"
            return Problem((), message, number)
    return None


def validate(model: type[Model], tables: Mapping[str, Any], text: str, source: str) -> Model:
    """Return ``tables`` as ``model``. Raises `FaultyDocumentError` with every fault."""
    try:
        return model.model_validate(tables)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False, include_context=True)
    raise FaultyDocumentError(source, located(text, faults(model, tables, details)))


def located(text: str, problems: Iterable[tuple[Path, str]]) -> list[Problem]:
    """Return the faults with their line numbers, in the order of the file.

    Of more than ``PROBLEMS_MAX``, the first ones and one more: each takes time to be told.
    """
    found = list(islice(problems, PROBLEMS_MAX + 1))
    lines = lines_by_path(text) if found else {}
    return sorted(
        (Problem(path, message, find_line(lines, path)) for path, message in found),
        key=lambda problem: problem.line or 0,
    )
