"""What a name or id that comes from outside may look like."""

import re

TEXT_LENGTH_MAX = 200

# Control characters and lone surrogates: PostgreSQL can't store the worst of them.
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def usable(text: str, length_max: int = TEXT_LENGTH_MAX) -> bool:
    """Whether ``text`` can name something: 1 to 200 characters, not all blank, none unprintable."""
    return bool(text.strip()) and len(text) <= length_max and not UNPRINTABLE.search(text)
