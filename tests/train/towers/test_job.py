"""Training end to end: from clicks to a tower that answers; killed and run again; and what it is compared
with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from penchant import Click, Document, Engine
from penchant.errors import InvalidQuery, StateFull
from penchant.testing import HashingEmbedder
from penchant.towers.snapshot import Snapshot, lots_of

torch = pytest.importorskip("torch")

from penchant.train.sequences import Piece, after_every_place, held_out  # noqa: E402
from penchant.train.towers import fit as fitting  # noqa: E402
from penchant.train.towers.job import forget_training, made, recall_of  # noqa: E402
from penchant.train.towers.objectives import Sampler  # noqa: E402
from penchant.train.towers.plan import TOWERS, plan_of  # noqa: E402

SMALL = {"width": 16, "wide": 16, "epochs": 4, "batch": 16, "history": 8, "rate": 1e-2, "held_out": 0.2}


def chains(readers: int = 80) -> Engine:
    """Readers who go through one of four series in order, whose titles say nothing of the order."""
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(Document(f"s{n % 4}-{n // 4}", f"series{n % 4} letter{(n * 7) % 60}") for n in range(60))
    random = np.random.default_rng(0)
    log = []
    for reader in range(readers):
        start, series = int(random.integers(0, 5)), reader % 4
        log += [
            Click(f"u{reader}", f"s{series}-{start + step}", 1_700_000_000.0 + 100 * step + reader)
            for step in range(8)
        ]
    engine.observe(log, tell=False, teach=False)
    return engine


def weights_of(tower) -> dict[str, np.ndarray]:
    return dict(tower.weights)


@pytest.fixture(scope="module")
def engine():
    with chains() as engine:
        yield engine


@pytest.mark.parametrize("name", TOWERS)
def test_a_tower_tells_what_comes_next_and_answers_as_it_was_validated(engine, tmp_path, name):
    taken = engine.towers.snapshot(words=True)
    plan = TOWERS[name]
    small = {**SMALL, "epochs": 40, "patience": 15}
    if plan.examples != "every place":  # a pass is one example of each reader
        small |= {"epochs": 80, "patience": 40, "earliest": 1}
    if name == "learn-paper":
        small |= {"dimension": 8, "targets": 2}
    found = made(taken, plan_of(name, **small), tmp_path)
    trained = found.tower.shape.trained
    _, questions = held_out(taken, 0.2, 2_000)
    first = recall_of(found.tower, taken, questions, k=3)
    by_chance = 3 / 52
    assert first > 3 * by_chance
    # documents that only readers held out read are unknown to a tower by ids alone
    near = 0.2 if plan.inputs == "ids" else 0.07
    assert recall_of(found.tower, taken, questions) == pytest.approx(trained.recall, abs=near)
    assert (trained.readers, trained.documents, trained.held_out) == (80, 60, len(questions))
    assert found.better


def test_the_same_seed_trains_the_same_tower_and_another_another(engine, tmp_path):
    taken = engine.towers.snapshot()
    one, same, other = (
        made(taken, plan_of("learn", **SMALL, seed=seed), tmp_path / str(n)).tower
        for n, seed in enumerate((3, 3, 4))
    )
    assert all(np.array_equal(value, weights_of(same)[name]) for name, value in one.weights.items())
    assert not np.array_equal(one.weights["ids.weight"], other.weights["ids.weight"])


@pytest.mark.parametrize("name", ["learn", "eimf"])
def test_killed_after_any_epoch_it_goes_on_to_the_same_end(engine, tmp_path, monkeypatch, name):
    taken = engine.towers.snapshot(words=True)
    plan = plan_of(name, **SMALL)
    whole = made(taken, plan, tmp_path / "whole").tower
    real, after = fitting.recall_at, []

    def killing(*given: object, **more: object) -> float:
        after.append(1)
        if len(after) in (2, 4):
            raise KeyboardInterrupt
        return real(*given, **more)

    monkeypatch.setattr(fitting, "recall_at", killing)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            made(taken, plan, tmp_path / "cut")
    # clicks that come meanwhile do not change what the training is of
    with chains(readers=90) as later:
        resumed = made(later.towers.snapshot(words=True), plan, tmp_path / "cut").tower
    assert all(np.array_equal(value, whole.weights[name]) for name, value in resumed.weights.items())
    assert resumed.shape == whole.shape
    forget_training(tmp_path / "cut")
    assert not (tmp_path / "cut").exists()


def test_a_damaged_checkpoint_begins_anew(engine, tmp_path):
    taken, plan = engine.towers.snapshot(), plan_of("learn", **SMALL)
    whole = made(taken, plan, tmp_path).tower
    (tmp_path / fitting.CHECKPOINT).write_bytes(b"nonsense")
    again = made(taken, plan, tmp_path).tower
    assert all(np.array_equal(value, whole.weights[name]) for name, value in again.weights.items())


def test_a_damaged_snapshot_is_told(engine, tmp_path):
    (tmp_path / "snapshot.npz").write_bytes(b"nonsense")
    with pytest.raises(InvalidQuery, match=r"delete .* to begin anew"):
        made(engine.towers.snapshot(), plan_of("learn", **SMALL), tmp_path)


def test_a_full_disk_is_told_and_the_training_goes_on_when_there_is_room(engine, tmp_path, monkeypatch):
    taken, plan = engine.towers.snapshot(), plan_of("learn", **SMALL)
    whole = made(taken, plan, tmp_path / "whole").tower
    real, written = Path.replace, []

    def full(self: Path, target: Path) -> Path:
        written.append(target)
        if len(written) == 3:  # the snapshot, the first pass, and no more
            raise OSError(28, "No space left on device")
        return real(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(StateFull, match="make room, and the same command goes on"):
            made(taken, plan, tmp_path / "cut")
    resumed = made(taken, plan, tmp_path / "cut").tower
    assert all(np.array_equal(value, whole.weights[name]) for name, value in resumed.weights.items())


def test_a_state_without_readers_is_told_how_many_it_takes(tmp_path):
    with chains(readers=9) as few, pytest.raises(InvalidQuery, match=r"9 readers .* needs 50"):
        made(few.towers.snapshot(), plan_of("learn", **SMALL), tmp_path)


def test_no_time_for_one_step_is_told(engine, tmp_path):
    with pytest.raises(InvalidQuery, match="too few for one step"):
        made(engine.towers.snapshot(), plan_of("learn", **SMALL), tmp_path, seconds=0)


def test_a_tower_that_tells_readers_held_out_worse_than_the_one_before_is_not_better(engine, tmp_path):
    taken = engine.towers.snapshot()
    good = made(taken, plan_of("learn", **{**SMALL, "epochs": 12}), tmp_path / "good")
    poor = made(
        taken, plan_of("learn", **{**SMALL, "epochs": 1, "rate": 1e-6}), tmp_path / "poor", before=good.tower
    )
    assert good.better
    assert not poor.better
    assert poor.before == pytest.approx(good.tower.shape.trained.recall, abs=0.03)


def test_a_first_tower_has_to_tell_what_popularity_does(tmp_path):
    """Readers who read what all read."""
    random, chance = np.random.default_rng(0), 1 / np.arange(1, 101) ** 1.2
    read = [random.choice(100, 6, replace=False, p=chance / chance.sum()) for _ in range(80)]
    titles = [f"d{row}" for row in range(100)]
    embeddings = HashingEmbedder().encode(titles)
    taken = Snapshot("hashing", titles, embeddings, read, lots_of(map(str, range(80))), 0.0)
    found = made(taken, plan_of("sasrec", **{**SMALL, "epochs": 1, "rate": 1e-6}), tmp_path)
    learned, questions = held_out(taken, 0.2, 2_000)
    readers = Counter(row for piece in learned for row in piece.rows.tolist())
    order = sorted(range(len(taken.ids)), key=lambda row: (-readers[row], row))
    expected = []
    for known, asked in questions:
        first = [row for row in order if row not in known][:20]
        expected.append(len(set(first) & set(asked.tolist())) / len(asked))
    assert found.popular == pytest.approx(np.mean(expected))
    assert found.tower.shape.trained.recall < found.popular
    assert not found.better


def test_a_gpu_that_is_not_there_is_told(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InvalidQuery, match="finds no GPU"):
        made(engine.towers.snapshot(), plan_of("learn", **SMALL), tmp_path / "none", device="cuda")
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu_every_tower_learns_as_well(engine, tmp_path):
    taken = engine.towers.snapshot(words=True)
    for name in TOWERS:
        plan = plan_of(name, **{**SMALL, "epochs": 40, "patience": 15})
        recalls = [
            made(taken, plan, tmp_path / name / device, device=device).tower.shape.trained.recall
            for device in ("cpu", "cuda")
        ]
        assert recalls[1] == pytest.approx(recalls[0], abs=0.15), name


def test_what_is_kept_is_a_mean_of_the_weights_after_each_step(engine, tmp_path, monkeypatch):
    taken, seen = engine.towers.snapshot(), []
    real = fitting.cost

    def noting(network, *given):
        seen.append(network.backbone.norm.weight.detach().clone())
        return real(network, *given)

    monkeypatch.setattr(fitting, "cost", noting)
    small = {**SMALL, "epochs": 1}
    as_it_is = made(taken, plan_of("learn", **small, averaged=0.0), tmp_path / "last").tower
    seen.clear()
    tower = made(taken, plan_of("learn", **small), tmp_path / "mean").tower
    after = [*seen[1:], torch.from_numpy(as_it_is.weights["norm.weight"])]
    mean = after[0]
    for steps, now in enumerate(after[1:], 1):
        share = (1 + steps) / (10 + steps)  # of so few steps always less than the plan's
        mean = share * mean + (1 - share) * now
    assert np.allclose(tower.weights["norm.weight"], mean.numpy(), atol=1e-6)


def test_an_unknown_tower_is_told():
    with pytest.raises(InvalidQuery, match="unknown tower 'lerning': use learn, learn-paper, sasrec"):
        plan_of("lerning")


def test_documents_drawn_are_those_asked_for_and_a_sample():
    sampler = Sampler([Piece(reader, np.arange(50)) for reader in range(3)], 1_000, 100)
    asked = after_every_place([Piece(0, np.array([1, 2, 3])), Piece(1, np.array([900, 901]))], 1)
    rows, offsets = sampler.draw(asked, np.random.default_rng(0))
    assert np.isin([1, 2, 3, 900, 901], rows).all()
    assert 100 <= len(rows) <= 105
    assert (offsets >= 0).all()
    every, none = Sampler([Piece(0, np.arange(50))], 150, 100).draw(asked, np.random.default_rng(0))
    assert (len(every), float(none.abs().sum())) == (150, 0)
