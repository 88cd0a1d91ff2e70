// What each address shows.

import { api } from "./api.js";
import { changeWords, colour, documentLink, drawing, element, evidence, outside, panel, reasons, short, termCloud, unitCard, userLink } from "./parts.js";
import { bandsOf, river } from "./river.js";
import { moment, number, say } from "./words.js";

const heading = (...children) => element("h1", { tabindex: -1 }, ...children);
const list = (items) => element("ul", { class: "list" }, items);
const every = (seconds, alive, work) => {
  const timer = setInterval(() => {
    if (!alive()) clearInterval(timer);
    else if (!document.hidden) work().catch(() => {});
  }, seconds * 1000);
};

const foundList = (found, action = () => null) => (found.length
  ? list(found.map((one) => element("li", {}, element("div", { class: "row" }, element("div", {}, documentLink(one.document), reasons(one), evidence(one.evidence)), action(one.document)))))
  : element("p", { class: "quiet" }, say("nothing")));

export async function home(view, alive) {
  const tiles = element("dl", { class: "tiles" }), bars = element("div", {}), changes = element("div", {});
  const readers = element("div", {});
  view.append(heading("penchant"), tiles, element("div", { class: "columns" },
    panel(say("latest"), changes), element("div", {}, panel(say("clicksByMinute"), bars), panel(say("someReaders"), readers))));
  const show = async () => {
    const now = await api.overview();
    const tile = (name, value) => element("div", { class: "tile" }, element("dt", {}, say(name)), element("dd", {}, number(value)));
    tiles.replaceChildren(tile("documents", now.documents), tile("readers", now.users), tile("clicksLastMinute", now.clicks_last_minute));
    bars.replaceChildren(minutes(now.clicks_by_minute));
    changes.replaceChildren(now.changes.length
      ? list(now.changes.map((change) => element("li", {}, userLink(change.user_id), " ", outside(changeWords(change)))))
      : element("p", { class: "quiet" }, say("noChanges")));
  };
  await show();
  const ids = await api.users("");
  readers.replaceChildren(ids.length ? element("ul", { class: "chips" }, ids.map((id) => element("li", {}, userLink(id)))) : element("p", { class: "quiet" }, say("noReaders")));
  every(3, alive, show);
}

function minutes(counts) {
  const most = Math.max(1, ...counts);
  const svg = drawing("svg", { viewBox: "0 0 300 60", role: "img", "aria-label": `${say("clicksByMinute")}: ${counts.map(number).join(", ")}` });
  counts.forEach((count, n) => svg.append(drawing("rect", { x: n * 5, y: 58 - (56 * count) / most, width: 4, height: 2 + (56 * count) / most, fill: colour(0) })));
  return svg;
}

export async function searched(view, alive, words) {
  view.append(heading(outside(`“${short(words, 200)}”`)));
  const [users, documents] = await Promise.all([words.length <= 200 ? api.users(words, 12) : [], api.search(words)]);
  if (users.length) view.append(panel(say("foundReaders"), element("ul", { class: "chips" }, users.map((id) => element("li", {}, userLink(id))))));
  view.append(panel(say("foundDocuments"), foundList(documents)));
}

export async function reader(view, alive, id) {
  const state = { id, alive, imagined: [], at: null, history: null, flow: null, units: [], found: [], personal: null };
  const banner = element("div", { "aria-live": "polite" }), time = element("div", {}), cards = element("ul", { class: "cards" });
  const when = element("span", { class: "quiet" }), ofNow = element("p", { class: "quiet", "aria-live": "polite" }), next = element("div", {});
  const places = ownPlaces(state), asked = element("ul", { class: "chips", "aria-live": "polite" });
  view.append(heading(outside(id)), banner, time, element("div", { class: "columns" },
    element("div", {}, element("h2", {}, say("interests"), " ", when), cards),
    element("div", {}, panel(say("wishes"), wishForm(state), asked), panel(say("next"), places.row, ofNow, next), panel(say("tryAny"), tryAny(state)))));

  const bandColour = (key) => {
    const band = state.flow && state.flow.bandOf(key);
    return band ? colour(band.number) : undefined;
  };
  // What the imagined clicks brought into the list, or moved up.
  const moved = (one) => {
    if (!state.imagined.length) return null;
    const was = state.before.indexOf(one.document.id), now = state.found.indexOf(one);
    return was < 0 ? element("span", { class: "own came" }, say("came")) : was > now ? element("span", { class: "own came" }, say("up", was - now)) : null;
  };
  state.show = () => {
    const past = state.at !== null && state.flow && !state.imagined.length;
    ofNow.textContent = past ? say("ofNow") : "";
    const units = past ? state.flow.states[state.at].units : state.units;
    const newest = Math.max(0, ...units.map((unit) => unit.updated_at));
    const oldest = state.history && state.history.moments.length ? state.history.moments[0].at : newest;
    when.textContent = past ? say("kept") : "";
    const fades = (unit) => newest - unit.updated_at > 0.5 * (newest - oldest) && newest > oldest;
    cards.replaceChildren(...(units.length ? units.map((unit) => unitCard(unit, {
      band: bandColour(unit.key), changed: state.changed.has(unit.key), faded: fades(unit), titles: past ? null : api.titles, steer: past ? null : state.wish,
    })) : [element("li", { class: "quiet" }, say("noInterests"))]));
    next.replaceChildren(state.found.length ? list(state.found.map((one) => element("li", { "data-document": one.document.id },
      element("div", { class: "row" }, element("div", {}, documentLink(one.document), one.personal ? element("span", { class: "own" }, say("own")) : null, moved(one), reasons(one, bandColour), evidence(one.evidence)), state.button(one.document))))) : element("p", { class: "quiet" }, say("nothing")));
    if (state.personal === null && state.found.length) places.show(state.found.filter((one) => one.personal).length / state.found.length);
  };
  state.button = (found) => element("button", { class: "plain what-if", type: "button", "aria-label": say("whatIfLabel", short(found.title, 80)), onclick: () => imagine(found) }, say("whatIf"));

  const showWishes = (wishes) => asked.replaceChildren(...(wishes.length ? wishes.map((wish) => element("li", { class: wish.want },
    outside(say(`${wish.want}Of`, short(wish.text, 60))),
    element("button", { type: "button", class: "plain", "aria-label": say("takeBack", short(wish.text, 60)), onclick: () => change(api.unwish(id, wish.text)) }, "×")))
    : [element("li", { class: "quiet" }, say("noWishes"))]));
  const change = async (asking) => {
    showWishes(await asking);
    await real();
  };
  state.wish = (text, want) => change(api.wish(id, text, want));
  api.wishes(id).then(showWishes);

  const imagine = async (found) => {
    if (!state.imagined.length) state.before = state.found.map((one) => one.document.id);
    state.imagined.push(found.id);
    const known = new Set(state.units.map((unit) => unit.key));
    const answer = await api.whatIf(id, state.imagined, state.personal);
    Object.assign(state, { units: answer.units, found: answer.recommendations });
    state.changed = new Set(answer.units.filter((unit) => !known.has(unit.key)).map((unit) => unit.key));
    const count = state.imagined.length === 1 ? say("oneClick") : say("manyClicks", number(state.imagined.length));
    banner.replaceChildren(element("div", { class: "banner" }, element("span", {}, say("imagined", count)),
      element("button", { type: "button", id: "back", onclick: real }, say("back")),
      element("ul", {}, answer.changes.map((change) => element("li", {}, outside(changeWords(change)))))));
    state.show();
    banner.querySelector("button").focus();
  };

  const real = async () => {
    state.imagined = [];
    state.changed = new Set();
    banner.replaceChildren();
    [state.units, state.found] = await Promise.all([api.units(id), api.recommendations(id, state.personal).then((answer) => answer.recommendations)]);
    state.show();
  };
  state.again = async () => {
    if (!state.imagined.length) return real();
    state.found = (await api.whatIf(id, state.imagined, state.personal)).recommendations;
    state.show();
  };

  const draw = async () => {
    state.history = await api.history(id);
    state.flow = bandsOf(state.history.moments);
    state.at = null;
    time.replaceChildren(...(state.history.moments.length ? [timeline(state)] : []));
  };
  state.changed = new Set();
  await Promise.all([draw(), real()]);
  state.show();
  every(4, alive, async () => {
    if (state.imagined.length) return;
    const units = await api.units(id);
    if (!alive() || state.imagined.length || units.map((unit) => unit.key).join() === state.units.map((unit) => unit.key).join()) return;
    const known = new Set(state.units.map((unit) => unit.key));
    if (state.at === null) await draw();
    await real();
    state.changed = new Set(state.units.filter((unit) => !known.has(unit.key)).map((unit) => unit.key));
    state.show();
  });
}

// How many places of the list are the reader's own: from none to all.
// More about something in the reader's own words, or less.
function wishForm(state) {
  const input = element("input", { type: "text", required: true, maxlength: 200, "aria-label": say("wishLabel"), placeholder: say("wishLabel") });
  const button = (want) => element("button", { type: "submit", value: want }, say(want));
  return element("form", { class: "wish", onsubmit: (event) => {
    event.preventDefault();
    const want = event.submitter ? event.submitter.value : "more";
    state.wish(input.value, want).then(() => { input.value = ""; });
  } }, input, button("more"), button("less"));
}

function ownPlaces(state) {
  const slider = element("input", { type: "range", id: "personal", min: 0, max: 1, step: 0.1 });
  const told = element("output", { for: "personal" }, say("asSet"));
  slider.addEventListener("input", () => { told.textContent = say("ofPlaces", number(Math.round(100 * slider.value))); });
  slider.addEventListener("change", () => { state.personal = Number(slider.value); state.again().catch(() => {}); });
  const row = element("div", { class: "time" }, element("label", { for: "personal" }, say("personal")), slider, told);
  return { row, show: (share) => { slider.value = share; } };
}

function timeline(state) {
  const { moments, complete } = state.history;
  const { svg, mark } = river({ bands: state.flow.bands, moments, label: say("riverLabel", state.id, state.flow.bands.length) });
  const last = moments.length - 1;
  const slider = element("input", { type: "range", id: "time", min: 0, max: last, value: last });
  const told = element("output", { for: "time" });
  const tell = () => {
    const step = Number(slider.value), one = moments[step];
    state.at = step === last ? null : step;
    state.changed = new Set(state.at === null || !one.unit ? [] : [one.unit.key]);
    const words = say("momentOf", number(step + 1), number(last + 1), moment(one.at), short(one.document.title, 70));
    told.textContent = words;
    slider.setAttribute("aria-valuetext", words);
    mark(one.at);
  };
  slider.addEventListener("input", () => { tell(); state.show(); });
  let playing = null;
  const play = element("button", { class: "plain", type: "button", onclick: () => {
    if (playing) return stop();
    if (Number(slider.value) === last) slider.value = 0;
    play.textContent = say("stop");
    playing = setInterval(() => {
      if (!state.alive() || Number(slider.value) >= last) return stop();
      slider.value = Number(slider.value) + 1;
      tell();
      state.show();
    }, Math.max(40, 8000 / moments.length));
  } }, say("play"));
  const stop = () => { clearInterval(playing); playing = null; play.textContent = say("play"); };
  tell();
  const words = element("details", {}, element("summary", {}, say("eachClick")));
  words.addEventListener("toggle", () => {
    if (words.open && words.children.length === 1) words.append(list(moments.map((one) => element("li", {}, `${moment(one.at)} — `, documentLink(one.document), " ",
      element("span", { class: "quiet" }, outside(changeWords({ action: one.action, unit: one.unit ? one.unit.name : "", merged: one.replaced })))))));
  });
  return panel(say("river"), svg, element("div", { class: "time" }, play, element("label", { class: "sr", for: "time" }, say("time")), slider, told),
    complete ? null : element("p", { class: "quiet" }, say("incomplete")), words);
}

function tryAny(state) {
  const words = element("input", { type: "search", "aria-label": say("tryLabel"), maxlength: 2000, name: "words" });
  const results = element("div", {});
  const form = element("form", { class: "row" }, words, element("button", { type: "submit" }, say("search")));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (words.value.trim()) results.replaceChildren(foundList(await api.search(words.value, 6), state.button));
  });
  return element("div", {}, form, results);
}

export async function article(view, alive, id) {
  const [about, similar] = await Promise.all([api.document(id), api.similar(id)]);
  const { document: found, cared } = about;
  const facts = [[say("recent"), number(about.recent_clicks)]];
  if (found.published_at != null) facts.unshift([say("published"), moment(found.published_at)]);
  for (const [name, value] of Object.entries(found.attributes || {})) facts.push([name, String(value)]);
  view.append(heading(outside(found.title)),
    element("dl", { class: "tiles" }, facts.map(([name, value]) => element("div", { class: "tile" }, element("dt", {}, outside(name)), element("dd", { class: "long", size: "1rem" }, outside(value))))),
    element("div", { class: "columns" }, panel(say("similar"), foundList(similar)),
      panel(say("readersCare"), element("p", { class: "quiet" }, say("ofReaders", number(cared.readers), number(cared.looked_at))), termCloud(cared.terms))));
}

export async function community(view) {
  view.append(heading(say("communityMap")));
  const { points, groups, readers } = await api.map();
  if (!points.length) return view.append(element("p", { class: "quiet" }, say("noMap")));
  const svg = drawing("svg", { viewBox: "0 0 960 600", role: "img", "aria-label": say("mapAbout", number(readers), number(points.length)) });
  const x = (value) => 30 + 900 * value, y = (value) => 30 + 540 * value;
  for (const point of points) {
    svg.append(drawing("circle", { cx: x(point.x), cy: y(point.y), r: 2.5 + 1.6 * Math.sqrt(point.size), fill: colour(point.group), "fill-opacity": 0.6 }, drawing("title", {}, short(point.title, 200))));
  }
  for (const group of groups) svg.append(drawing("text", { x: x(group.x), y: y(group.y), class: "label", "text-anchor": "middle" }, group.terms.slice(0, 2).map((term) => short(term, 24)).join(", ")));
  const most = [...groups.entries()].sort((a, b) => b[1].interests - a[1].interests);
  view.append(element("p", { class: "quiet" }, say("mapAbout", number(readers), number(points.length))), element("section", { class: "panel" }, svg),
    panel(say("groups"), list(most.map(([n, group]) => element("li", {}, element("span", { class: "dot", band: colour(n) }), outside(group.terms.join(", ")), " ",
      element("span", { class: "quiet" }, say("interestsIn", number(group.interests))))))));
}
