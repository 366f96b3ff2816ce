"""Codes that are made here: unguessable, easy to read out, with a character that checks them.

Crockford's base 32 (crockford.com/base32): digits and capitals without I, L, O and U. The check
character is that of Damm's method of order 32 (H. M. Damm, Total anti-symmetrische Quasigruppen,
2004: double in the field of 32 elements, then add). It finds every single wrong character and
every swap of two neighbours. ISO 7064 MOD 37,36 does not: of codes in this alphabet it misses a
swap in one of forty, and one in nine would end in I, L, O or U.
"""

from kit.texts import usable

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CHARACTERS = 16
"""Characters of a voucher's code before the check character: 80 bits, 5 each."""
LENGTH = CHARACTERS + 1
RANDOM_BYTES = CHARACTERS * 5 // 8
"""How many random bytes `made` takes."""

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_BITS = 5
_TOP = 1 << _BITS
# x^5 + x^2 + 1, which has no factors: what doubling is taken modulo.
_FIELD = 0b100101
_GROUP = 4
_DASHES = "-‐‑‒–—−"  # noqa: RUF001 - what copying from a page may turn a dash into
_READ = str.maketrans(
    {
        **{small: small.upper() for small in "abcdefghijklmnopqrstuvwxyz"},
        **dict.fromkeys("oO", "0"),
        **dict.fromkeys("iIlL", "1"),
        **dict.fromkeys([*_DASHES, " ", "\N{NO-BREAK SPACE}"]),
    }
)


def made(random: bytes) -> str:
    """Return a voucher's code out of `RANDOM_BYTES` random bytes, as it is shown."""
    return shown(bare(random, CHARACTERS))


def bare(random: bytes, characters: int) -> str:
    """Return so many characters out of ``random`` and the check character, without dashes.

    ``random`` has 5 bits or more for each character; those too many are left out.
    """
    number = int.from_bytes(random)
    assert len(random) * 8 >= characters * _BITS
    drawn = [(number >> _BITS * place) % _TOP for place in range(characters)]
    return "".join(ALPHABET[value] for value in (*drawn, _doubled(_folded(drawn))))


def normalised(text: str) -> str:
    """Return what a person typed as a bare code: capitals, O as 0, I and L as 1, no dashes."""
    return text.translate(_READ)


def checks(code: str) -> bool:
    """Whether ``code``, bare, is of our alphabet and its last character fits the others."""
    values = [_VALUE.get(character) for character in code]
    known = [value for value in values if value is not None]
    return len(values) == len(known) > 1 and _folded(known) == 0


def shown(code: str) -> str:
    """Return a bare code in groups of four with dashes; a single character is left in the last."""
    ends = range(_GROUP, len(code) - 1, _GROUP)
    return "-".join(code[start:end] for start, end in zip((0, *ends), (*ends, None), strict=True))


def meant(text: str) -> tuple[str, ...]:
    """Return the codes, as shown, that ``text`` can mean: at most two, in this order.

    A code that a brand brought along is meant as it is, without blanks around it: capitals and
    dashes make a difference there. One made here is meant in whatever way it is typed.
    """
    typed = text.strip()
    if not usable(typed):
        return ()
    code = normalised(typed)
    mine = shown(code)
    if len(code) != LENGTH or mine == typed or not checks(code):
        return (typed,)
    return typed, mine


def _folded(values: list[int]) -> int:
    total = 0
    for value in values:
        total = _doubled(total) ^ value
    return total


def _doubled(value: int) -> int:
    double = value << 1
    return double ^ _FIELD if double & _TOP else double
