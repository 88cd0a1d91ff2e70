"""Documents and clicks from files: CSV, TSV, JSON Lines and Parquet, each also gzipped.

TSV knows no quotes: a field ends at the tab. Every row is checked; what is wrong with one is told with its
file, its line and the reason.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, TypeVar

import msgspec

from penchant.checks import check_click, check_document
from penchant.errors import InputError, InvalidQuery, InvalidRow, MissingExtra
from penchant.memory.filters import attribute
from penchant.types import Click, Document, Shown
from penchant.whole import written_whole

T = TypeVar("T")
Row = Mapping[str, Any]
OnError = Literal["stop", "skip"]
Columns = Mapping[str, str]
"""Field -> the column that holds it."""

DOCUMENT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("document_id", "id", "item_id"),
    "title": ("title",),
    "published_at": ("published_at",),
    "expires_at": ("expires_at",),
    "hidden": ("hidden",),
}
CLICK_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user_id", "user"),
    "document_id": ("document_id", "item_id"),
    "at": ("at", "clicked_at", "timestamp", "position"),
    "kind": ("kind",),
    "id": ("click_id", "id"),
}
"""Field -> the columns that are looked for, the first that is there counts."""

_OPTIONAL = ("published_at", "expires_at", "hidden", "kind")
_LONGEST_FIELD = 1 << 30


class Problems:
    """What was wrong with the rows of some files, when they are skipped."""

    def __init__(self, on_error: OnError) -> None:
        self.on_error = on_error
        self.count = 0
        self.examples: list[str] = []
        """The first of them."""

    def report(self, error: InvalidRow) -> None:
        """Count a row, or raise the error where rows are not to be skipped."""
        if self.on_error == "stop":
            raise error
        self.count += 1
        if len(self.examples) < 20:
            self.examples.append(str(error))


def read_documents(path: Path, columns: Columns, problems: Problems) -> Iterator[Document]:
    """The documents of a file; columns that are no field of a document become attributes.

    Args:
        columns: where a field is in a column of another name.
    """
    return _read(path, DOCUMENT_COLUMNS, columns, problems, _document)


def read_clicks(
    path: Path, columns: Columns, problems: Problems, known: Callable[[str], bool]
) -> Iterator[Click]:
    """The clicks of a file. Without a time, ``position`` (0, 1, 2 ... a user) orders them.

    Args:
        known: whether there is a document of that id.
    """

    def click(row: Row, found: Columns) -> Click:
        made = _click(row, found)
        if not known(made.document_id):
            raise InvalidRow(f"user {made.user_id!r} clicked the unknown document {made.document_id!r}")
        return made

    return _read(path, CLICK_COLUMNS, columns, problems, click)


def read_shown(path: Path, is_known: Callable[[str], bool]) -> tuple[list[Shown], list[Click]]:
    """(what users were shown, what they had read before) from a file of impressions.

    Its columns are ``user_id``, ``shown`` (document ids with ``:1`` or ``:0`` behind them, clicked or not,
    between blanks), and, where they are known, ``history`` (ids between blanks, in order) and ``shown_at``.
    A history without times counts in positions. Documents that are not known are passed over.

    Raises:
        InvalidRow: names the file, the line and what is wrong.
    """
    shown: list[Shown] = []
    histories: dict[str, list[str]] = {}
    for line, row in _rows(path):
        if isinstance(row, InvalidRow):
            raise row
        try:
            user, at = (
                _text(row["user_id"]),
                time_of(row["shown_at"], "shown_at") if row.get("shown_at") else 0.0,
            )
            documents = dict(_was_clicked(entry) for entry in str(row["shown"]).split())
        except (KeyError, ValueError, InputError) as error:
            raise InvalidRow(
                f"{path}, line {line}: {error!s} is missing or odd: an impression has user_id and shown, "
                "such as 'd1:0 d2:1'"
            ) from None
        shown.append(Shown(user, documents, at))
        history = [name for name in str(row.get("history") or "").split() if is_known(name)]
        if len(history) > len(histories.get(user, [])):
            histories[user] = history
    clicks = [Click(user, name, float(n)) for user, read in histories.items() for n, name in enumerate(read)]
    return shown, clicks


def _was_clicked(entry: str) -> tuple[str, bool]:
    name, mark, clicked = entry.rpartition(":")
    if not mark or clicked not in ("0", "1"):
        raise ValueError(repr(entry))
    return name, clicked == "1"


def rows_of(path: Path) -> Iterator[Row]:
    """Every row of a file, as it is. Raises InvalidRow with the line of the first that cannot be read."""
    for _, row in _rows(path):
        if isinstance(row, InvalidRow):
            raise row
        yield row


def write_rows(path: Path, rows: Iterable[Document | Click]) -> None:
    """Write documents or clicks as JSON Lines that the readers understand; the folder is made where it is
    missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as file:
        file.writelines(msgspec.json.encode(row) + b"\n" for row in rows)


def fingerprint(path: Path) -> str:
    """A short digest of a file's content, which tells a file from its successor of the same name."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()[:16]


def _read(
    path: Path,
    fields: Mapping[str, tuple[str, ...]],
    columns: Columns,
    problems: Problems,
    make: Callable[[Row, Columns], T],
) -> Iterator[T]:
    unknown = set(columns) - set(fields)
    if unknown:
        raise InvalidQuery(f"{sorted(unknown)[0]!r} is no field of this file: use one of {', '.join(fields)}")
    found: dict[tuple[str, ...], Columns] = {}
    for line, row in _rows(path):
        try:
            if isinstance(row, InvalidRow):
                raise row
            names = tuple(row)
            if names not in found:
                found[names] = _columns(row, fields, columns)
            made = make(row, found[names])
        except InputError as error:
            failure = InvalidRow(f"{path}, line {line}: {error}")
            if isinstance(error, _MissingColumnError) and not found:
                raise failure from None
            problems.report(failure)
        else:
            yield made


class _MissingColumnError(InputError):
    """A row has no column for a field that is needed; where the first has none, the whole file is not what it
    should be."""


def _columns(row: Row, fields: Mapping[str, tuple[str, ...]], columns: Columns) -> Columns:
    """Field -> column, of the fields that the row has."""
    found = {}
    for field, usual in fields.items():
        wanted = (columns[field],) if field in columns else usual
        present = [name for name in wanted if name in row]
        if present:
            found[field] = present[0]
        elif field in columns or not (field in _OPTIONAL or (fields is CLICK_COLUMNS and field == "id")):
            raise _MissingColumnError(
                f"no column {' or '.join(map(repr, wanted))} for {field!r} (there are "
                f"{', '.join(map(repr, row))}): "
                f"name it with {field}=COLUMN"
            )
    return found


def _document(row: Row, columns: Columns) -> Document:
    extra = {
        name: value for name, value in row.items() if name not in columns.values() and name != "attributes"
    }
    nested = row.get("attributes") or {}
    document = Document(
        id=_text(row[columns["id"]]),
        title=_text(row[columns["title"]]),
        published_at=_optional_time(row, columns, "published_at"),
        expires_at=_optional_time(row, columns, "expires_at"),
        hidden=_truth(row[columns["hidden"]]) if "hidden" in columns else False,
        attributes={
            name: attribute(value) for name, value in {**extra, **nested}.items() if value not in (None, "")
        },
    )
    check_document(document)
    return document


def _click(row: Row, columns: Columns) -> Click:
    click = Click(
        user_id=_text(row[columns["user_id"]]),
        document_id=_text(row[columns["document_id"]]),
        at=time_of(row[columns["at"]], columns["at"]),
        kind=_text(row[columns["kind"]]) or None if "kind" in columns else None,
        id=_text(row[columns["id"]]) or None if "id" in columns else None,
    )
    check_click(click)
    return click


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _optional_time(row: Row, columns: Columns, field: str) -> float | None:
    value = row[columns[field]] if field in columns else None
    return None if value in (None, "") else time_of(value, columns[field])


def time_of(value: Any, column: str) -> float:
    """Unix seconds from a number, or from a date and time as in ISO 8601 (UTC where it names no zone).

    Raises:
        InvalidRow: it is neither; it names the column.
    """
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        return time_of(datetime.fromisoformat(str(value)), column)
    except ValueError:
        raise InvalidRow(
            f"{column} is {str(value)[:40]!r}: use Unix seconds, or a time such as 2025-01-31T12:00:00"
        ) from None


def _truth(value: Any) -> bool:
    text = str(value).strip().lower()
    if text in ("1", "true", "yes"):
        return True
    if text in ("", "0", "false", "no", "none"):
        return False
    raise InvalidRow(f"hidden is {value!r}: use true or false")


def _rows(path: Path) -> Iterator[tuple[int, Row | InvalidRow]]:
    """(line, row) of every row of a file, an InvalidRow in place of one that cannot be read."""
    kind = Path(path.name.removesuffix(".gz")).suffix.lower()
    readers: dict[str, Callable[[Path], Iterator[tuple[int, Row | InvalidRow]]]] = {
        ".csv": _csv_rows,
        ".tsv": _tsv_rows,
        ".jsonl": _json_rows,
        ".ndjson": _json_rows,
        ".parquet": _parquet_rows,
    }
    if kind not in readers:
        raise InvalidRow(
            f"{path}: unknown kind of file {kind!r}: use {', '.join(readers)}, each also with .gz"
        )
    empty = True
    try:
        for line, row in readers[kind](path):
            empty = False
            yield line, row
    except OSError as error:  # gzip.BadGzipFile is one
        raise InvalidRow(f"{path}: {error.strerror or error}") from error
    except (EOFError, csv.Error) as error:
        raise InvalidRow(f"{path} is damaged: {error}") from error
    if empty:
        raise InvalidRow(f"{path} holds no rows: expected a header and at least one row")


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _open_text(path: Path) -> TextIO:
    """Bytes that are no UTF-8 become lone surrogates, which the checks name."""
    return io.TextIOWrapper(_open(path), encoding="utf-8-sig", errors="surrogateescape", newline="")


def _csv_rows(path: Path) -> Iterator[tuple[int, Row | InvalidRow]]:
    csv.field_size_limit(_LONGEST_FIELD)
    with _open_text(path) as file:
        reader = csv.reader(file)
        yield from _table((reader.line_num, fields) for fields in reader)


def _tsv_rows(path: Path) -> Iterator[tuple[int, Row | InvalidRow]]:
    with _open_text(path) as file:
        yield from _table(
            (number, line.rstrip("\r\n").split("\t")) for number, line in enumerate(_lines(file), 1)
        )


def _lines(file: TextIO) -> Iterator[str]:
    """Lines that end at a line feed and nowhere else."""
    for line in file:
        while line.endswith("\r") and (more := file.readline()):
            line += more
        yield line


def _table(lines: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, Row | InvalidRow]]:
    header: list[str] | None = None
    for number, fields in lines:
        if header is None:
            header = fields
        elif len(fields) == len(header):
            yield number, dict(zip(header, fields, strict=True))
        elif fields and fields != [""]:
            yield number, InvalidRow(f"{len(fields)} fields, the header has {len(header)}")


def _json_rows(path: Path) -> Iterator[tuple[int, Row | InvalidRow]]:
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                yield number, msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                yield number, InvalidRow(f"not a JSON object: {error}")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Row | InvalidRow]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtra("reading Parquet needs pyarrow: pip install 'penchant[parquet]'") from error
    with _open(path) as file:
        try:
            number = 0
            for batch in parquet.ParquetFile(io.BytesIO(file.read())).iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
        except pyarrow.ArrowInvalid as error:
            raise InvalidRow(f"{path} is damaged: {error}") from error
