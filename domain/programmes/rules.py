"""A programme file as one checked value, and which version of it judges an instant."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from pydantic import create_model

from kit.documents import (
    ROOT,
    AnySection,
    FaultyDocumentError,
    Part,
    Section,
    find_section,
    located,
    parse,
    validate,
)
from kit.errors import LaurelError
from kit.ids import content_hash
from kit.toml_lines import Path

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(days=3653)
"""How far ahead a version may begin: later ones must begin after it, and none can be undone."""

SectionKinds = Mapping[str, type[Section]]


class ProgrammeRefusedError(LaurelError):
    """A valid programme can't be applied as asked."""

    code = "PROGRAMME_REFUSED"


@dataclass(frozen=True)
class Document:
    """One valid programme file. Comments and layout don't enter ``content_hash``.

    ``written`` are its tables as they stand in it, ``sections`` what was read out of them.
    """

    source: str
    text: str
    content_hash: bytes
    written: Mapping[str, Any]
    sections: Mapping[str, Section]

    def find(self, kind: type[AnySection]) -> AnySection | None:
        """Return the section of this kind, or None if the file leaves it out."""
        return find_section(self.sections, kind)

    def section(self, kind: type[AnySection]) -> AnySection:
        """Return the section of this kind, which the file must have."""
        found = self.find(kind)
        if found is None:
            raise ProgrammeRefusedError(
                f"{self.source} lacks the section that {kind.__name__} reads; add it",
                code="PROGRAMME_INCOMPLETE",
            )
        return found


@dataclass(frozen=True)
class Version:
    """One applied programme: in force from ``effective_from`` until the next version's."""

    id: int
    brand_id: int
    effective_from: datetime
    document: str
    content_hash: bytes
    applied_at: datetime
    applied_by: str


@dataclass(frozen=True, eq=False)
class Programme:
    """An applied version, read. Equal only to itself, so that it can key what is made of it."""

    version_id: int
    effective_from: datetime
    document: Document


AnyDated = TypeVar("AnyDated", Version, Programme)


@dataclass(frozen=True)
class Timeline:
    """A brand's programmes, the earliest start first."""

    programmes: tuple[Programme, ...]

    def at(self, instant: datetime) -> Programme | None:
        """Return the programme that judges ``instant``, None before the first one."""
        return in_force(self.programmes, instant)


def load(text: str, sections: SectionKinds, source: str) -> Document:
    """Return ``text`` as a checked document; ``source`` names it in messages.

    ``sections`` says which tables the file may have and which model reads each. Raises
    `FaultyDocumentError` with every fault that could be found, not only the first.
    """
    tables = parse(text, source)
    whole = validate(model_of(sections), tables, text, source)
    read = {name: getattr(whole, name) for name in sections}
    present: dict[str, Section] = {name: each for name, each in read.items() if each is not None}
    problems = located(text, _faults(present))
    if problems:
        raise FaultyDocumentError(source, problems)
    return Document(source, text, content_hash(_canonical(tables)), tables, present)


def in_force(versions: Sequence[AnyDated], instant: datetime) -> AnyDated | None:
    """Return the version that judges ``instant``; ``versions`` are sorted by their start.

    None if the instant lies before the first version.
    """
    position = bisect_right(versions, instant, key=lambda each: each.effective_from)
    return versions[position - 1] if position else None


def refusal(
    versions: Sequence[Version], effective_from: datetime, now: datetime
) -> ProgrammeRefusedError | None:
    """Return why no new version may start at ``effective_from``, or None if one may.

    The first version may be dated in the past. Later ones may not: what happened is judged.
    """
    if effective_from.tzinfo is None:
        return _refused("EFFECTIVE_FROM_WITHOUT_ZONE", "has no time zone; add one, such as Z")
    if not EARLIEST <= effective_from <= now + AHEAD_MAX:
        message = f"is not between {EARLIEST.year} and ten years from now; correct it"
        return _refused("EFFECTIVE_FROM_OUT_OF_RANGE", message)
    if not versions:
        return None
    latest = versions[-1].effective_from
    if effective_from <= latest:
        message = f"is not after {latest.isoformat()}, when the latest version starts"
        return _refused("EFFECTIVE_FROM_NOT_AFTER_LATEST", f"{message}; choose a later instant")
    if effective_from < now:
        message = "is in the past; a change never judges what already happened"
        return _refused("EFFECTIVE_FROM_IN_THE_PAST", f"{message}; choose now or later")
    return None


def same_content(
    versions: Sequence[Version], document: Document, effective_from: datetime
) -> Version | None:
    """Return the version that already says what ``document`` would say, or None.

    That is the latest version, or the one that starts at exactly ``effective_from``.
    """
    candidates = [each for each in versions if each.effective_from == effective_from]
    candidates += versions[-1:]
    same = (each for each in candidates if each.content_hash == document.content_hash)
    return next(same, None)


def _refused(code: str, message: str) -> ProgrammeRefusedError:
    return ProgrammeRefusedError(f"effective_from {message}", code=code, path=("effective_from",))


def model_of(sections: SectionKinds) -> type[Part]:
    """Return the model of a whole file with these sections."""
    fields: dict[str, Any] = {
        name: (kind | None, None) if kind.optional else (kind, ...)
        for name, kind in sections.items()
    }
    return create_model("Programme", __base__=Part, **fields)


def _faults(sections: Mapping[str, Section]) -> Iterator[tuple[Path, str]]:
    for name, section in sections.items():
        for path, message in section.faults(sections):
            # A section that speaks of another's setting names it from the root of the file.
            yield path[1:] if path[:1] == ROOT else (name, *path), message


def _canonical(tables: Mapping[str, Any]) -> bytes:
    # The written values, not the validated ones: a default added by a later release must not
    # make an unchanged file look changed.
    return orjson.dumps(tables, option=orjson.OPT_SORT_KEYS)
