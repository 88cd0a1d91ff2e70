"""Files: kinds, columns, and what is wrong with a row."""

from __future__ import annotations

import gzip
import json

import pytest

from penchant import Click, Document, InputError, InvalidQuery, InvalidRow
from penchant.data.files import Problems, fingerprint, read_clicks, read_documents, write_rows

DOCUMENTS = [
    Document("d1", "Fast, cosine search", published_at=10.0, attributes={"channel": "db", "price": 5.0}),
    Document("d2", 'The "best" bread', attributes={"channel": "food", "price": 7.5}),
]


def documents_of(path, columns=None, on_error="stop"):
    problems = Problems(on_error)
    return list(read_documents(path, columns or {}, problems)), problems


def clicks_of(path, columns=None, on_error="stop", known=lambda _: True):
    problems = Problems(on_error)
    return list(read_clicks(path, columns or {}, problems, known)), problems


CSV = 'document_id,title,published_at,channel,price\nd1,"Fast, cosine search",10,db,5\nd2,"The ""best"" bread",,food,7.5\n'
TSV = 'document_id\ttitle\tpublished_at\tchannel\tprice\nd1\tFast, cosine search\t10\tdb\t5\nd2\tThe "best" bread\t\tfood\t7.5\n'
JSONL = "\n".join(
    json.dumps(row)
    for row in (
        {"id": "d1", "title": "Fast, cosine search", "published_at": 10, "channel": "db", "price": 5},
        {"id": "d2", "title": 'The "best" bread', "attributes": {"channel": "food", "price": 7.5}},
    )
)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.csv", CSV),
        ("d.csv", "\ufeff" + CSV),
        ("d.tsv", TSV),
        ("d.tsv", "\ufeff" + TSV),
        ("d.jsonl", JSONL),
        ("d.ndjson", JSONL + "\n\n"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_every_kind_of_file_gives_the_same_documents(tmp_path, name, content, zipped):
    path = tmp_path / (name + (".gz" if zipped else ""))
    data = content.encode()
    path.write_bytes(gzip.compress(data) if zipped else data)
    assert documents_of(path)[0] == DOCUMENTS


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [{"document_id": "d1", "title": "Fast, cosine search", "published_at": 10.0, "channel": "db", "price": 5.0},
            {"document_id": "d2", "title": 'The "best" bread', "published_at": None, "channel": "food", "price": 7.5}]  # fmt: skip
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "d.parquet")
    assert documents_of(tmp_path / "d.parquet")[0] == DOCUMENTS
    (tmp_path / "d.parquet.gz").write_bytes(gzip.compress((tmp_path / "d.parquet").read_bytes()))
    assert documents_of(tmp_path / "d.parquet.gz")[0] == DOCUMENTS
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InvalidRow, match="damaged"):
        documents_of(tmp_path / "bad.parquet")


def test_what_is_written_can_be_read(tmp_path):
    write_rows(tmp_path / "new" / "d.jsonl", DOCUMENTS)
    assert documents_of(tmp_path / "new" / "d.jsonl")[0] == DOCUMENTS
    clicks = [Click("ana", "d1", 1.0, "view", "c1"), Click("bob", "d2", 2.5)]
    write_rows(tmp_path / "c.jsonl", clicks)
    assert clicks_of(tmp_path / "c.jsonl")[0] == clicks


def test_columns_are_found_and_mapped(tmp_path):
    (tmp_path / "c.csv").write_text(
        "who,document_id,clicked_at,kind\nana,d1,5,VIEW\nbob,d1,2024-01-31T12:00:00,\n"
    )
    clicks, _ = clicks_of(tmp_path / "c.csv", {"user_id": "who"})
    assert clicks == [Click("ana", "d1", 5.0, "VIEW"), Click("bob", "d1", 1706702400.0)]


def test_position_takes_the_place_of_time(tmp_path):
    (tmp_path / "c.tsv").write_text("user_id\tdocument_id\tposition\nana\td1\t0\nana\td2\t1\n")
    assert [click.at for click in clicks_of(tmp_path / "c.tsv")[0]] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("d.csv", b"", "holds no rows"),
        ("d.csv", b"document_id,title\n", "holds no rows"),
        ("d.jsonl", b"\n", "holds no rows"),
        (
            "d.csv",
            b"document_id,headline\nd1,x\n",
            r"no column 'title' for 'title' \(there are 'document_id', 'headline'\)",
        ),
        ("d.csv", b"document_id,title\nd1,a\nd2\n", "d.csv, line 3: 1 fields, the header has 2"),
        ("d.csv", b"document_id,title\nd1,\n", "line 2: title of document 'd1' is empty"),
        ("d.tsv", b"document_id\ttitle\nd1\ta\x00b\n", "line 2: .*NUL"),
        ("d.tsv", b"document_id\ttitle\nd1\ta\xff\n", "line 2: .*lone surrogate"),
        ("d.jsonl", b'{"id": "d1", "title": "x"}\n{"id": \n', "line 2: not a JSON object"),
        ("d.jsonl", b"[1]\n", "line 1: not a JSON object"),
        ("d.jsonl", b'{"id": "d1", "title": "\\ud800"}\n', "line 1"),
        (
            "d.csv",
            b"document_id,title,published_at\nd1,x,last week\n",
            "published_at is 'last week': use Unix seconds",
        ),
        ("d.csv", b"document_id,title,published_at\nd1,x,1700000000000\n", "milliseconds"),
        ("d.csv", b"document_id,title,hidden\nd1,x,maybe\n", "hidden is 'maybe'"),
        ("d.csv", b"document_id,title\nd1," + b"x" * 1_000_000 + b"\n", "line 2: .*1,000,000 characters"),
        ("d.csv.gz", b"not gzip", "Not a gzipped file"),
        ("d.csv.gz", gzip.compress(CSV.encode(), mtime=0)[:-20], "damaged"),
        ("d.xls", b"x", "unknown kind of file '.xls'"),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidRow, match=message):
        documents_of(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InvalidRow, match="No such file"):
        documents_of(tmp_path / "d.csv")


def test_bad_rows_can_be_skipped_and_are_counted(tmp_path):
    rows = [
        "user_id,document_id,at",
        "ana,d1,1",
        "ana,zz,2",
        "ana,d1,nan",
        "ana,d1,-3",
        ",d1,4",
        "ana,d1,1700000000000",
        "bob,d1,5",
        "x",
    ]
    (tmp_path / "c.csv").write_text("\n".join(rows))
    clicks, problems = clicks_of(tmp_path / "c.csv", on_error="skip", known=lambda name: name == "d1")
    assert clicks == [Click("ana", "d1", 1.0), Click("bob", "d1", 5.0)]
    assert problems.count == 6
    assert "line 3: user 'ana' clicked the unknown document 'zz'" in problems.examples[0]
    assert [
        f"line {n}" in example for n, example in zip((3, 4, 5, 6, 7, 9), problems.examples, strict=True)
    ] == [True] * 6


def test_a_missing_column_is_never_skipped(tmp_path):
    (tmp_path / "c.csv").write_text("user,at\nana,1\n")
    with pytest.raises(InputError, match="no column 'document_id'"):
        clicks_of(tmp_path / "c.csv", on_error="skip")
    with pytest.raises(InputError, match="no column 'nothing'"):
        clicks_of(tmp_path / "c.csv", {"document_id": "nothing"})
    with pytest.raises(InvalidQuery, match="'headline' is no field of this file: use one of user_id"):
        clicks_of(tmp_path / "c.csv", {"headline": "x"})


def test_a_file_is_told_from_its_successor(tmp_path):
    (tmp_path / "c").write_text("a")
    before = fingerprint(tmp_path / "c")
    (tmp_path / "c").write_text("b")
    assert fingerprint(tmp_path / "c") != before
