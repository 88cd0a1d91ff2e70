"""A user as the bytes that are kept: MessagePack without names of fields, the embeddings of all units in one
block."""

from __future__ import annotations

import msgspec

from penchant.settings import Settings, UnitPrecision
from penchant.types import InterestUnit, User, Vector, Want, Wish
from penchant.vectors import embeddings_of, packed, unpacked

_USUAL_TERMS = Settings().terms_in_text or 0


class _Unit(msgspec.Struct, array_like=True):
    """The fields of an Interest Unit in their order, without the embedding."""

    title: str
    terms: tuple[tuple[str, int], ...]
    size: int
    updated_at: float
    documents: tuple[str, ...]
    text: int | str
    """Where it is the title and the first terms, the number of those."""
    term_steps: tuple[int, ...]
    document_steps: tuple[int, ...]
    title_step: int
    changed_step: int
    closeness: float


class _Packed(msgspec.Struct, array_like=True):
    units: list[_Unit]
    embeddings: bytes
    precision: UnitPrecision
    steps: int
    seen: tuple[str, ...]
    history: tuple[tuple[str, float], ...]
    dismissed: tuple[tuple[str, int], ...]
    shown: tuple[tuple[str, int, float], ...]
    wishes: list[tuple[str, Want]]
    wish_embeddings: bytes


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def pack_user(user: User) -> bytes:
    """A user as bytes, the units' embeddings as `User.precision` says."""
    embeddings = packed(embeddings_of(user.units), user.precision) if user.units else b""
    units = [
        _Unit(
            unit.title,
            unit.terms,
            unit.size,
            unit.updated_at,
            unit.documents,
            _shortened(unit),
            unit.term_steps,
            unit.document_steps,
            unit.title_step,
            unit.changed_step,
            unit.closeness,
        )
        for unit in user.units
    ]
    wishes = [(wish.text, wish.want) for wish in user.wishes]
    about = packed(embeddings_of(user.wishes), "float16") if user.wishes else b""
    return _encode(
        (
            units,
            embeddings,
            user.precision,
            user.steps,
            user.seen,
            user.history,
            user.dismissed,
            user.shown,
            wishes,
            about,
        )
    )


def unpack_user(data: bytes) -> User:
    """What `pack_user` made; the embeddings are rows of one array.

    Raises:
        msgspec.DecodeError, msgspec.ValidationError: the bytes are damaged.
    """
    kept = _decode(data)
    try:
        embeddings = unpacked(kept.embeddings, len(kept.units), kept.precision)
        about = unpacked(kept.wish_embeddings, len(kept.wishes), "float16")
    except ValueError as error:
        raise msgspec.ValidationError(f"the embeddings of a user are cut short ({error})") from error
    units = [_unit(fields, embedding) for fields, embedding in zip(kept.units, embeddings, strict=True)]
    wishes = tuple(Wish(*wish, embedding) for wish, embedding in zip(kept.wishes, about, strict=True))
    return User(
        tuple(units),
        kept.steps,
        kept.seen,
        kept.history,
        kept.precision,
        kept.dismissed,
        kept.shown,
        wishes,
    )


def _unit(kept: _Unit, embedding: Vector) -> InterestUnit:
    return InterestUnit(
        kept.title,
        kept.terms,
        kept.size,
        kept.updated_at,
        kept.documents,
        kept.text if isinstance(kept.text, str) else _joined(kept.title, kept.terms, kept.text),
        embedding,
        kept.closeness,
        kept.term_steps,
        kept.document_steps,
        kept.title_step,
        kept.changed_step,
    )


def _shortened(unit: InterestUnit) -> int | str:
    count = min(_USUAL_TERMS, len(unit.terms))
    return count if _joined(unit.title, unit.terms, count) == unit.text else unit.text


def _joined(title: str, terms: tuple[tuple[str, int], ...], count: int) -> str:
    return " ".join([title, *[term for term, _ in terms[:count]]])
