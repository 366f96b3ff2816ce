"""What a caller would rather have: names and weights in headers such as Accept."""

import re

LENGTH_MAX = 1_000

# Some old programs leave out the nought.
_WEIGHT = re.compile(r"[01](\.[0-9]*)?|\.[0-9]+")


def weighted(header: str) -> list[tuple[str, float]]:
    """Return the names in a header, in its order and in lower case, each with its weight, 0 to 1.

    What can't be read is left out, and so is what stands behind the first 1,000 characters.
    """
    if len(header) > LENGTH_MAX:
        header = header[:LENGTH_MAX].rpartition(",")[0]
    return [each for each in map(_weighed, header.split(",")) if each is not None]


def _weighed(text: str) -> tuple[str, float] | None:
    name, *options = [part.strip().lower() for part in text.split(";")]
    weight = 1.0
    for option in options:
        key, _, value = option.partition("=")
        if key.strip() == "q":
            value = value.strip()
            if not _WEIGHT.fullmatch(value):
                return None
            weight = float(value)
    return (name, weight) if name and weight <= 1 else None
