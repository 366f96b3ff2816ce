"""Which purchases and activities are refused before anything is decided about them."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from domain.earning.rules import Activity, Line, Purchase, Scalar
from domain.tallies.rules import PURCHASE, REDEMPTION
from kit.currencies import EXPONENTS
from kit.errors import InvalidInputError, LaurelError
from kit.texts import TEXT_LENGTH_MAX, UNPRINTABLE

LINES_MAX = 2_000
LINE_AMOUNT_MAX = 10**12
PURCHASE_AMOUNT_MAX = 10**13
QUANTITY_MAX = 10**9
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
AHEAD_MAX = timedelta(hours=24)
ATTRIBUTES_MAX = 50
NUMBER_MAX = 2**53
"""The largest number of an attribute: beyond it JSON's readers disagree."""
RESERVED_KINDS = frozenset((PURCHASE, REDEMPTION, "adjustment"))


def check(purchase: Purchase, currency: str, now: datetime) -> LaurelError | None:
    """Return why the purchase is refused, or None.

    ``currency`` is the brand's. Checks what a parser can't see: emptiness, lengths, ranges,
    currency and date.
    """
    return (
        _check_text(purchase)
        or _check_currency(purchase.currency, currency)
        or _check_date(purchase.occurred_at, now)
        or _check_lines(purchase.lines)
    )


def check_activity(activity: Activity, now: datetime) -> LaurelError | None:
    """Return why the activity is refused, or None; see `check`."""
    for name in ("external_id", "member", "kind"):
        if not getattr(activity, name).strip():
            return _refused(f"{name.upper()}_EMPTY", "is empty; give it", name)
    if activity.kind in RESERVED_KINDS:
        message = f"is {activity.kind!r}, which has its own verb; choose another word"
        return _refused("KIND_RESERVED", message, "kind")
    texts = ("external_id", "member", "kind", "channel", "store")
    errors = [_check_one_text(getattr(activity, name), (name,)) for name in texts]
    error = next((each for each in errors if each), None) or _check_date(activity.occurred_at, now)
    if error is not None:
        return error
    if not 0 <= activity.amount <= LINE_AMOUNT_MAX:
        message = f"is not between 0 and {LINE_AMOUNT_MAX} smallest units; correct it"
        return _refused("AMOUNT_OUT_OF_RANGE", message, "amount")
    return _check_attributes(activity)


def _check_attributes(activity: Activity) -> LaurelError | None:
    if len(activity.attributes) > ATTRIBUTES_MAX:
        message = f"are more than {ATTRIBUTES_MAX}; leave some out"
        return _refused("TOO_MANY_ATTRIBUTES", message, "attributes")
    for name, value in activity.attributes.items():
        if not name.strip():
            message = "have one without a name; give it one"
            return _refused("ATTRIBUTE_UNUSABLE", message, "attributes")
        error = _check_one_text(name, ("attributes",)) or _check_attribute(name, value)
        if error is not None:
            return error
    return None


def _check_attribute(name: str, value: Scalar) -> LaurelError | None:
    if isinstance(value, str):
        return _check_one_text(value, ("attributes", name))
    if isinstance(value, bool) or abs(value) <= NUMBER_MAX:
        return None
    message = "is no number up to 2 to the 53rd; write it as text"
    return _refused("ATTRIBUTE_UNUSABLE", message, "attributes", name)


def _check_text(purchase: Purchase) -> LaurelError | None:
    if not purchase.external_id.strip():
        return _refused("EXTERNAL_ID_EMPTY", "is empty; give the purchase's own id", "external_id")
    if not purchase.member.strip():
        return _refused("MEMBER_EMPTY", "is empty; give the member's own id", "member")
    texts = [line.sku for line in purchase.lines]
    texts += [line.category for line in purchase.lines]
    texts += (purchase.external_id, purchase.member, purchase.channel, purchase.store)
    # One pass over all of them: this runs for every purchase, and nearly all are good.
    if max(map(len, texts)) <= TEXT_LENGTH_MAX and not UNPRINTABLE.search("".join(texts)):
        return None
    errors = [_check_one_text(text, path) for path, text in _texts(purchase)]
    return next(error for error in errors if error)


def _texts(purchase: Purchase) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("external_id",), purchase.external_id
    yield ("member",), purchase.member
    yield ("channel",), purchase.channel
    yield ("store",), purchase.store
    for index, line in enumerate(purchase.lines):
        yield ("lines", str(index), "sku"), line.sku
        yield ("lines", str(index), "category"), line.category


def _check_one_text(text: str, path: tuple[str, ...]) -> LaurelError | None:
    if len(text) > TEXT_LENGTH_MAX:
        code = "EXTERNAL_ID_TOO_LONG" if path == ("external_id",) else "TEXT_TOO_LONG"
        return _refused(code, f"has more than {TEXT_LENGTH_MAX} characters; shorten it", *path)
    if UNPRINTABLE.search(text):
        return _refused("TEXT_UNPRINTABLE", "holds a control character; remove it", *path)
    return None


def _check_currency(given: str, wanted: str) -> LaurelError | None:
    if given == wanted:
        return None
    if given not in EXPONENTS:
        message = f"is no currency; write an ISO 4217 code, here {wanted}"
        return _refused("CURRENCY_UNKNOWN", message, "currency")
    message = f"is {given}, but the brand counts in {wanted}; convert the amounts before"
    return _refused("CURRENCY_MISMATCH", message, "currency")


def _check_date(occurred_at: datetime, now: datetime) -> LaurelError | None:
    if occurred_at.tzinfo is None:
        message = "has no time zone; add one, such as Z or -05:00"
        return _refused("DATE_WITHOUT_ZONE", message, "occurred_at")
    if occurred_at < EARLIEST:
        return _refused("DATE_TOO_EARLY", "is before 1970-01-01; correct it", "occurred_at")
    if occurred_at > now + AHEAD_MAX:
        message = "is more than 24 hours ahead; correct it"
        return _refused("DATE_IN_FUTURE", message, "occurred_at")
    return None


def _check_lines(lines: tuple[Line, ...]) -> LaurelError | None:
    if len(lines) > LINES_MAX:
        return _refused("TOO_MANY_LINES", f"are more than {LINES_MAX}; divide it", "lines")
    for index, line in enumerate(lines):
        if not (
            0 <= line.amount <= LINE_AMOUNT_MAX
            and 0 <= line.discount <= LINE_AMOUNT_MAX
            and 0 <= line.quantity <= QUANTITY_MAX
        ):
            return _check_line(line, str(index))
    if sum([line.amount + line.discount for line in lines]) > PURCHASE_AMOUNT_MAX:
        message = f"sum to more than {PURCHASE_AMOUNT_MAX} smallest units; correct them"
        return _refused("PURCHASE_TOO_LARGE", message, "lines")
    return None


def _check_line(line: Line, index: str) -> LaurelError:
    for name, value in (("amount", line.amount), ("discount", line.discount)):
        if value < 0:
            message = "is negative; report returned goods as a refund"
            return _refused(f"{name.upper()}_NEGATIVE", message, "lines", index, name)
        if value > LINE_AMOUNT_MAX:
            message = f"is more than {LINE_AMOUNT_MAX} smallest units; correct it"
            return _refused(f"{name.upper()}_TOO_LARGE", message, "lines", index, name)
    message = f"is not between 0 and {QUANTITY_MAX}; correct it"
    return _refused("QUANTITY_OUT_OF_RANGE", message, "lines", index, "quantity")


def _refused(code: str, message: str, *path: str) -> LaurelError:
    return InvalidInputError(f"{'.'.join(path)} {message}", code=code, path=path)
