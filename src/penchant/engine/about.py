"""What a state says about itself, and how the two things that stand beside the store are made from it: the
embedder that it remembers, and the index, which is a cache that catches up with the store.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from penchant.embed import Embedder
from penchant.embed.kept import is_that, model_of
from penchant.errors import EmbedderMismatch, StateDamaged
from penchant.memory.readers import Rows
from penchant.memory.trails import Trails, unpack_trail
from penchant.rank.blend import Blend
from penchant.settings import Settings
from penchant.store import Store
from penchant.text.sites import Sites
from penchant.types import T

log = logging.getLogger("penchant")

ABOUT = "about"
COUNTERS = "counters"
BLEND = "blend"
BLEND_PRECISION = "blend precision"
MODEL = "corpus model"
_CHUNK = 8_192


class About(msgspec.Struct, frozen=True):
    """How a state was built."""

    embedder: str
    dimension: int
    index: str
    settings: Settings
    threshold: float | None = None
    """tau of this community, where it was found from its titles."""
    compared: int = 0
    """How many documents there were then."""
    sites: tuple[str, ...] = ()
    """Names at the end of titles that are not embedded, see `penchant.text.sites`."""


class Counters(msgspec.Struct, frozen=True):
    """What a state counts."""

    latest_at: float = 0.0
    """The latest time in the data: of a click, or of a document's publication."""
    next_row: int = 0
    """The row of the next new document."""
    revision: int = 0
    """How many calls changed the embedding of a document."""


def read_about(store: Store) -> About | None:
    """How the state was built; None for a new one."""
    return _decoded(store, ABOUT, About)


def read_counters(store: Store) -> Counters:
    """What the state counts."""
    return _decoded(store, COUNTERS, Counters) or Counters()


def read_blend(store: Store) -> Blend:
    """The blend as it was kept last; that of the start where none was."""
    value = store.fact(BLEND)
    try:
        if value is None:
            return Blend()
        blend = msgspec.msgpack.decode(value, type=Blend)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StateDamaged(f"the blend of the state cannot be read ({error}): restore a copy") from error
    precision = store.fact(BLEND_PRECISION) or b""
    if len(precision) != 4 * len(blend.experts) * len(blend.names) ** 2:
        raise StateDamaged("the precision of the state's blend is missing or cut short: restore a copy")
    return msgspec.structs.replace(blend, precision=precision)


def blend_fact(blend: Blend, before: Blend) -> dict[str, bytes]:
    """What a state keeps of a blend, as far as it is not what it kept before: the precision is large."""
    small = {BLEND: msgspec.msgpack.encode(msgspec.structs.replace(blend, precision=b""))}
    return small if blend.precision == before.precision else {**small, BLEND_PRECISION: blend.precision}


def read_trails(store: Store, known: Rows) -> Trails:
    """What every user read, of the documents that are still there."""
    return Trails(((user_id, unpack_trail(trail)) for user_id, trail in store.trails()), known)


def _decoded(store: Store, name: str, kind: type[T]) -> T | None:
    value = store.fact(name)
    try:
        return None if value is None else msgspec.json.decode(value, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise StateDamaged(
            f"the fact {name!r} of the state cannot be read ({error}): restore a copy"
        ) from error


def sites_of(settings: Settings, titles: Sequence[str]) -> Sites:
    """The names at the end of titles that are not embedded; the paper's rule embeds whole titles."""
    return Sites.of(titles) if settings.unit_rule == "mean" else Sites()


def model_fact(embedder: Embedder) -> dict[str, bytes]:
    """What a state has to keep to load the embedder again."""
    model = model_of(embedder)
    return {} if model is None else {MODEL: model}


def check_embedder(about: About, embedder: str | Embedder) -> None:
    """Raises EmbedderMismatch unless the state was built with that embedder."""
    name = embedder if isinstance(embedder, str) else embedder.name
    if is_that(about.embedder, name):
        if isinstance(embedder, str) or embedder.dimension == about.dimension:
            return
        name = f"{name} of {embedder.dimension} dimensions"
    raise EmbedderMismatch(
        f"the state was built with the embedder {about.embedder!r} ({about.dimension} dimensions), not with "
        f"{name!r}: "
        f"open it without naming one, or move it with `penchant reembed`"
    )
