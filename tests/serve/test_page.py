"""The page in a real browser: every view, a "what if", the slider, hostile titles, two languages, accessibility."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant import Document, Engine
from penchant.cli.demo import built_community

playwright = pytest.importorskip("playwright.sync_api")
from axe_playwright_python.sync_playwright import Axe  # noqa: E402

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
PICTURE = Path(__file__).parents[2] / "docs" / "page.png"
HOSTILE = {
    "script": "<script>document.title='broken'</script><img src=x onerror=alert(1)> fast search",
    "rtl": "بحث سريع عن المتجهات في قاعدة البيانات \u202eevil\u202c",
    "long": "supercalifragilistic" * 500,
    "korean": "벡터 데이터베이스에서 빠른 검색",
}

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: apt-get install chromium"),
    pytest.mark.filterwarnings("ignore"),  # playwright's own event loop
]


@pytest.fixture(scope="module")
def browser() -> Iterator:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def community(tmp_path_factory) -> Iterator[str]:
    """The demo's community with hostile documents, served by a real process; its address."""
    from .conftest import Process

    state = tmp_path_factory.mktemp("page") / "state"
    engine, _ = built_community(state, 0)
    with engine:
        engine.add([Document(name, title) for name, title in HOSTILE.items()])
    service = Process(state)
    for at, name in enumerate(HOSTILE):
        service.http.post(
            "/clicks", json={"user_id": "<b>ümit/한</b>", "document_id": name, "at": 1.74e9 + at}
        ).raise_for_status()
    yield service.url
    service.stop()


@pytest.fixture
def page(browser, community) -> Iterator:
    context = browser.new_context(
        viewport={"width": 1280, "height": 960}, locale="en-GB", reduced_motion="reduce"
    )
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on(
        "request",
        lambda request: troubles.append(request.url) if not request.url.startswith(community) else None,
    )
    yield page
    context.close()
    assert troubles == [], "an error on the page, or a request to somewhere else"


def show(page, community: str, address: str, ready: str) -> None:
    page.goto(f"{community}/#{address}")
    page.wait_for_selector(ready)


def cards(page) -> list[str]:
    return page.locator(".card h3").all_inner_texts()


READER = "/users/reader-285"


def test_home_counts_and_finds(page, community):
    show(page, community, "/", "dd")
    assert page.locator("dd").first.inner_text() == "1,284"
    assert page.locator("text=reader-000").count() == 1
    for heading in ("Read of late", "New", "What readers care about of late", "Latest changes"):
        page.wait_for_selector(f"section:has(h2:text-is('{heading}')) li")
    page.fill("section:has(h2:text-is('Readers')) input", "der-28")
    playwright.expect(page.locator(".chips a")).to_have_count(10)
    assert page.locator(".chips a").first.inner_text() == "reader-280"
    page.fill("#query", "pension")
    page.press("#query", "Enter")
    page.wait_for_selector("h1:has-text('pension')")
    assert "finance" in page.locator(".list").inner_text().lower()
    page.locator(".list a").first.click()
    page.wait_for_selector("text=What its readers care about")


def test_new_clicks_appear_by_themselves(page, community):
    import httpx

    show(page, community, "/", "dd")
    httpx.post(
        f"{community}/clicks", json={"user_id": "just-now", "document_id": "d0001", "at": 1.74e9}
    ).raise_for_status()
    page.wait_for_selector("text=just-now", timeout=10_000)


def test_a_reader_has_cards_a_river_and_reasons(page, community):
    show(page, community, READER, ".card")
    page.wait_for_selector("svg path.band")
    assert len(cards(page)) >= 5
    bands = int(page.locator("svg[data-bands]").get_attribute("data-bands"))
    assert bands >= len(cards(page))
    assert page.locator("svg path.merge").count() >= 1, "interests merged in these weeks"
    assert page.locator(".because").count() >= 8, "what no sentence speaks for has none"
    assert page.locator(".because li").count() <= 36
    assert page.locator(".evidence").count() == 12
    page.locator(".weighed summary").first.click()
    assert page.locator(".evidence td").first.inner_text().strip().lstrip("+−").replace(".", "").isdigit()
    assert page.locator(".chance").count() == 12
    sizes = page.locator(".card .terms span").evaluate_all(
        "spans => spans.map(s => parseFloat(getComputedStyle(s).fontSize))"
    )
    assert max(sizes) > min(sizes), "terms are sized by their count"
    page.locator(".card summary").first.click()
    page.wait_for_selector(".card details li a")
    if folder := os.environ.get("PENCHANT_PICTURES"):
        page.locator(".card summary").first.click()
        page.locator(".weighed summary").first.click()
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=f"{folder}/{PICTURE.name}")


def test_one_late_click_does_not_squeeze_all_that_was_before(page, community):
    import httpx

    show(page, community, "/users/reader-001", "svg path.band")
    widths = "paths => paths.map(path => path.getBBox().width)"
    before = max(page.locator("svg path.band").evaluate_all(widths))
    click = {"user_id": "reader-001", "document_id": "d0003", "at": 1.9e9}
    httpx.post(f"{community}/clicks", json=click).raise_for_status()
    page.reload()
    page.wait_for_selector("svg path.band")
    page.wait_for_selector("svg .axis:has-text('2030')")
    after = max(page.locator("svg path.band").evaluate_all(widths))
    assert after > 0.7 * before


def test_the_slider_replays_the_history(page, community):
    show(page, community, READER, "#time")
    now = cards(page)
    slider = page.locator("#time")
    slider.fill("0")
    assert len(cards(page)) == 1
    assert "click 1 of 79" in page.locator("output[for=time]").inner_text()
    slider.fill("20")
    middle = cards(page)
    assert len(middle) > 1
    assert middle != now
    slider.fill("78")
    assert cards(page) == now
    page.keyboard.press("Tab")
    page.locator("#time").focus()
    page.keyboard.press("ArrowLeft")
    assert "click 78 of 79" in page.locator("output[for=time]").inner_text()
    page.get_by_text("Every click, in words").click()
    page.wait_for_selector("details li >> nth=78")


def test_a_slider_shares_the_places_between_everybody_and_the_reader(page, community):
    show(page, community, READER, ".because")
    titles = page.locator(".row a")
    as_set = titles.all_inner_texts()
    slider = page.locator("#personal")
    assert slider.input_value() == "0.3", "what the state is set to"
    for share, own in ((1, 12), (0.5, 6), (0, 0)):
        with page.expect_response(lambda response: "personal=" in response.url):
            slider.fill(str(share))
        playwright.expect(page.locator(".own")).to_have_count(own)
        assert f"{share:.0%}".rstrip("%") in page.locator("output[for=personal]").inner_text()
        assert len(titles.all_inner_texts()) == 12
    assert titles.all_inner_texts() != as_set


def test_what_if_changes_what_is_seen_and_nothing_else(page, community):
    import httpx

    before = httpx.get(f"{community}{READER}/export").json()
    show(page, community, READER, ".what-if")
    looks = page.locator(".card").all_inner_texts
    cards_before, shown = (
        looks(),
        page.locator("[data-document]").evaluate_all("all => all.map(one => one.dataset.document)"),
    )
    first = page.locator("[data-document]").first
    title = first.locator("a").inner_text()
    first.locator(".what-if").click()
    page.wait_for_selector(".banner")
    assert page.locator(".card.changed").count() == 1
    assert title in page.locator(".card.changed").inner_text(), (
        "the clicked title is the interest's title now"
    )
    assert looks() != cards_before
    after = page.locator("[data-document]").evaluate_all("all => all.map(one => one.dataset.document)")
    assert shown[0] not in after, "what was clicked is not shown again"
    marked = page.locator("[data-document]:has(.came)").evaluate_all(
        "all => all.map(one => one.dataset.document)"
    )
    came = [each for each in after if each not in shown]
    risen = [each for each in after if each in shown and shown.index(each) > after.index(each)]
    assert marked == [each for each in after if each in {*came, *risen}]
    assert marked
    page.locator(".what-if").nth(1).click()
    page.wait_for_selector("text=2 clicks")
    page.click("#back")
    page.wait_for_selector(".banner", state="detached")
    page.wait_for_selector(".card.changed", state="detached")
    assert looks() == cards_before
    assert httpx.get(f"{community}{READER}/export").json() == before


def test_what_was_imagined_and_set_is_in_the_address_and_back_takes_it_back(page, community):
    show(page, community, READER, ".what-if")
    shown = page.locator("[data-document]").evaluate_all("all => all.map(one => one.dataset.document)")
    page.locator(".what-if").first.click()
    page.wait_for_selector(".banner")
    assert page.url.endswith(f"?if={shown[0]}")
    imagined = page.locator("[data-document]").evaluate_all("all => all.map(one => one.dataset.document)")
    page.reload()
    page.wait_for_selector(".banner button")
    again = page.locator("[data-document]").evaluate_all("all => all.map(one => one.dataset.document)")
    assert again == imagined, "a link shows what was seen"
    page.go_back()
    page.wait_for_selector(".banner", state="detached")
    page.wait_for_selector("main:not([aria-busy])")
    assert page.url.endswith(READER)
    page.locator(".trying summary").click()
    page.fill("input[name=k]", "5")
    page.fill("input[name=where]", "language=ko")
    page.locator("input[name=where]").blur()
    playwright.expect(page.locator("[data-document]")).to_have_count(5)
    assert "k=5" in page.url
    assert "where=language%3Dko" in page.url
    assert "k=5" in page.locator("pre.curl").inner_text()
    assert 'where=["language=ko"]' in page.locator("pre.python").inner_text()
    page.reload()
    playwright.expect(page.locator("[data-document]")).to_have_count(5)


def test_what_a_program_would_ask_for_gives_what_is_seen(page, community):
    import httpx

    show(page, community, f"{READER}?diversity=0.5", "[data-document]")
    address = re.search(r"'(.*)'", page.locator("pre.curl").text_content())
    assert address
    found = [each["document"]["id"] for each in httpx.get(address.group(1)).json()["recommendations"]]
    assert found == page.locator("[data-document]").evaluate_all(
        "all => all.map(one => one.dataset.document)"
    )
    code = (
        page.locator("pre.python")
        .text_content()
        .replace("    client.recommend", "    found = client.recommend")
    )
    names: dict = {}
    exec(code, names)  # what a person would paste
    assert [each["document"]["id"] for each in names["found"]] == found


def test_two_readers_or_two_settings_side_by_side(page, community):
    show(page, community, "/compare", "form.sides")
    page.fill("input[name=left-reader]", "reader-285")
    page.fill("input[name=right-reader]", "reader-000")
    page.click("form.sides button")
    page.wait_for_selector(".two section >> nth=1")
    assert page.locator(".two h2").all_inner_texts() == ["reader-285", "reader-000"]
    show(page, community, "/compare?left-reader=reader-285&right-reader=reader-285", ".two section >> nth=1")
    page.wait_for_selector("text=12 documents are in both lists")
    assert page.locator(".two .own").count() == 24


def test_an_experiment_is_told_with_its_report(page, community):
    show(page, community, "/experiments", "text=No experiment runs")
    report = {
        "reports": [
            {
                "experiment": "scorers",
                "mismatch_p": 1e-6,
                "variants": [
                    {"variant": "blend", "users": 900, "clicks": 1800, "clicks_per_user": 2.0, "exposures_per_user": 3.0},
                    {"variant": "paper", "users": 500, "clicks": 800, "clicks_per_user": 1.6, "exposures_per_user": 3.0,
                     "lift": -0.2, "difference": -0.4, "interval": [-0.6, -0.2], "p": 0.0004, "sequential": [-0.7, -0.1]},
                ],
            }
        ]
    }  # fmt: skip
    page.route("**/experiments", lambda route: route.fulfill(json=report))
    page.reload()
    page.wait_for_selector("table.plain")
    assert page.locator("tbody tr").nth(1).inner_text().split("\t") == [
        "paper", "500", "1.6", "-20 %", "-0.6 to -0.2", "0.00040", "-0.7 to -0.1",
    ]  # fmt: skip
    assert "do not trust these numbers" in page.locator(".banner").inner_text()


def test_why_a_document_is_shown_to_a_reader_or_not(page, community):
    show(page, community, READER, "[data-document]")
    shown = page.locator("[data-document]").first.get_attribute("data-document")
    show(page, community, f"/documents/{shown}?why=reader-285", ".why")
    page.wait_for_selector(".evidence tr")
    assert re.search(r"Place \d+ of \d+ candidates", page.locator("main").inner_text())
    page.fill("form.why input", "script")
    show(page, community, "/documents/script", ".why")
    page.fill("form.why input", "<b>ümit/한</b>")
    page.click("form.why button")
    page.wait_for_selector("text=this reader read it")


def test_any_document_can_be_imagined(page, community):
    show(page, community, READER, ".what-if")
    form = page.locator("form.row")
    form.locator("input").fill("sourdough")
    form.locator("button").click()
    page.wait_for_selector("section:has(form.row) .what-if")
    page.locator("section:has(form.row) .what-if").first.click()
    page.wait_for_selector(".banner li")


def test_a_document_tells_of_its_readers(page, community):
    show(page, community, "/documents/d0100", "h1")
    page.wait_for_selector("text=Similar documents")
    assert re.search(r"\d+ of 30\d readers", page.locator("main").inner_text())
    assert page.locator(".terms span").count() >= 1
    assert page.locator(".list a").count() == 12


def test_an_address_that_is_none_is_said_to_be_none(page, community):
    for address in ("/users/%", "/nothing/here"):
        show(page, community, address, "#status:has-text('There is no such page')")


def test_a_reader_asks_for_more_and_less_and_takes_it_back(page, community):
    reader = "/users/nobody%20yet"
    show(page, community, reader, "form.wish")
    page.fill("form.wish input", "sourdough bread")
    page.click("form.wish button[value=more]")
    page.wait_for_selector(".because:has-text('you asked for more about “sourdough bread”')")
    assert page.locator(".chips li.more").inner_text().startswith("more about sourdough bread")
    page.click("button[aria-label='Take back: sourdough bread']")
    page.wait_for_selector("text=Nothing yet.")
    assert page.locator(".because:has-text('you asked for')").count() == 0
    show(page, community, READER, ".steer")
    name = cards(page)[0]
    page.locator(".steer button").nth(1).click()
    page.wait_for_selector(".chips li.less")
    assert name in page.locator(".chips li.less").inner_text()
    page.locator(".chips li.less button").click()
    page.wait_for_selector("text=Nothing yet.")


def test_the_map_shows_what_the_community_cares_about(page, community):
    show(page, community, "/map", "svg circle")
    assert page.locator("svg circle").count() > 500
    assert page.locator("svg text").count() >= 8
    assert "reader-" not in page.locator("main").inner_text()


def test_hostile_titles_are_text_and_break_nothing(page, community):
    show(page, community, "/users/%3Cb%3E%C3%BCmit%2F%ED%95%9C%3C%2Fb%3E", ".card")
    page.wait_for_selector("#time")
    assert page.locator("h1").inner_text() == "<b>ümit/한</b>"
    assert page.locator("h1 b").count() == 0
    for summary in page.locator(".card summary").all():
        summary.click()
    page.wait_for_selector("text=onerror=alert(1)")
    assert HOSTILE["script"] in page.locator(".card li").all_inner_texts()
    assert page.locator("main script, main img").count() == 0
    assert page.title() != "broken"
    assert page.locator(f"bdi:has-text('{HOSTILE['korean']}')").count() >= 1
    assert page.locator("bdi[dir=auto]").count() > 5
    for address in ("/documents/long", "/documents/script", "/documents/rtl"):
        show(page, community, address, "section.panel")
        width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], f"{address} is wider than the window"


@pytest.mark.parametrize(
    "address",
    ["/", READER, "/documents/d0100?why=reader-285", "/map", "/search/bread", "/users/nobody", "/compare"],
)
def test_it_is_readable_on_a_phone(page, community, address):
    page.set_viewport_size({"width": 360, "height": 740})
    show(page, community, address, "h1")
    page.wait_for_selector("main:not([aria-busy])")
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    cut = "[...document.querySelectorAll('button')].filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
    assert page.evaluate(cut) == [], "what a button says is cut"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "address",
    [
        "/",
        READER,
        "/documents/d0100?why=reader-285",
        "/map",
        "/search/reader-1",
        "/compare?left-reader=reader-285&right-reader=reader-000",
        "/experiments",
    ],
)
def test_axe_finds_no_serious_fault(page, community, address, scheme):
    page.emulate_media(color_scheme=scheme)
    show(page, community, address, "h1")
    page.wait_for_selector("main:not([aria-busy])")
    if address == READER:
        page.locator(".what-if").first.click()
        page.wait_for_selector(".banner")
    found = Axe().run(page).response["violations"]
    serious = [
        (fault["id"], fault["nodes"][0]["html"][:200])
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_it_speaks_korean(page, community):
    show(page, community, READER, ".card")
    page.select_option("#language", "ko")
    page.wait_for_selector("text=다음에 보여줄 것")
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.reload()
    page.wait_for_selector("text=시간에 따른 관심사")
    page.select_option("#language", "en")


def test_both_languages_say_everything(page, community):
    show(page, community, "/", "dd")
    words = (Path(__file__).parents[2] / "src/penchant/serve/page/words.js").read_text()
    english, korean = (
        set(re.findall(r"(\w+): \"", part)) for part in words.split("};\n\nconst KEY")[0].split("ko: {", 1)
    )
    assert english == korean
    used = {
        key
        for path in Path("src/penchant/serve/page").glob("*.js")
        for key in re.findall(r"say\(\"(\w+)\"", path.read_text())
    }
    assert used <= english


def test_a_token_is_asked_for_and_stays_in_the_tab(browser, tmp_path):
    from .conftest import Process

    secret = "a secret of some length"
    service = Process(tmp_path / "state", PENCHANT_TOKEN_ADMIN=secret)
    context = browser.new_context()
    page = context.new_page()
    page.goto(service.url)
    page.fill("#token", secret)
    page.click("form button:has-text('Use it')")
    page.wait_for_selector("dd")
    assert secret not in page.evaluate("JSON.stringify(localStorage) + document.cookie")
    context.close()
    service.stop()


def test_an_address_that_means_nothing_is_told(page, community):
    page.goto(f"{community}/#/nowhere")
    page.wait_for_selector("text=There is no such page")


def test_the_picture_in_the_readme_was_made_here():
    assert PICTURE.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert f"docs/{PICTURE.name}" in (PICTURE.parents[1] / "README.md").read_text()


def test_an_empty_state_has_a_page(browser, tmp_path):
    from .conftest import Process

    with Engine.open(tmp_path / "empty"):
        pass
    service = Process(tmp_path / "empty")
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(service.url)
    page.wait_for_selector("text=No reader has clicked yet")
    page.goto(f"{service.url}/#/map")
    page.wait_for_selector("text=Nobody has interests yet")
    context.close()
    service.stop()
