"""Secrets that an installation without settings makes for itself, once."""

from contextlib import suppress
from pathlib import Path

from kit.errors import ConfigurationError
from kit.ids import new_secret


def kept_secret(path: Path) -> str:
    """Return the secret in the file ``path``, made if it is not there; its owner alone may read it.

    Raises ConfigurationError if the file can't be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and linked: two processes that start at once agree on one secret.
            draft = path.with_name(f"{path.name}.{new_secret()}")
            draft.touch(mode=0o600)
            draft.write_text(new_secret())
            with suppress(FileExistsError):
                path.hardlink_to(draft)
            draft.unlink()
        return path.read_text()
    except OSError as error:
        raise ConfigurationError(f"{path} can't be used: {error.strerror}.") from error
