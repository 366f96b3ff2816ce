"""Who asks, from where and in which language: what an answer may depend on besides the question."""

from dataclasses import dataclass

from api.auth import ANONYMOUS, Principal


@dataclass(frozen=True, slots=True)
class Caller:
    """A caller of one operation, over whatever transport."""

    principal: Principal = ANONYMOUS
    address: str = ""
    """Of the peer; several callers may share one."""
    language: str = "en"
    client: str = ""
    """What the calling program says it is, `name` or `name/version`: counted, never trusted."""

    @property
    def account(self) -> str:
        """Whose allowance is charged: one app's member, one API key, or one address."""
        principal = self.principal
        if principal.home is None:
            return f"address:{self.address}"
        return f"{principal.home.id}:{principal.account}"

    @property
    def tenant(self) -> str:
        """The code of the brand whose caller it is; empty for anonymous callers."""
        return self.principal.home.code if self.principal.home else ""
