"""In which language people are spoken to: the one that their program asks for, if we speak it."""

import re
from functools import lru_cache

from api.http.weights import LENGTH_MAX, weighted

ENGLISH = "en"
VIETNAMESE = "vi"
OFFERED = (ENGLISH, VIETNAMESE)

# A language range of RFC 4647; some programs send a locale's underscore.
_RANGE = re.compile(r"\*|[a-z]{1,8}([-_][a-z0-9]{1,8})*")


def chosen(accept_language: str) -> str:
    """Return the language to answer in, for an Accept-Language header: "en" or "vi".

    A region's speakers get their language: ``vi-VN`` is Vietnamese. Among languages wanted alike
    the one that is named first is taken. Who wants neither, or says nothing, gets English.
    """
    # What is kept per header must be short.
    return _chosen(accept_language[: LENGTH_MAX + 1])


@lru_cache(maxsize=256)
def _chosen(header: str) -> str:
    wanted: dict[str, float] = {}
    for name, weight in weighted(header):
        if _RANGE.fullmatch(name):
            language = re.split("[-_]", name, maxsplit=1)[0]
            wanted[language] = max(weight, wanted.get(language, 0.0))
    others = wanted.get("*", 0.0)
    named = [language for language in wanted if language in OFFERED]
    weights = {language: wanted.get(language, others) for language in (*named, *OFFERED)}
    best = max(weights, key=weights.__getitem__)
    return best if weights[best] else ENGLISH
