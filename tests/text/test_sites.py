"""Names of sites at the end of titles: found where they say nothing, left where they do."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant import Click, Document, Engine, Settings
from penchant.testing import HashingEmbedder
from penchant.text.sites import Sites

NEWS = [
    "Why we left the cloud - CIO",
    "Printers are a risk - CIO",
    "Ten questions for your board - CIO",
    "Bancos digitais crescem | IDG Now!",
    "O futuro do trabalho | IDG Now!",
    "Carros elétricos chegam | IDG Now!",
    "What a CIO learns from failure",
]


def test_endings_that_stand_nowhere_else_are_sites():
    sites = Sites.of(NEWS)
    assert sites.names == ("CIO", "IDG Now!")
    assert sites.bare(NEWS[0]) == "Why we left the cloud"
    assert sites.bare(NEWS[6]) == NEWS[6]
    assert sites.bare("CIO") == "CIO"
    assert sites.bare(" - CIO") == " - CIO", "something has to be left"


def test_colours_sizes_and_rare_endings_say_something():
    shop = [f"{thing} - Red" for thing in ("Lipstick", "Nail polish", "Scarf")]
    shop += ["Red lipstick of the night", "Red scarf"]
    shop += [f"{thing} - 12 oz" for thing in ("Shampoo", "Lotion", "Rinse", "Soap")]
    shop += ["Towel - Egyptian", "Robe - Egyptian"]
    assert Sites.of(shop).names == ()


def test_a_site_and_its_publisher():
    titles = [f"{what} - Droid BR - Medium" for what in ("Lists", "Tests", "Colours")]
    titles += [f"{what} - Medium" for what in ("Chess", "Wine")]
    sites = Sites.of(titles)
    assert sites.names == ("Droid BR", "Medium")
    assert sites.bare("Lists - Droid BR - Medium") == "Lists"


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "-", "|", "c d", "1"]), max_size=7).map(" ".join), max_size=30
    )
)
def test_a_bare_title_is_the_beginning_of_the_title_and_bare(titles):
    sites = Sites.of(titles)
    for title in titles:
        bare = sites.bare(title)
        assert title.startswith(bare)
        assert sites.bare(bare) == bare
        assert bool(bare) == bool(title)


def test_what_ends_alike_does_not_merge_and_names_do_not_tell_it():
    engine = Engine(HashingEmbedder(256), index="exact", settings=Settings(threshold=0.3))
    documents = [Document(f"d{n}", title) for n, title in enumerate(NEWS)]
    engine.add(documents[:-1])
    engine.observe([Click("ana", f"d{n}", float(n)) for n in range(3)])
    assert len(engine.units("ana")) == 3
    assert not any("CIO" in (term, unit.name) for unit in engine.units("ana") for term, _ in unit.terms)
    assert engine.about is not None
    assert engine.about.sites == ("CIO", "IDG Now!")
