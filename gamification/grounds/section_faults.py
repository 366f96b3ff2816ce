"""What a filter can say that makes no sense."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from domain.brands.section import BrandSection
from domain.earning.section_faults import is_empty
from domain.earning.section_parts import LINE_NAMES, OWN_KINDS, PURCHASE, rule_language
from gamification.grounds.section_parts import ANY, Filter, Path
from kit.documents import Section, find_section


def filter_faults(
    path: Path, part: Filter, others: Mapping[str, Section]
) -> Iterator[tuple[Path, str]]:
    """Yield what is wrong with a filter at ``path``, among the other sections of its file."""
    brand = find_section(others, BrandSection)
    if part.on in OWN_KINDS:
        yield (*path, "on"), f"{part.on!r} is a word of Laurel's own; call the activity otherwise"
    if part.on not in (PURCHASE, ANY) and _of_lines(part):
        message = f"{part.on!r} has no lines; leave out categories, skus and line"
        yield (*path, "on"), message
    if is_empty(part.from_, part.until, brand):
        yield (*path, "until"), "is not after from; choose a later day"
    if brand is not None and (part.minimum or Decimal()).scaleb(brand.currency_exponent) % 1:
        message = f"is finer than {brand.currency} can be; write fewer decimals"
        yield (*path, "minimum"), message


def _of_lines(part: Filter) -> bool:
    speaks = rule_language().names(part.when) if part.when else frozenset()
    return bool(part.categories or part.skus or speaks & LINE_NAMES)
