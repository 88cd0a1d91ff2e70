// A reader: interests over time, what to show next, what they asked for, and what a click would change.

import { api, recommendationsPath } from "./api.js";
import { changeWords, chance, colour, conditions, documentLink, element, evidence, foundList, heading, list, every, outside, panel, reasons, scorers, short, unitCard } from "./parts.js";
import { bandsOf, river } from "./river.js";
import { moment, number, say } from "./words.js";

const SETTINGS = ["k", "personal", "diversity", "explore", "scorer"];

export async function reader(view, alive, params, id) {
  const settings = { where: params.getAll("where") };
  for (const name of SETTINGS) settings[name] = params.get(name);
  const state = { id, alive, settings, imagined: params.getAll("if"), before: [], changed: new Set(), at: null, history: null, flow: null, units: [], found: [] };
  const banner = element("div", { "aria-live": "polite" }), time = element("div", {}), cards = element("ul", { class: "cards" });
  const when = element("span", { class: "quiet" }), ofNow = element("p", { class: "quiet", "aria-live": "polite" }), next = element("div", {});
  const places = ownPlaces(state), asked = element("ul", { class: "chips", "aria-live": "polite" }), trying = rulesToTry(state);
  view.append(heading(outside(id)), banner, time, element("div", { class: "columns" },
    element("div", {}, element("h2", {}, say("interests"), " ", when), cards),
    element("div", {}, panel(say("wishes"), wishForm(state), asked), panel(say("next"), places.row, trying.part, ofNow, next), panel(say("tryAny"), tryAny(state)))));

  const address = () => {
    const chosen = new URLSearchParams();
    for (const name of SETTINGS) if (state.settings[name] != null && state.settings[name] !== "") chosen.set(name, state.settings[name]);
    for (const condition of state.settings.where) chosen.append("where", condition);
    for (const document of state.imagined) chosen.append("if", document);
    return `#/users/${encodeURIComponent(id)}${chosen.size ? `?${chosen}` : ""}`;
  };
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
      element("div", { class: "row" }, element("div", {}, documentLink(one.document), one.personal ? element("span", { class: "own" }, say("own")) : null, moved(one), chance(one), reasons(one, bandColour), evidence(one.evidence)), state.button(one.document))))) : element("p", { class: "quiet" }, say("nothing")));
    if (state.settings.personal == null && state.found.length) places.show(state.found.filter((one) => one.personal).length / state.found.length);
    trying.told();
  };
  state.button = (found) => element("button", { class: "plain what-if", type: "button", "aria-label": say("whatIfLabel", short(found.title, 80)), onclick: () => imagine(found) }, say("whatIf"));

  const showWishes = (wishes) => asked.replaceChildren(...(wishes.length ? wishes.map((wish) => element("li", { class: wish.want },
    outside(say(`${wish.want}Of`, short(wish.text, 60))),
    element("button", { type: "button", class: "plain", "aria-label": say("takeBack", short(wish.text, 60)), onclick: () => change(api.unwish(id, wish.text)) }, "×")))
    : [element("li", { class: "quiet" }, say("noWishes"))]));
  const change = async (asking) => {
    showWishes(await asking);
    await back();
  };
  state.wish = (text, want) => change(api.wish(id, text, want));
  api.wishes(id).then(showWishes).catch(() => {});

  const imagine = async (found) => {
    state.imagined.push(found.id);
    history.pushState(null, "", address());
    banner.replaceChildren(element("p", { class: "quiet" }, say("loading")));
    try {
      await imagined();
    } catch (error) {
      state.imagined.pop();
      history.replaceState(null, "", address());
      return banner.replaceChildren(element("p", { class: "banner" }, say("failed", error.message)));
    }
    banner.querySelector("button").focus();
  };
  const imagined = async () => {
    const known = new Set(state.real.map((unit) => unit.key));
    const answer = await api.whatIf(id, state.imagined, state.settings);
    Object.assign(state, { units: answer.units, found: answer.recommendations });
    state.changed = new Set(answer.units.filter((unit) => !known.has(unit.key)).map((unit) => unit.key));
    const count = state.imagined.length === 1 ? say("oneClick") : say("manyClicks", number(state.imagined.length));
    banner.replaceChildren(element("div", { class: "banner" }, element("span", {}, say("imagined", count)),
      element("button", { type: "button", id: "back", onclick: back }, say("back")),
      element("ul", {}, answer.changes.map((change) => element("li", {}, outside(changeWords(change)))))));
    state.show();
  };

  // What is, without what was imagined. False where something else was asked for meanwhile, so that a late answer is dropped.
  let asks = 0;
  const real = async () => {
    const mine = ++asks;
    const [units, answer] = await Promise.all([api.units(id), api.recommendations(id, state.settings)]);
    if (mine !== asks) return false;
    Object.assign(state, { units, real: units, found: answer.recommendations, before: answer.recommendations.map((one) => one.document.id), changed: new Set() });
    return true;
  };
  const back = async () => {
    if (state.imagined.length) {
      state.imagined = [];
      history.pushState(null, "", address());
    }
    banner.replaceChildren();
    if (await real()) state.show();
  };
  state.set = async (chosen) => {
    Object.assign(state.settings, chosen);
    history.replaceState(null, "", address());
    trying.told();
    try {
      if (!(await real())) return;
      if (state.imagined.length) await imagined();
      state.show();
    } catch (error) {
      next.replaceChildren(element("p", { class: "banner" }, say("failed", error.message)));
    }
  };

  const draw = async () => {
    state.history = await api.history(id);
    state.flow = bandsOf(state.history.moments);
    state.at = null;
    time.replaceChildren(...(state.history.moments.length ? [timeline(state)] : []));
  };
  await Promise.all([draw(), real()]);
  if (state.imagined.length) await imagined();
  state.show();
  every(4, alive, async () => {
    if (state.imagined.length) return;
    const units = await api.units(id);
    if (!alive() || state.imagined.length || units.map((unit) => unit.key).join() === state.units.map((unit) => unit.key).join()) return;
    const known = new Set(state.units.map((unit) => unit.key));
    if (state.at === null) await draw();
    if (!(await real())) return;
    state.changed = new Set(state.units.filter((unit) => !known.has(unit.key)).map((unit) => unit.key));
    state.show();
  });
}

// Filters and rules of a list, and what a program would ask for.
function rulesToTry(state) {
  const { settings } = state;
  const field = (name, attributes) => element("label", {}, say(name), element("input", { name, value: settings[name] || "", ...attributes }));
  const code = (name) => element("pre", { class: name, tabindex: 0 });
  const curl = code("curl"), python = code("python");
  const copy = (from) => element("button", { type: "button", class: "plain", onclick: (event) => navigator.clipboard.writeText(from.textContent).then(() => { event.target.textContent = say("copied"); }) }, say("copy"));
  const form = element("form", { class: "rules" }, field("k", { type: "number", min: 1, max: 100, placeholder: 12 }), field("diversity", { type: "number", min: 0, max: 1, step: 0.1 }), field("explore", { type: "number", min: 0, max: 1, step: 0.1 }),
    element("label", {}, say("scorer"), scorers("scorer", settings.scorer)),
    element("label", {}, say("where"), element("input", { name: "where", value: settings.where.join("; "), maxlength: 300, placeholder: "channel=db; price>=5" })));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const { k, diversity, explore, scorer, where } = Object.fromEntries(new FormData(form));
    state.set({ k: k || null, diversity: diversity || null, explore: explore || null, scorer: scorer || null, where: conditions(where) });
  });
  const open = settings.k != null || settings.diversity != null || settings.explore != null || settings.scorer != null || settings.where.length > 0;
  const part = element("details", { class: "trying", open }, element("summary", {}, say("rules")), form,
    element("div", { class: "row" }, curl, copy(curl)), element("div", { class: "row" }, python, copy(python)));
  const told = () => {
    curl.textContent = `curl '${location.origin}${recommendationsPath(state.id, settings)}'`;
    const chosen = [["k", settings.k ?? 12], ["personal", settings.personal], ["diversity", settings.diversity], ["explore", settings.explore]].filter(([, value]) => value != null && value !== "").map(([name, value]) => `${name}=${Number(value)}`);
    if (settings.scorer) chosen.push(`scorer=${JSON.stringify(settings.scorer)}`);
    if (settings.where.length) chosen.push(`where=${JSON.stringify(settings.where)}`);
    python.textContent = `from penchant.serve.client import Client\n\nwith Client("${location.origin}") as client:\n    client.recommend(${JSON.stringify(state.id)}, ${chosen.join(", ")})`;
  };
  return { part, told };
}

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

// How many places of the list are the reader's own: from none to all.
function ownPlaces(state) {
  const slider = element("input", { type: "range", id: "personal", min: 0, max: 1, step: 0.1 });
  const chosen = state.settings.personal;
  const told = element("output", { for: "personal" }, chosen == null ? say("asSet") : say("ofPlaces", number(Math.round(100 * chosen))));
  if (chosen != null) slider.value = chosen;
  slider.addEventListener("input", () => { told.textContent = say("ofPlaces", number(Math.round(100 * slider.value))); });
  slider.addEventListener("change", () => state.set({ personal: Number(slider.value) }));
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
  const words = element("details", { class: "moments" }, element("summary", {}, say("eachClick")));
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

