"""The keys that sign credentials: made here, sealed for the database, opened to sign.

A credential is signed as a JSON Web Token with Ed25519 (`EdDSA`, RFC 8037). RFC 9864 calls the
same `Ed25519`, but those who check credentials don't know that name yet.
"""

from collections.abc import Mapping
from typing import Any

import orjson
from joserfc import jwe, jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, OKPKey
from joserfc.jws import JWSRegistry

from api.graphql.signing import signing_secret
from gamification.badges.queries_keys import SigningKey
from gamification.badges.service_keys import NewKey
from kit.errors import ConfigurationError
from kit.ids import content_hash
from kit.settings import Settings

ALGORITHM = "EdDSA"
_SECRET_BYTES_MIN = 32
_PURPOSE = b"laurel.badge-keys"
_SEALING = {"alg": "dir", "enc": "A256GCM"}


class _Registry(JWSRegistry):
    """Signs with `EdDSA` without a word about its new name."""

    max_header_length = 4_096

    def get_alg(self, name: str) -> Any:
        """Return the algorithm; there is but one."""
        return self.algorithms[name]


class KeyMaker:
    """Makes keys and opens them again, with the secret of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened: dict[str, OKPKey] = {}

    def make(self) -> NewKey:
        """Return a new key. Raises ConfigurationError without a secret to seal it with."""
        key = OKPKey.generate_key("Ed25519")
        kid = key.thumbprint()
        private = orjson.dumps(key.as_dict(private=True))
        sealed = jwe.encrypt_compact(_SEALING, private, self._seal())
        public = {name: str(value) for name, value in key.as_dict(private=False).items()}
        return NewKey(kid, public, sealed)

    def sign(self, key: SigningKey, address: str, claims: Mapping[str, Any]) -> str:
        """Return ``claims`` as a token signed with ``key``, which is published at ``address``."""
        header = {"alg": ALGORITHM, "kid": address, "typ": "JWT"}
        registry = _Registry(algorithms=[ALGORITHM])
        return jws.serialize_compact(
            header, orjson.dumps(claims), self._private(key), registry=registry
        )

    def _private(self, key: SigningKey) -> OKPKey:
        """Return the private key. Raises ConfigurationError if another secret sealed it."""
        found = self._opened.get(key.sealed)
        if found is None:
            try:
                opened = jwe.decrypt_compact(key.sealed, self._seal())
            except (JoseError, ValueError):
                message = (
                    f"The key {key.kid} was sealed with another secret. Set LAUREL_SEALING_KEY as"
                    " it was, or make another key with `laurel badges rotate`."
                )
                raise ConfigurationError(message) from None
            assert opened.plaintext is not None
            found = OKPKey.import_key(orjson.loads(opened.plaintext))
            self._opened[key.sealed] = found
        return found

    def _seal(self) -> OctKey:
        given = self._settings.sealing_key
        if given is None:
            secret = signing_secret(self._settings)
        elif len(given.encode()) < _SECRET_BYTES_MIN:
            raise ConfigurationError(
                f"LAUREL_SEALING_KEY is shorter than {_SECRET_BYTES_MIN} bytes."
            )
        else:
            secret = given.encode()
        return OctKey.import_key(content_hash(_PURPOSE, secret))
