"""Public data sets as their owners ship them. Nothing is downloaded: each error says where to get what is
missing."""

from __future__ import annotations

import ast
import csv
import gzip
import io
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import msgspec

from penchant.errors import InvalidQuery, InvalidRow, MissingExtra
from penchant.types import Click, Document, Shown

Found = tuple[list[Document], list[Click]]
_MIND = "get it from https://msnews.github.io, accept its licence and unpack it"


def mind(folder: Path) -> Found:
    """MIND: news.tsv and behaviors.tsv. Clicks of a history have no time: they count from just before the
    first impression."""
    documents = [
        Document(row[0], row[3], attributes={"category": row[1], "subcategory": row[2]})
        for row in _tabs(_need(folder, "news.tsv", _MIND), at_least=4)
        if row[3].strip()
    ]
    known = {document.id for document in documents}
    first: dict[str, tuple[float, list[str]]] = {}
    clicks = []
    for shown, history in _behaviours(folder):
        user, at = shown.user_id, shown.at
        if user not in first or at < first[user][0]:
            first[user] = (at, history)
        clicks += [
            Click(user, name, at) for name, clicked in shown.documents.items() if clicked and name in known
        ]
    for user, (at, history) in first.items():
        clicks += [
            Click(user, document, at - len(history) + number)
            for number, document in enumerate(history)
            if document in known
        ]
    return documents, clicks


def _behaviours(folder: Path) -> Iterator[tuple[Shown, list[str]]]:
    """(what was shown, what had been read before) of each impression of MIND."""
    for row in _tabs(_need(folder, "behaviors.tsv", _MIND), at_least=5):
        at = datetime.strptime(row[2], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
        shown = (entry.rpartition("-") for entry in row[4].split())
        yield Shown(row[1], {name: clicked == "1" for name, _, clicked in shown}, at), row[3].split()


def read_shown(name: str, folder: Path) -> list[Shown]:
    """What users of a public data set were shown; nothing where it does not say so."""
    return [shown for shown, _ in _behaviours(folder)] if name == "mind" else []


def movielens(folder: Path) -> Found:
    """MovieLens: movies and ratings as .csv (latest, 20M, 25M, 32M) or .dat (1M, 10M); u.item and u.data
    (100K)."""
    if (folder / "u.data").exists():
        films = ((row[0], row[1]) for row in _split(folder / "u.item", "|"))
        ratings = ((row[0], row[1], row[3]) for row in _split(folder / "u.data", "\t"))
    elif (folder / "ratings.dat").exists():
        films = ((row[0], row[1]) for row in _split(folder / "movies.dat", "::"))
        ratings = ((row[0], row[1], row[3]) for row in _split(folder / "ratings.dat", "::"))
    else:
        where = "get it from https://grouplens.org/datasets/movielens and unpack it"
        films = ((row["movieId"], row["title"]) for row in _table(_need(folder, "movies.csv", where)))
        ratings = (
            (row["userId"], row["movieId"], row["timestamp"])
            for row in _table(_need(folder, "ratings.csv", where))
        )
    return _joined(
        ((str(name), title) for name, title in films), ((user, item, float(at)) for user, item, at in ratings)
    )


def amazon_2014(folder: Path) -> Found:
    """Amazon Reviews 2014: reviews_NAME_5.json.gz and meta_NAME.json.gz (whose lines are Python, not
    JSON)."""
    where = "get both files of one category from https://cseweb.ucsd.edu/~jmcauley/datasets/amazon/links.html"
    metadata = (ast.literal_eval(line) for line in _lines(_need(folder, "meta_*.json*", where)))
    reviews = _json(_need(folder, "reviews_*.json*", where))
    return _joined(
        ((entry["asin"], entry.get("title", "")) for entry in metadata),
        ((entry["reviewerID"], entry["asin"], float(entry["unixReviewTime"])) for entry in reviews),
    )


def amazon_2018(folder: Path) -> Found:
    """Amazon Reviews 2018: NAME.json.gz or NAME_5.json.gz, and meta_NAME.json.gz."""
    where = "get both files of one category from https://nijianmo.github.io/amazon"
    metadata = _json(_need(folder, "meta_*.json*", where))
    reviews = _json(_need(folder, "[!m]*.json*", where))
    return _joined(
        ((entry["asin"], entry.get("title", "")) for entry in metadata),
        ((entry["reviewerID"], entry["asin"], float(entry["unixReviewTime"])) for entry in reviews),
    )


def amazon_2023(folder: Path) -> Found:
    """Amazon Reviews 2023: NAME.jsonl and meta_NAME.jsonl, also gzipped; times are in milliseconds."""
    where = "get both files of one category from https://amazon-reviews-2023.github.io"
    metadata = _json(_need(folder, "meta_*.jsonl*", where))
    reviews = _json(_need(folder, "[!m]*.jsonl*", where))
    return _joined(
        ((entry["parent_asin"], entry.get("title", "")) for entry in metadata),
        ((entry["user_id"], entry["parent_asin"], float(entry["timestamp"]) / 1_000) for entry in reviews),
    )


def ebnerd(folder: Path) -> Found:
    """EB-NeRD: articles.parquet, and behaviors.parquet and history.parquet of its train folder."""
    where = "get it from https://recsys.eb.dk, accept its terms and unpack it"
    articles = _parquet(_need(folder, "articles.parquet", where))
    documents = [
        Document(str(row["article_id"]), row["title"], row["published_time"].replace(tzinfo=UTC).timestamp())
        for row in articles
        if (row["title"] or "").strip()
    ]
    known = {document.id for document in documents}
    clicks = []
    for row in _parquet(_need(folder, "train/history.parquet", where)):
        times = (moment.replace(tzinfo=UTC).timestamp() for moment in row["impression_time_fixed"])
        pairs = zip(map(str, row["article_id_fixed"]), times, strict=True)
        clicks += [Click(str(row["user_id"]), article, at) for article, at in pairs if article in known]
    for row in _parquet(_need(folder, "train/behaviors.parquet", where)):
        at = row["impression_time"].replace(tzinfo=UTC).timestamp()
        clicked = map(str, row["article_ids_clicked"])
        clicks += [Click(str(row["user_id"]), article, at) for article in clicked if article in known]
    return documents, clicks


def deskdrop(folder: Path) -> Found:
    """CI&T Deskdrop as on Kaggle: shared_articles.csv and users_interactions.csv."""
    where = (
        "get it from https://www.kaggle.com/datasets/gspmoreira/articles-sharing-reading-from-cit-deskdrop"
    )
    documents: dict[str, Document] = {}
    for row in _table(_need(folder, "shared_articles.csv", where)):
        if row["eventType"] == "CONTENT SHARED" and row["title"].strip():
            name, at = row["contentId"], float(row["timestamp"])
            documents.setdefault(name, Document(name, row["title"], at, attributes={"lang": row["lang"]}))
    clicks = [
        Click(row["personId"], row["contentId"], float(row["timestamp"]), row["eventType"])
        for row in _table(_need(folder, "users_interactions.csv", where))
        if row["contentId"] in documents
    ]
    return list(documents.values()), clicks


ADAPTERS: Mapping[str, Callable[[Path], Found]] = MappingProxyType(
    {
        "mind": mind,
        "movielens": movielens,
        "amazon-2014": amazon_2014,
        "amazon-2018": amazon_2018,
        "amazon-2023": amazon_2023,
        "ebnerd": ebnerd,
        "deskdrop-kaggle": deskdrop,
    }
)
"""Name -> what reads the unpacked folder."""


def read_public(name: str, folder: Path) -> Found:
    """Documents and clicks of a public data set.

    Raises:
        InvalidQuery: there is no such set, or a file is missing: it says where to get it.
        InvalidRow: a file is not what it should be.
    """
    if name not in ADAPTERS:
        raise InvalidQuery(f"unknown data set {name!r}: use one of {', '.join(ADAPTERS)}")
    try:
        return ADAPTERS[name](folder)
    except (KeyError, IndexError, ValueError, SyntaxError, EOFError, OSError, msgspec.DecodeError) as error:
        if isinstance(error, InvalidQuery | InvalidRow):
            raise
        raise InvalidRow(
            f"{folder} is not {name} as its owner ships it: {type(error).__name__}: {error}"
        ) from error


def _joined(titles: Iterator[tuple[str, str]], clicks: Iterator[tuple[str, str, float]]) -> Found:
    """Documents that have a title, and the clicks on them."""
    documents = {
        name: Document(name, title) for name, title in titles if isinstance(title, str) and title.strip()
    }
    kept = [Click(str(user), str(item), at) for user, item, at in clicks if str(item) in documents]
    clicked = {click.document_id for click in kept}
    return [document for document in documents.values() if document.id in clicked], kept


def _need(folder: Path, pattern: str, where: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise InvalidQuery(f"{folder} holds no {pattern}: {where}")
    return found[0]


def _open(path: Path, encoding: str = "utf-8") -> TextIO:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding=encoding)
    return path.open(encoding=encoding, newline="")


def _lines(path: Path) -> Iterator[str]:
    with _open(path) as file:
        for line in file:
            if line.strip():
                yield line


def _json(path: Path) -> Iterator[dict[str, Any]]:
    for line in _lines(path):
        yield msgspec.json.decode(line, type=dict[str, Any])


def _table(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(1 << 30)
    with _open(path) as file:
        yield from csv.DictReader(file)


def _tabs(path: Path, *, at_least: int) -> Iterator[list[str]]:
    for line in _lines(path):
        fields = line.rstrip("\n").split("\t")
        if len(fields) < at_least:
            raise InvalidRow(
                f"{path}: {len(fields)} fields where at least {at_least} are expected: {line[:60]!r}"
            )
        yield fields


def _split(path: Path, separator: str) -> Iterator[list[str]]:
    """The older MovieLens files, which are Latin-1."""
    with _open(path, "latin-1") as file:
        for line in file:
            yield line.rstrip("\r\n").split(separator)


def _parquet(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("reading Parquet needs pyarrow: pip install 'penchant[parquet]'") from error
    for batch in parquet.ParquetFile(path).iter_batches():
        yield from batch.to_pylist()
