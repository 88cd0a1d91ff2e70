"""Documents and clicks from git repositories: a change is a document with its subject line as title, clicked
by its author."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from penchant.checks import MAX_TITLE
from penchant.errors import NoRepository
from penchant.types import Click, Document

_FORMAT = "%H%x00%aE%x00%at%x00%s%x00"


def read_repositories(paths: Sequence[Path]) -> tuple[list[Document], list[Click]]:
    """All changes of the repositories, merges left out, the oldest first.

    The project (its folder's name) is the attribute ``project``; authors are known by their e-mail address as
    the repository's mailmap has it. A change without a subject is left out, and so is a time before 1970.
    """
    found: dict[str, tuple[Document, Click]] = {}
    for path in paths:
        for commit, author, time, subject in _log(path):
            title = subject.replace("\0", "").strip()[:MAX_TITLE]
            if title and author and int(time) >= 0:
                document = Document(
                    commit, title, published_at=float(time), attributes={"project": path.resolve().name}
                )
                found.setdefault(commit, (document, Click(author, commit, float(time))))
    ordered = sorted(found.values(), key=lambda pair: (pair[1].at, pair[0].id))
    return [document for document, _ in ordered], [click for _, click in ordered]


def _log(path: Path) -> list[tuple[str, str, str, str]]:
    command = ["git", "-C", str(path), "log", "--no-merges", "--use-mailmap", f"--format={_FORMAT}"]
    try:
        done = subprocess.run(command, capture_output=True, check=True)
    except FileNotFoundError as error:
        raise NoRepository("git is not installed") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip().splitlines()
        raise NoRepository(f"{path}: {reason[-1] if reason else 'git log failed'}") from error
    fields = done.stdout.decode(errors="replace").replace("\n", "").split("\0")[:-1]
    return [(fields[n], fields[n + 1], fields[n + 2], fields[n + 3]) for n in range(0, len(fields) - 3, 4)]
