"""Files as the owners of public data sets ship them, in miniature."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest

from penchant import Click, Document, InvalidQuery, InvalidRow
from penchant.data.public import ADAPTERS, read_public
from penchant.lab.datasets import Source, read_log


def write(folder: Path, files: dict[str, str], encoding: str = "utf-8") -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def test_mind(tmp_path):
    write(
        tmp_path,
        {
            "news.tsv": "N1\tsports\tsoccer\tA title\tabs\turl\t[]\t[]\nN2\tnews\tworld\tOther\t\t\t[]\t[]\n",
            "behaviors.tsv": "1\tU1\t11/15/2019 10:22:32 AM\tN1 N9\tN2-1 N1-0\n2\tU1\t11/15/2019 10:22:40 PM\tN1 N9\tN1-1\n",
        },
    )
    documents, clicks = read_public("mind", tmp_path)
    assert documents[0] == Document(
        "N1", "A title", attributes={"category": "sports", "subcategory": "soccer"}
    )
    assert clicks == [
        Click("U1", "N2", 1573813352.0),
        Click("U1", "N1", 1573856560.0),
        Click("U1", "N1", 1573813350.0),
    ]


def test_movielens_in_its_three_shapes(tmp_path):
    csv = write(
        tmp_path / "a",
        {
            "movies.csv": 'movieId,title,genres\n1,"Babe, the",x\n',
            "ratings.csv": "userId,movieId,rating,timestamp\n7,1,4.0,900\n",
        },
    )
    dat = write(tmp_path / "b", {"movies.dat": "1::Amélie::x\n", "ratings.dat": "7::1::4::900\n"}, "latin-1")
    old = write(tmp_path / "c", {"u.item": "1|Amélie|01-Jan-1995\n", "u.data": "7\t1\t4\t900\n"}, "latin-1")
    for folder, title in ((csv, "Babe, the"), (dat, "Amélie"), (old, "Amélie")):
        assert read_public("movielens", folder) == ([Document("1", title)], [Click("7", "1", 900.0)])


def test_amazon_of_three_years(tmp_path):
    review = json.dumps({"reviewerID": "A", "asin": "B1", "unixReviewTime": 1400000000})
    first = write(
        tmp_path / "2014",
        {
            "reviews_Beauty_5.json.gz": review,
            "meta_Beauty.json.gz": "{'asin': 'B1', 'title': \"A 'soap'\"}\n{'asin': 'B2'}\n",
        },
    )
    second = write(
        tmp_path / "2018",
        {"Beauty_5.json.gz": review, "meta_Beauty.json.gz": json.dumps({"asin": "B1", "title": "A 'soap'"})},
    )
    new = json.dumps({"user_id": "A", "parent_asin": "B1", "timestamp": 1400000000000})
    third = write(
        tmp_path / "2023",
        {"Beauty.jsonl": new, "meta_Beauty.jsonl": json.dumps({"parent_asin": "B1", "title": "A 'soap'"})},
    )
    for year, folder in ((2014, first), (2018, second), (2023, third)):
        assert read_public(f"amazon-{year}", folder) == (
            [Document("B1", "A 'soap'")],
            [Click("A", "B1", 1400000000.0)],
        )


def test_ebnerd(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "train").mkdir()
    day = datetime(2023, 5, 1, 12)
    tables = {
        "articles.parquet": {"article_id": [1, 2], "title": ["Nyt", ""], "published_time": [day, day]},
        "train/history.parquet": {
            "user_id": [9],
            "article_id_fixed": [[1, 2]],
            "impression_time_fixed": [[day, day]],
        },
        "train/behaviors.parquet": {"user_id": [9], "impression_time": [day], "article_ids_clicked": [[1]]},
    }
    for name, columns in tables.items():
        parquet.write_table(pyarrow.table(columns), tmp_path / name)
    documents, clicks = read_public("ebnerd", tmp_path)
    assert documents == [Document("1", "Nyt", 1682942400.0)]
    assert clicks == [Click("9", "1", 1682942400.0)] * 2


def test_deskdrop_as_on_kaggle(tmp_path):
    write(
        tmp_path,
        {
            "shared_articles.csv": "timestamp,eventType,contentId,title,lang\n5,CONTENT SHARED,1,Um,pt\n6,CONTENT REMOVED,1,Um,pt\n",
            "users_interactions.csv": "timestamp,eventType,contentId,personId\n7,VIEW,1,-3\n8,VIEW,2,-3\n",
        },
    )
    found = read_public("deskdrop-kaggle", tmp_path)
    assert found == ([Document("1", "Um", 5.0, attributes={"lang": "pt"})], [Click("-3", "1", 7.0, "VIEW")])


@pytest.mark.parametrize("name", ADAPTERS)
def test_what_is_missing_says_where_to_get_it(name, tmp_path):
    with pytest.raises(InvalidQuery, match=r"holds no .*: get .* from https://"):
        read_public(name, tmp_path)


def test_a_file_of_another_shape_is_named(tmp_path):
    write(tmp_path, {"movies.csv": "id,name\n1,x\n", "ratings.csv": "a\n1\n"})
    with pytest.raises(InvalidRow, match="is not movielens as its owner ships it: KeyError"):
        read_public("movielens", tmp_path)


def test_a_source_is_a_folder_two_files_or_a_public_set(tmp_path):
    folder = write(
        tmp_path / "mine",
        {"documents.csv": "id,title\na,bread\n", "clicks.csv": "user_id,document_id,at\nu,a,1600000000\n"},
    )
    log, _ = read_log(Source(str(folder)))
    assert (log.name, log.titles) == ("mine", ["bread"])
    same, _ = read_log(Source(documents=folder / "documents.csv", clicks=folder / "clicks.csv"))
    assert same.name == "mine"
    public = write(
        tmp_path / "ml",
        {
            "movies.csv": "movieId,title\n1,x\n",
            "ratings.csv": "userId,movieId,rating,timestamp\n7,1,4.0,900000000\n",
        },
    )
    assert read_log(Source(f"movielens:{public}"))[0].titles == ["x"]


def test_a_source_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InvalidQuery, match="say what to evaluate on"):
        read_log(Source())
    with pytest.raises(InvalidQuery, match="set PENCHANT_DATA"):
        read_log(Source("beauty", home=tmp_path))
    with pytest.raises(InvalidQuery, match="there is no such folder; presets are"):
        read_log(Source("beuaty"))
    with pytest.raises(InvalidQuery, match="holds 0 files named documents"):
        read_log(Source(str(tmp_path)))
