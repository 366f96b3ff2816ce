"""The picture that is drawn of a badge that has none: a medal, in the metal of its level."""

from html import escape

_METALS = ("#a56a32", "#7a858e", "#a8841a", "#4c7f98", "#7a5ea8")
_PLAIN = "#2f6b4a"
_SIZE = 240
_LETTERS_MAX = 2


def drawn(name: str, title: str, level: int | None, token: str | None = None) -> str:
    """Return an SVG with the letters of a badge's ``name``, told to be ``title``.

    ``level`` counts from 1; the levels have the metals bronze, silver, gold and so on. With the
    ``token`` of a credential that is baked into it.
    """
    metal = _METALS[min(level, len(_METALS)) - 1] if level else _PLAIN
    baked = ""
    if token is not None:
        # As Open Badges 3.0 says in section 5.3.2.
        baked = (
            '<openbadges:credential xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"'
            f' verify="{escape(token)}"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIZE} {_SIZE}" width="{_SIZE}"'
        f' height="{_SIZE}" role="img"><title>{escape(title)}</title>{baked}'
        f'<path d="M84 140 62 232l58-30 58 30-22-92z" fill="{metal}" opacity=".55"/>'
        f'<circle cx="120" cy="104" r="92" fill="{metal}"/>'
        '<circle cx="120" cy="104" r="76" fill="none" stroke="#fff" stroke-width="4"'
        ' stroke-dasharray="2 9" stroke-linecap="round"/>'
        '<text x="120" y="104" dy=".36em" text-anchor="middle" fill="#fff"'
        ' font-family="system-ui, sans-serif" font-weight="700" font-size="72">'
        f"{escape(_letters(name))}</text></svg>"
    )


def _letters(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:_LETTERS_MAX]).upper()
