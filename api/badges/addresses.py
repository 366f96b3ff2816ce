"""Where what is public of a brand's badges has its addresses, which credentials name for ever."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of one brand's badges at ``origin``, such as https://loyalty.example.com."""

    origin: str
    brand: str

    @property
    def profile(self) -> str:
        """The brand as an issuer."""
        return f"{self.origin}/badges/{self.brand}"

    @property
    def keys(self) -> str:
        """Its public keys."""
        return f"{self.profile}/keys"

    @property
    def did(self) -> str:
        """The same issuer as a decentralized identifier (did:web), which resolves to did.json."""
        place = urlsplit(self.origin)
        path = "".join(f":{each}" for each in place.path.split("/") if each)
        return f"did:web:{quote(place.netloc, safe='.-')}{path}:badges:{self.brand}"

    def key(self, kid: str) -> str:
        """One public key."""
        return f"{self.keys}/{kid}"

    def badge(self, code: str, level: int | None = None) -> str:
        """A badge, or one of its levels."""
        return f"{self.profile}/{code}" + (f"/{level}" if level else "")

    def picture(self, code: str, level: int | None = None) -> str:
        """The picture that is drawn of a badge, or of one of its levels."""
        return f"{self.badge(code, level)}.svg"

    def award(self, id_: UUID) -> str:
        """An award: its credential, and its page."""
        return f"{self.profile}/awards/{id_}"

    def status(self, number: int) -> str:
        """A list of what is revoked."""
        return f"{self.profile}/status/{number}"
