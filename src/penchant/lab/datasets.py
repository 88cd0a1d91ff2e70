"""Where a log comes from: a preset, a folder or two files as for `penchant build`, or a public data set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import MappingProxyType

from penchant.data.files import Columns, OnError, Problems, read_clicks, read_documents, read_shown
from penchant.data.public import ADAPTERS, read_public
from penchant.data.public import read_shown as public_shown
from penchant.errors import InvalidQuery
from penchant.lab.log import Log, make_log


@dataclass(frozen=True)
class Preset:
    """A data set that the lab knows."""

    about: str
    source: str
    on_error: OnError = "stop"


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "deskdrop": Preset(
            "employees read articles shared in a company community", "CI&T Deskdrop, Kaggle, gspmoreira"
        ),
        "pydev": Preset("who wrote which change in twelve Python projects", "public version histories"),
        "beauty": Preset(
            "Amazon Beauty, 5-core, 2014; 7 products without a title are left out",
            "McAuley's Amazon product data",
            on_error="skip",
        ),
        "nemig": Preset(
            "German news, six headlines shown to a reader of a survey, one clicked",
            "NeMig, andreeaiana/nemig",
        ),
        "kmrd": Preset("Naver film ratings with Korean titles", "lovit/kmrd"),
    }
)


@dataclass(frozen=True)
class Source:
    """What to evaluate on."""

    data: str | None = None
    """A preset's name, a folder with documents.* and clicks.*, or NAME:FOLDER for a public data set."""
    documents: Path | None = None
    clicks: Path | None = None
    home: Path | None = None
    """Where the folders of the presets are."""
    on_error: OnError | None = None
    document_columns: Columns = field(default_factory=dict)
    click_columns: Columns = field(default_factory=dict)


def read_log(source: Source) -> tuple[Log, Problems]:
    """The log of a source, and what was wrong with rows that were skipped.

    Raises:
        InvalidQuery: it is not said what to read, or it is not there.
        InvalidRow: a row is not usable, and rows are not to be skipped.
    """
    name, _, folder = (source.data or "").partition(":")
    if name in ADAPTERS and folder:
        return make_log(name, *read_public(name, Path(folder)), public_shown(name, Path(folder))), Problems(
            "stop"
        )
    title, documents, clicks, shown = _files(source)
    preset = PRESETS.get(title)
    problems = Problems(source.on_error or (preset.on_error if preset else "stop"))
    given = list(read_documents(documents, source.document_columns, problems))
    known = {document.id for document in given}
    told, histories = read_shown(shown, known.__contains__) if shown is not None else ([], [])
    log = (
        list(read_clicks(clicks, source.click_columns, problems, known.__contains__)) if clicks else histories
    )
    return make_log(title, given, log, told), problems


def fingerprint(log: Log) -> str:
    """A digest of all that a protocol can see of a log."""
    digest = blake2b(digest_size=12)
    for document in log.documents:
        digest.update(repr((document.id, document.title, document.published_at)).encode())
    digest.update("\0".join(log.user_ids).encode())
    for values in (log.clicks.users, log.clicks.documents, log.clicks.at):
        digest.update(values.tobytes())
    for each in log.impressions:
        digest.update(repr((each.user, each.at)).encode() + each.shown.tobytes() + each.clicked.tobytes())
    return digest.hexdigest()


def _files(source: Source) -> tuple[str, Path, Path | None, Path | None]:
    """(name, documents, clicks, impressions); without clicks the histories in the impressions are the
    clicks."""
    if source.documents is not None and source.clicks is not None and source.data is None:
        return source.documents.resolve().parent.name, source.documents, source.clicks, None
    if source.data is None or source.documents is not None or source.clicks is not None:
        raise InvalidQuery(
            "say what to evaluate on: --data NAME or FOLDER, or --documents FILE and --clicks FILE"
        )
    folder = Path(source.data)
    if not folder.is_dir() and source.data in PRESETS and source.home is not None:
        folder = source.home / source.data
    if not folder.is_dir():
        hint = (
            "set PENCHANT_DATA to the folder that holds it"
            if source.data in PRESETS
            else "there is no such folder"
        )
        raise InvalidQuery(
            f"no data in {source.data!r}: {hint}; presets are {', '.join(PRESETS)}, public data sets are "
            "read with "
            f"NAME:FOLDER, NAME one of {', '.join(ADAPTERS)}"
        )
    documents, shown = _one(folder, "documents"), _found(folder, "impressions")
    clicks = None if len(shown) == 1 and not _found(folder, "clicks") else _one(folder, "clicks")
    return folder.resolve().name, documents, clicks, shown[0] if len(shown) == 1 else None


def _found(folder: Path, name: str) -> list[Path]:
    """Files of that name, also after the code of a language: ``de.impressions.tsv``."""
    found = {path for pattern in (f"{name}.*", f"*.{name}.*") for path in folder.glob(pattern)}
    return sorted(path for path in found if not path.name.endswith(".part"))


def _one(folder: Path, name: str) -> Path:
    found = _found(folder, name)
    if len(found) != 1:
        raise InvalidQuery(
            f"{folder} holds {len(found)} files named {name}.*: one is needed (CSV, TSV, JSON Lines or "
            "Parquet)"
        )
    return found[0]
