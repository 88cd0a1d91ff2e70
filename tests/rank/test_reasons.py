"""What a person is told is true: every claim is counted again in the click log, without the code that made it."""

from __future__ import annotations

from string import Formatter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant import Click, Document, Engine, InvalidQuery, Source
from penchant.rank.explanation import MARGIN
from penchant.rank.sentences import CLAIMS, LANGUAGES, Claim, sentence
from penchant.testing import HashingEmbedder
from penchant.text import key_terms

NOW = 1_700_000_000.0
HOUR, DAY = 3_600.0, 86_400.0
WORDS = "vector index cache rye bread oven trail shoes hills kernel socket parser".split()
CHANNELS = ("food", "code", "sport")
GONE_ON_FROM = 5


def community(seed: int, readers: int, documents: int) -> tuple[Engine, list[Click]]:
    """Documents of three weeks, readers who prefer a channel, some clicks twice."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(documents):
        words = random.choice(WORDS, 3, replace=False)
        made.append(
            Document(
                f"d{number}",
                f"{' '.join(words)} {number}",
                published_at=None if number % 9 == 0 else NOW - float(random.uniform(0, 21)) * DAY,
                attributes={"channel": CHANNELS[number % 3]} if number % 4 else {},
            )
        )
    clicks = []
    for reader in range(readers):
        liked = [n for n in range(documents) if n % 3 == reader % 3 or n % 5 == 0]
        for number in random.choice(liked, min(len(liked), int(random.integers(1, 9))), replace=True):
            clicks.append(Click(f"u{reader}", f"d{number}", NOW - float(random.uniform(0, 10)) * DAY))
    clicks.sort(key=lambda click: click.at)
    engine = Engine(HashingEmbedder(), index="exact")
    engine.add(made)
    engine.observe(clicks)
    return engine, clicks


def first_reads(clicks: list[Click]) -> dict[str, dict[str, float]]:
    """Reader -> document -> when it was read first, in the order of reading."""
    found: dict[str, dict[str, float]] = {}
    for click in clicks:
        found.setdefault(click.user_id, {}).setdefault(click.document_id, click.at)
    return found


def count_of(claim: str, facts: dict, user: str, document: Document, engine: Engine, reads: dict) -> object:
    """What a claim says, from the log alone."""
    own = reads.get(user, {})
    titled = {engine.document(name).title: name for name in {*own, document.id}}
    others = {name: read for name, read in reads.items() if name != user and document.id in read}
    match claim:
        case "interest":
            sizes = [unit.size for unit in engine.units(user) if unit.name == facts["name"]]
            assert sizes, "a reader is told of interests that there are"
            return {"size": facts["size"] if facts["size"] in sizes else sizes[0]}
        case "words":
            read = key_terms(facts["title"])
            assert titled[facts["title"]] in own
            every = [set(key_terms(engine.document(f"d{n}").title)) for n in range(len(engine))]
            having = {term: sum(term in each for each in every) for term in key_terms(document.title)}
            shared = sorted((term for term in having if term in read), key=having.__getitem__)
            telling = [term for term in shared if having[term] <= 0.05 * len(every)]
            return {"terms": (telling or shared)[:3]}
        case "attribute":
            latest = list(own)[-50:]
            values = [engine.document(name).attributes.get(facts["name"]) for name in latest]
            count = values.count(facts["value"])
            return {"value": document.attributes[facts["name"]], "count": count, "of": len(latest)}
        case "published now":
            assert 0 <= engine.latest_at - document.published_at < HOUR
            return {}
        case "published hours ago":
            return {"count": int((engine.latest_at - document.published_at) // HOUR)}
        case "published days ago":
            return {"count": int((engine.latest_at - document.published_at) // DAY)}
        case "read in the last day" | "read in the last week":
            longest = DAY if claim.endswith("day") else 7 * DAY
            return {"count": sum(engine.latest_at - read[document.id] < longest for read in others.values())}
        case "readers":
            return {"count": sum(document.id in read for read in reads.values())}
        case "readers of the same":
            assert titled[facts["title"]] in own
            return {"count": sum(titled[facts["title"]] in read for read in others.values())}
    raise AssertionError(f"nothing checks the claim {claim!r}")


@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.integers(8, 40))
@settings(max_examples=30, deadline=None)
def test_every_reason_is_true_and_its_evidence_speaks_for_the_document(seed, readers, documents):
    engine, clicks = community(seed, readers, documents)
    reads = first_reads(clicks)
    with engine:
        for user in (*sorted(reads)[:6], "stranger"):
            for found in engine.recommend(user, 8, explain="full"):
                assert len(found.reasons) <= 3
                weights = {each.kind: each.weight for each in found.evidence}
                for reason in found.reasons:
                    expected = count_of(reason.claim, reason.facts, user, found.document, engine, reads)
                    assert {name: reason.facts[name] for name in expected} == expected, reason
                    if user != "stranger":
                        assert reason.weight >= MARGIN
                        assert weights[reason.kind] == reason.weight
                told = [reason.weight for reason in found.reasons]
                assert told == sorted(told, reverse=True)
                if found.because is not None and user != "stranger":
                    assert weights["interest"] >= MARGIN


def test_the_claims_that_a_community_makes_are_many_kinds():
    """So that the test above is of more than one."""
    claims = set()
    for seed in range(6):
        with community(seed, 20, 30)[0] as engine:
            claims |= {
                reason.claim
                for user in (*(f"u{n}" for n in range(20)), "stranger")
                for found in engine.recommend(user, 8)
                for reason in found.reasons
            }
    assert claims >= {
        "interest", "words", "attribute", "readers of the same", "read in the last day", "published days ago",
    }  # fmt: skip


def test_what_is_old_is_not_called_new_and_nothing_is_said_of_nothing():
    with Engine(HashingEmbedder(), index="exact") as engine:
        engine.add([Document("old", "rye bread", NOW - 600 * DAY), Document("read", "oven", NOW - DAY)])
        engine.observe([Click("ana", "read", NOW)])
        read, old = engine.recommend("bo", 2)
        assert read.reasons[0].words == "published 24 hours ago"
        assert old.document.id == "old"
        assert old.reasons == ()


def test_a_source_is_a_reason():
    engine, _ = community(0, 10, 12)
    with engine:
        found = engine.recommend("u1", 1, sources=[Source("the editor", ["d11", "d10"], weight=50.0)])[0]
        assert found.reasons[0].words == "recommended by the editor"


def test_without_explanation_there_are_no_reasons():
    engine, _ = community(0, 10, 12)
    with engine:
        for user in ("u1", "stranger"):
            assert all(not found.reasons for found in engine.recommend(user, 5, explain=False))
        assert all(not found.evidence for found in engine.recommend("u1", 5))
        with pytest.raises(InvalidQuery, match="use True, False or 'full'"):
            engine.recommend("u1", explain="some")
        with pytest.raises(InvalidQuery, match="unknown language 'xx': use en, ko"):
            engine.recommend("u1", language="xx")


def test_every_claim_has_a_sentence_in_every_language_with_the_same_facts():
    for name, of in CLAIMS.items():
        assert set(of) == set(LANGUAGES), name
        fields = [
            {field for _, field, _, _ in Formatter().parse(said.many or said.one) if field}
            for said in of.values()
        ]
        assert all(each == fields[0] for each in fields), name


def test_one_and_many():
    said = [sentence(Claim("readers of the same", {"count": n, "title": "Rye"}), "en") for n in (1, 1200)]
    assert said == [
        "a reader of “Rye”, which you read, read it too",
        "1,200 readers of “Rye”, which you read, read it too",
    ]
    assert sentence(Claim("published days ago", {"count": 1}), "ko") == "하루 전에 발행되었습니다"
    assert sentence(Claim("own", {"words": "3 words"}), "en") == "3 words"
