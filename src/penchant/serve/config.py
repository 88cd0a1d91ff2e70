"""The settings of the service: a TOML file, then `PENCHANT_*` variables, checked before anything starts."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import msgspec

from penchant.errors import InvalidSettings
from penchant.rank.scorers import NAMES
from penchant.serve.training import seconds_of

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "admin")
_PREFIX = "PENCHANT_"


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may do what. Given as a secret or, better, as its digest: ``printf %s SECRET | sha256sum``."""

    name: str
    """What logs and metrics call it."""
    scopes: tuple[Scope, ...]
    secret: str | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.name or not self.scopes:
            raise InvalidSettings("a token needs a name and at least one of the scopes read, write, admin")
        if (self.secret is None) == (self.sha256 is None):
            raise InvalidSettings(f"token {self.name!r}: give either secret or sha256")
        if self.secret is not None and len(self.secret) < 16:
            raise InvalidSettings(
                f"token {self.name!r}: the secret has {len(self.secret)} characters, use 16 or more"
            )
        if self.sha256 is not None and (
            len(self.sha256) != 64 or set(self.sha256.lower()) - set("0123456789abcdef")
        ):
            raise InvalidSettings(f"token {self.name!r}: sha256 is not 64 hexadecimal digits")

    @property
    def digest(self) -> str:
        """The sha256 of the secret, in hexadecimal digits."""
        return (
            self.sha256.lower()
            if self.secret is None and self.sha256
            else hashlib.sha256((self.secret or "").encode()).hexdigest()
        )


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the users of one part of an experiment get; None: as usual."""

    share: float = 1.0
    """Relative to the other variants."""
    scorer: str | None = None
    diversity: float | None = None
    personal: float | None = None
    explore: float | None = None

    def __post_init__(self) -> None:
        if not self.share >= 0:
            raise InvalidSettings(f"the share of a variant is {self.share}: use 0 or more")
        if self.scorer is not None and self.scorer not in NAMES:
            raise InvalidSettings(
                f"unknown scorer {self.scorer!r} of a variant: use one of {', '.join(sorted(NAMES))}"
            )
        for name in ("diversity", "personal", "explore"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise InvalidSettings(f"{name} of a variant is {value}: use 0 to 1")


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A split of the users into variants (IRA, section 3.3.5). The first one named is what the others are
    compared with."""

    name: str
    variants: dict[str, Variant]
    salt: str = ""
    """Another one draws another split; default: the name."""

    def __post_init__(self) -> None:
        if not self.name or len(self.variants) < 2:
            raise InvalidSettings("an experiment needs a name and at least two variants")
        if not sum(variant.share for variant in self.variants.values()) > 0:
            raise InvalidSettings(f"all shares of experiment {self.name!r} are 0")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of the service. `PENCHANT_PORT=80` stands for ``port = 80``; lists are separated by
    commas."""

    host: str = "127.0.0.1"
    """The address to listen on. Beyond loopback, tokens are needed."""
    port: int = 8733
    allowed_hosts: tuple[str, ...] = ()
    """Names that a request's Host header may carry. Without tokens, only those of loopback; empty with
    tokens: any."""
    cors_origins: tuple[str, ...] = ()
    """Origins whose pages may call the service from a browser; none by default."""
    max_body_bytes: int = 16_000_000
    """The longest body that is read; streams are cut into parts of this size at most."""
    max_batch: int = 10_000
    """Documents, clicks or ids a request may hold. A stream is kept in parts of this size."""
    max_k: int = 500
    """Documents an answer may hold."""
    max_query: int = 2_000
    """Characters a search text may have. Titles may have 20,000."""
    requests_per_second: float = 0.0
    """For each token; 0: no limit."""
    timeout_seconds: float = 30.0
    """A request that takes longer is answered with 503."""
    drain_seconds: float = 10.0
    """At the end, requests in progress get so long."""
    threads: int = 2
    """Questions that are answered at the same time."""
    waiting_clicks: int = 50_000
    """More clicks than this in line are refused with 503."""
    save_index_after: int = 5_000
    """Changed documents after which the index is written to disk, so that the service is back sooner after
    a crash."""
    log: Literal["requests", "errors"] = "requests"
    """One line a request, or only those that failed. Never with anything of a user."""
    train_every: str = ""
    """So long after the start, and after each training, a tower is trained in another process and taken into
    use where it is better: ``6h``, ``90m``, ``1d``. Empty: never. Needs penchant[torch]."""
    tower: str = "learn"
    """Which tower is trained; see ``penchant train``."""
    tokens: tuple[Token, ...] = ()
    experiment: Experiment | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise InvalidSettings(f"port is {self.port}: use 1 to 65535, or 0 for a free one")
        for name in (
            "max_body_bytes",
            "max_batch",
            "max_k",
            "max_query",
            "threads",
            "waiting_clicks",
            "save_index_after",
        ):
            if getattr(self, name) < 1:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use 1 or more")
        for name in ("timeout_seconds", "drain_seconds"):
            if not getattr(self, name) > 0:
                raise InvalidSettings(f"{name} is {getattr(self, name)}: use more than 0 seconds")
        if not self.requests_per_second >= 0:
            raise InvalidSettings(
                f"requests_per_second is {self.requests_per_second}: use 0 (no limit) or more"
            )
        seconds_of(self.train_every)
        names = [token.name for token in self.tokens]
        if len(set(names)) < len(names):
            raise InvalidSettings(f"two tokens have the same name: {', '.join(sorted(names))}")
        if not self.tokens and not is_loopback(self.host):
            raise InvalidSettings(
                f"the service would listen on {self.host}, open to everybody: give it a token "
                "(PENCHANT_TOKEN_ADMIN=..., or [[tokens]] in the file), or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_config(
    path: Path | None, environment: Mapping[str, str], given: Mapping[str, Any] | None = None
) -> Config:
    """The settings: the usual ones, then the file, then `PENCHANT_*` variables, then what the command line
    gave.

    `PENCHANT_TOKEN_READ`, `PENCHANT_TOKEN_WRITE` and `PENCHANT_TOKEN_ADMIN` hold the secrets of tokens of
    these names; each may do what the ones before it may.

    Raises:
        InvalidSettings: names the setting, its value and the remedy.
    """
    values: dict[str, Any] = _read_file(path) if path is not None else {}
    for name in Config.__struct_fields__:
        variable = _PREFIX + name.upper()
        if variable in environment and name not in ("tokens", "experiment"):
            values[name] = _of_variable(name, variable, environment[variable])
    tokens = [
        {
            "name": scope,
            "scopes": SCOPES[: position + 1],
            "secret": environment[f"{_PREFIX}TOKEN_{scope.upper()}"],
        }
        for position, scope in enumerate(SCOPES)
        if f"{_PREFIX}TOKEN_{scope.upper()}" in environment
    ]
    if tokens:
        values["tokens"] = [*values.get("tokens", []), *tokens]
    values.update({name: value for name, value in (given or {}).items() if value is not None})
    return _converted(values, str(path) if path else "the settings")


def shown(config: Config) -> dict[str, Any]:
    """The settings as they can be shown: without secrets."""
    values: dict[str, Any] = msgspec.to_builtins(config)
    values["tokens"] = [
        {"name": token.name, "scopes": list(token.scopes), "sha256": token.digest} for token in config.tokens
    ]
    return values


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text())
    except OSError as error:
        raise InvalidSettings(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{path} is no TOML: {error}") from error


def _of_variable(name: str, variable: str, text: str) -> Any:
    kind = {"allowed_hosts": tuple[str, ...], "cors_origins": tuple[str, ...]}.get(name)
    if kind is not None:
        return [part.strip() for part in text.split(",") if part.strip()]
    default = getattr(Config(), name)
    try:
        return msgspec.convert(text, type(default), strict=False)
    except msgspec.ValidationError as error:
        raise InvalidSettings(f"{variable} is {text!r}: {error}") from error


def _converted(values: dict[str, Any], source: str) -> Config:
    unknown = set(values) - set(Config.__struct_fields__)
    if unknown:
        known = ", ".join(Config.__struct_fields__)
        raise InvalidSettings(f"{source}: unknown setting {sorted(unknown)[0]!r}; there are {known}")
    try:
        return msgspec.convert(values, Config)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InvalidSettings):
            raise error.__cause__ from None
        raise InvalidSettings(f"{source}: {error}") from error
