"""The one base of every expected refusal: a stable code, a plain message, where it was wrong."""


class LaurelError(Exception):
    """An expected refusal. Raising it means that nothing was written.

    ``code`` is stable and machine-readable (SCREAMING_SNAKE); ``message`` says what was wrong
    and what to do about it; ``path`` names the faulty input field, outermost first.
    """

    code = "REFUSED"

    def __init__(
        self, message: str, *, code: str | None = None, path: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        if code is not None:
            self.code = code


class InvalidInputError(LaurelError):
    """A value is outside what the field can hold."""

    code = "INVALID_INPUT"


class NotFoundError(LaurelError):
    """The named thing does not exist, or the caller may not know that it does."""

    code = "NOT_FOUND"


class IdempotencyConflictError(LaurelError):
    """The key was used before with another input."""

    code = "IDEMPOTENCY_CONFLICT"


class ConfigurationError(LaurelError):
    """The installation itself is set up wrongly; the message says how to mend it."""

    code = "CONFIGURATION"
