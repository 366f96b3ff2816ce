"""What the pages of a brand's badges, of a badge and of an award say."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from api.badges.credentials import Issuer, picture_of, title
from api.badges.page import WORDS, Link, Shown, day_of, page, share
from gamification.badges.queries import Award, Rarity
from gamification.badges.section_parts import Badge
from kit.words import in_language


def brand(issuer: Issuer, badges: Sequence[Badge], language: str) -> str:
    """Return the page of a brand's badges."""
    addresses, section = issuer.addresses, issuer.section
    about = section.about if section else None
    tiles = [
        Link(
            addresses.badge(each.code),
            in_language(each.name, language),
            picture_of(issuer, each, len(each.level) or None),
        )
        for each in badges
    ]
    return page(
        Shown(
            language=language,
            address=addresses.profile,
            brand=issuer.brand.name,
            brand_address=(section.url if section else None) or addresses.profile,
            title=issuer.brand.name,
            text=in_language(about, language) if about else "",
            picture=(section.picture if section else None) or "",
            heading=WORDS[language].badges,
            tiles=tiles,
            links=_keys(issuer, language),
        )
    )


def badge(
    issuer: Issuer, of: Badge, level: int | None, rarity: Rarity | None, language: str
) -> str:
    """Return the page of a badge or of one of its levels."""
    words, addresses = WORDS[language], issuer.addresses
    levels = range(1, len(of.level) + 1) if level is None else ()
    facts = []
    if rarity is not None:
        facts.append((words.rare, words.rarity.format(share=share(rarity.permille, language))))
    return page(
        Shown(
            language=language,
            address=addresses.badge(of.code, level),
            brand=issuer.brand.name,
            brand_address=addresses.profile,
            title=title(of, level, language),
            text=in_language(of.description, language),
            picture=picture_of(issuer, of, level),
            facts=facts,
            criteria=in_language(of.criteria, language),
            heading=words.levels,
            tiles=[
                Link(
                    addresses.badge(of.code, each),
                    in_language(of.level[each - 1].name, language),
                    picture_of(issuer, of, each),
                )
                for each in levels
            ],
            links=_keys(issuer, language),
        )
    )


def award(issuer: Issuer, of: Badge, award: Award, now: datetime, language: str) -> str:
    """Return the page of an award that is shared."""
    words, addresses = WORDS[language], issuer.addresses
    level = award.level if award.level <= len(of.level) else None
    address = addresses.award(award.id)
    awarded = day_of(issuer.brand.day(award.awarded_at), language)
    facts = [(words.awarded_to, award.shown_name)] if award.shown_name else []
    facts.append((words.awarded_on, awarded))
    warning = ""
    if award.expires_at is not None:
        # It ends as that day begins: it is valid up to the end of the day before.
        last = issuer.brand.day(award.expires_at - timedelta(seconds=1))
        facts.append((words.valid_until, day_of(last, language)))
        warning = words.expired if award.expires_at <= now else ""
    return page(
        Shown(
            language=language,
            address=address,
            brand=issuer.brand.name,
            brand_address=addresses.profile,
            title=title(of, level, language),
            text=in_language(of.description, language),
            picture=picture_of(issuer, of, level),
            warning=words.revoked if award.revoked_at else warning,
            facts=facts,
            criteria=in_language(of.criteria, language),
            links=[
                Link(f"{address}.json", words.credential),
                Link(f"{address}.jwt", words.token),
                Link(f"{address}.svg", words.picture),
                *_keys(issuer, language),
            ],
        )
    )


def _keys(issuer: Issuer, language: str) -> list[Link]:
    text = WORDS[language].keys.format(brand=issuer.brand.name)
    return [Link(issuer.addresses.keys, text)]
