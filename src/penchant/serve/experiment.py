"""Experiments: a stable split of the users into variants, and the log of who was shown what and clicked how
often.

The paper's section 3.3.5 for everyone. Users are split by a salted hash of their id, so that a user stays in
a variant on every machine and after every restart. The log holds that hash, not the id.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from threading import Lock

import msgspec

from penchant.serve.config import Experiment, Variant
from penchant.store.database import connect

DATABASE = "experiments.db"
_TABLE = """
CREATE TABLE IF NOT EXISTS exposed (
    experiment TEXT NOT NULL,
    user TEXT NOT NULL,       -- the salted hash of the id
    variant TEXT NOT NULL,
    first_at REAL NOT NULL,   -- Unix seconds
    exposures INTEGER NOT NULL,
    clicks INTEGER NOT NULL,  -- since the first exposure
    PRIMARY KEY (experiment, user)
) WITHOUT ROWID
"""

_EXPOSED = """
INSERT INTO exposed VALUES (?, ?, ?, ?, ?, 0)
ON CONFLICT DO UPDATE SET exposures = exposures + excluded.exposures
"""


class Exposed(msgspec.Struct, frozen=True):
    """A user's part in an experiment."""

    experiment: str
    user: str
    variant: str
    first_at: float
    exposures: int
    clicks: int


def user_hash(experiment: Experiment, user_id: str) -> str:
    """What the log calls a user."""
    return hashlib.sha256(f"{experiment.salt or experiment.name}\0{user_id}".encode()).hexdigest()[:32]


def variant_of(experiment: Experiment, user_id: str) -> tuple[str, Variant]:
    """The variant that a user is in: always the same one, as long as salt and shares stay."""
    place = (
        int(user_hash(experiment, user_id)[:13], 16)
        / 16**13
        * sum(v.share for v in experiment.variants.values())
    )
    reached = 0.0
    for name, variant in experiment.variants.items():
        reached += variant.share
        if place < reached:
            return name, variant
    return name, variant


class ExposureLog:
    """Exposures and clicks of one experiment, gathered in memory and written by `flush`."""

    def __init__(self, directory: Path, experiment: Experiment) -> None:
        self._path = directory / DATABASE
        self._experiment = experiment
        self._lock = Lock()
        self._exposures: Counter[tuple[str, str]] = Counter()
        self._first: dict[str, float] = {}
        self._clicks: Counter[str] = Counter()

    def exposed(self, user_id: str, variant: str, at: float) -> None:
        """A user was shown recommendations."""
        user = user_hash(self._experiment, user_id)
        with self._lock:
            self._exposures[user, variant] += 1
            self._first.setdefault(user, at)

    def clicked(self, user_ids: Iterable[str]) -> None:
        """Users clicked, each as often as they are named. Clicks before the first exposure do not count."""
        users = [user_hash(self._experiment, user_id) for user_id in user_ids]
        with self._lock:
            self._clicks.update(users)

    def all(self) -> list[Exposed]:
        """Everybody's part in the experiment, as of now."""
        self.flush()
        return read_exposures(self._path, self._experiment.name)

    def flush(self) -> None:
        """Write what was gathered since."""
        with self._lock:
            exposures, first, clicks = self._exposures, self._first, self._clicks
            self._exposures, self._first, self._clicks = Counter(), {}, Counter()
        if not exposures and not clicks:
            return
        name = self._experiment.name
        with closing(sqlite3.connect(self._path)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(_TABLE)
            connection.executemany(
                _EXPOSED,
                [(name, user, variant, first[user], count) for (user, variant), count in exposures.items()],
            )
            connection.executemany(
                "UPDATE exposed SET clicks = clicks + ? WHERE experiment = ? AND user = ?",
                [(count, name, user) for user, count in clicks.items()],
            )

    def of_user(self, user_id: str) -> list[Exposed]:
        """What is logged of a user in this experiment."""
        self.flush()
        return read_exposures(self._path, self._experiment.name, user_hash(self._experiment, user_id))

    def forget(self, user_id: str) -> None:
        """Delete what is logged of a user in this experiment."""
        self.flush()
        if self._path.exists():
            with closing(sqlite3.connect(self._path)) as connection, connection:
                connection.execute(_TABLE)
                user = user_hash(self._experiment, user_id)
                connection.execute(
                    "DELETE FROM exposed WHERE experiment = ? AND user = ?", (self._experiment.name, user)
                )


def read_exposures(path: Path, experiment: str | None = None, user: str | None = None) -> list[Exposed]:
    """All that is logged, of one experiment or of all, of one user (as the log calls them) or of all."""
    if not path.exists():
        return []
    with closing(connect(path, read_only=True)) as connection:
        query = "SELECT * FROM exposed WHERE (? IS NULL OR experiment = ?) AND (? IS NULL OR user = ?)"
        rows = connection.execute(query, (experiment, experiment, user, user))
        return [Exposed(*row) for row in rows]
