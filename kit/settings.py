"""Every setting of the installation, read once from the environment at the edge."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _listed(value: object) -> object:
    if isinstance(value, str):
        return tuple(each.strip().rstrip("/") for each in value.split(",") if each.strip())
    return value


def _address(value: object) -> object:
    if not isinstance(value, str):
        return value
    if not value.startswith(("https://", "http://")):
        raise ValueError("must begin with https://")
    return value.rstrip("/")


class Settings(BaseSettings):
    """Settings from variables named ``LAUREL_*``. Left alone, everything runs embedded."""

    model_config = SettingsConfigDict(env_prefix="LAUREL_", frozen=True)

    environment: Literal["development", "production"] = Field(
        "development", description="production refuses development keys and hides tools"
    )
    data_dir: Path = Field(
        Path(".laurel"), description="where the embedded servers keep their data"
    )
    database_url: str | None = Field(
        None, description="PostgreSQL as the application's role; absent: an embedded server"
    )
    owner_database_url: str | None = Field(
        None, description="PostgreSQL as the owner of the tables, for migrations"
    )
    valkey_url: str | None = Field(None, description="Valkey; absent: an embedded server")
    pool_size: int = Field(10, ge=1, le=200, description="database connections per process")
    jwt_key: str | None = Field(
        None, description="PEM public key or shared secret that signs members' tokens"
    )
    jwks_url: str | None = Field(None, description="where the members' identity provider has keys")
    jwt_issuer: str = Field("laurel", description="expected `iss` of members' tokens")
    jwt_audience: str = Field("laurel", description="expected `aud` of members' tokens")
    secret_key: str | None = Field(
        None, description="signs cursors, 32 bytes or more; the same in every process"
    )
    sealing_key: str | None = Field(
        None, description="encrypts private keys at rest, 32 bytes or more; absent: `secret_key`"
    )
    public_url: Annotated[str | None, BeforeValidator(_address)] = Field(
        None, description="where people reach this installation: what is signed names it for ever"
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = Field(
        (), description="other sites whose pages may send credentials, with commas"
    )
    documents: Path | None = Field(
        None, description="manifest of trusted documents, or a folder of manifests"
    )
    documents_only: bool = Field(
        default=False, description="members and anonymous callers may run trusted documents only"
    )
    defer: bool = Field(default=False, description="offer `@defer`, whose form is still a draft")
    allowance: float = Field(
        1, gt=0, le=10_000, description="how many times the usual cost a caller may run up"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="auto: console on a terminal, JSON lines elsewhere"
    )
