"""Judgements from a file: TREC qrels, or rows of query and document in any format that penchant reads."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

from penchant.data.files import rows_of
from penchant.errors import InvalidQuery
from penchant.train.align.examples import AlignQuery, Candidate, Judgement

FILE = "file"


def read_queries(path: Path) -> list[AlignQuery]:
    """Rows with ``query_id`` (or ``id``) and ``query`` (or ``text``).

    Raises:
        InvalidQuery: a column is missing, or there is no query.
    """
    queries = [
        AlignQuery(_of(row, path, "query_id", "id"), _of(row, path, "query", "text", "claim"))
        for row in rows_of(path)
    ]
    if not queries:
        raise InvalidQuery(f"{path} holds no query")
    return queries


def read_judgements(path: Path) -> list[Judgement]:
    """TREC qrels (``query 0 document relevance``), or rows with ``query_id``, ``document_id`` and perhaps
    ``relevance``.

    Without a relevance, what is listed is relevant.
    """
    if ".qrel" in path.name:
        return _qrels(path)
    return [
        Judgement(_of(row, path, "query_id"), _of(row, path, "document_id"), _relevance(row) > 0, FILE)
        for row in rows_of(path)
    ]


def _relevance(row: Mapping[str, object]) -> float:
    said = row.get("relevance", row.get("relevant"))
    return 1.0 if said in (None, "") else float(str(said))


def judged(candidates: Sequence[Candidate], judgements: Sequence[Judgement]) -> list[Judgement]:
    """Of every candidate whether it is relevant: what the file does not list is not, as is usual for test
    collections."""
    said = {(each.query_id, each.document_id): each.relevant for each in judgements}
    queries = {each.query_id for each in judgements}
    return [
        Judgement(each.query_id, each.document_id, said.get((each.query_id, each.document_id), False), FILE)
        for each in candidates
        if each.query_id in queries
    ]


def with_judged(
    candidates: Sequence[Candidate], judgements: Sequence[Judgement], titles: Mapping[str, str]
) -> list[Candidate]:
    """The candidates, and the relevant documents that no retriever found."""
    have = {(each.query_id, each.document_id) for each in candidates}
    queries = {each.query_id for each in candidates}
    missed = [
        Candidate(each.query_id, each.document_id, titles[each.document_id], (FILE,))
        for each in judgements
        if each.relevant
        and each.query_id in queries
        and each.document_id in titles
        and (each.query_id, each.document_id) not in have
    ]
    return [*candidates, *missed]


def _qrels(path: Path) -> list[Judgement]:
    found = []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as lines:
        for number, line in enumerate(lines, 1):
            parts = line.split()
            if parts and len(parts) != 4:
                raise InvalidQuery(
                    f"{path}, line {number}: qrels have four parts, query 0 document relevance; not "
                    f"{len(parts)}"
                )
            if parts:
                found.append(Judgement(parts[0], parts[2], float(parts[3]) > 0, FILE))
    return found


def _of(row: Mapping[str, object], path: Path, *names: str) -> str:
    for name in names:
        if row.get(name) not in (None, ""):
            return str(row[name])
    raise InvalidQuery(f"{path}: a row has no {' or '.join(names)}; its columns are {', '.join(row)}")
