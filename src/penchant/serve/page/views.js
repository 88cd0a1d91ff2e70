// What each address shows.

import { api } from "./api.js";
import { bars, changeWords, chance, colour, conditions, documentLink, drawing, drawingWidth, element, every, foundList, heading, list, outside, panel, reasons, scorers, short, termCloud, userLink } from "./parts.js";
import { kindName, moment, number, say } from "./words.js";

export async function home(view, alive) {
  const tiles = element("dl", { class: "tiles" }), pulse = element("div", {}), changes = element("div", {});
  const read = element("div", {}), newest = element("div", {}), readers = element("div", {}), trends = element("div", {});
  const find = element("input", { type: "search", "aria-label": say("findReader"), placeholder: say("findReader"), maxlength: 200 });
  view.append(heading("penchant"), tiles, element("div", { class: "columns" },
    element("div", {}, panel(say("readNow"), read), panel(say("newest"), newest), panel(say("latest"), changes)),
    element("div", {}, panel(say("trends"), trends), panel(say("readers"), find, readers), panel(say("clicksByMinute"), pulse))));
  const show = async () => {
    const now = await api.overview();
    const tile = (name, value) => element("div", { class: "tile" }, element("dt", {}, say(name)), element("dd", {}, typeof value === "number" ? number(value) : outside(value)));
    tiles.replaceChildren(tile("documents", now.documents), tile("readers", now.users), tile("clicksLastMinute", now.clicks_last_minute), tile("lessons", now.lessons), tile("tower", now.tower || say("none")));
    pulse.replaceChildren(minutes(now.clicks_by_minute));
    read.replaceChildren(foundList(now.read_now));
    newest.replaceChildren(now.newest.length ? list(now.newest.map((one) => element("li", {}, documentLink(one), " ", element("span", { class: "quiet" }, moment(one.published_at))))) : element("p", { class: "quiet" }, say("noTimes")));
    changes.replaceChildren(now.changes.length
      ? list(now.changes.map((change) => element("li", {}, userLink(change.user_id), " ", outside(changeWords(change)))))
      : element("p", { class: "quiet" }, say("noChanges")));
  };
  const look = async () => {
    const part = find.value.trim(), ids = await api.users(part);
    if (part !== find.value.trim()) return; // a late answer to what was typed before
    readers.replaceChildren(ids.length ? element("ul", { class: "chips" }, ids.map((id) => element("li", {}, userLink(id)))) : element("p", { class: "quiet" }, say("noReaders")));
  };
  find.addEventListener("input", () => look().catch(() => {}));
  await Promise.all([show(), look()]);
  api.trends().then((terms) => trends.replaceChildren(terms.length ? list(terms.slice(0, 8).map((one) => element("li", {},
    element("a", { href: `#/search/${encodeURIComponent(one.term)}` }, outside(one.term)), " ", element("span", { class: "quiet" }, say("ofLate", number(one.readers), number(one.before))))))
    : element("p", { class: "quiet" }, say("nothing")))).catch(() => {});
  every(3, alive, show);
}

function minutes(counts) {
  const most = Math.max(1, ...counts);
  const svg = drawing("svg", { viewBox: "0 0 300 60", role: "img", "aria-label": `${say("clicksByMinute")}: ${counts.map(number).join(", ")}` });
  counts.forEach((count, n) => svg.append(drawing("rect", { x: n * 5, y: 58 - (56 * count) / most, width: 4, height: 2 + (56 * count) / most, fill: colour(0) })));
  return svg;
}

export async function searched(view, alive, params, words) {
  view.append(heading(outside(`“${short(words, 200)}”`)));
  const [users, documents] = await Promise.all([words.length <= 200 ? api.users(words, 12) : [], api.search(words)]);
  if (users.length) view.append(panel(say("foundReaders"), element("ul", { class: "chips" }, users.map((id) => element("li", {}, userLink(id))))));
  view.append(panel(say("foundDocuments"), foundList(documents)));
}

export async function article(view, alive, params, id) {
  const [about, similar] = await Promise.all([api.document(id), api.similar(id)]);
  const { document: found, cared } = about;
  const facts = [[say("recent"), number(about.recent_clicks)]];
  if (found.published_at != null) facts.unshift([say("published"), moment(found.published_at)]);
  for (const [name, value] of Object.entries(found.attributes || {})) facts.push([name, String(value)]);
  const answer = element("div", { "aria-live": "polite" });
  const who = element("input", { type: "search", name: "reader", required: true, maxlength: 200, "aria-label": say("readerId"), placeholder: say("readerId"), value: params.get("why") || "" });
  const ask = async () => {
    const why = await api.why(who.value.trim(), id);
    answer.replaceChildren(whyTold(why));
    history.replaceState(null, "", `#/documents/${encodeURIComponent(id)}?${new URLSearchParams({ why: who.value.trim() })}`);
  };
  const form = element("form", { class: "wish why", onsubmit: (event) => { event.preventDefault(); ask().catch((error) => answer.replaceChildren(element("p", { class: "quiet" }, say("failed", error.message)))); } },
    who, element("button", { type: "submit" }, say("ask")));
  view.append(heading(outside(found.title)),
    element("dl", { class: "tiles" }, facts.map(([name, value]) => element("div", { class: "tile" }, element("dt", {}, outside(name)), element("dd", { class: "long", size: "1rem" }, outside(value))))),
    element("div", { class: "columns" }, element("div", {}, panel(say("whyFor"), form, answer), panel(say("similar"), foundList(similar))),
      panel(say("readersCare"), element("p", { class: "quiet" }, say("ofReaders", number(cared.readers), number(cared.looked_at))), termCloud(cared.terms))));
  if (who.value) await ask().catch(() => {});
}

// Where a document stands for a reader: its place, why it is left out, what weighs, what the first has more of.
function whyTold(why) {
  const more = why.first && why.first.evidence.map((one) => `${kindName(one.kind)} ${number(one.weight.toFixed(1))}`).join(", ");
  return element("div", {},
    element("p", {}, say("place", number(why.rank), number(why.candidates)), chance(why)),
    why.left_out ? element("p", { class: "banner" }, say(`left-${why.left_out}`)) : null,
    reasons(why), why.evidence.length ? bars(why.evidence) : null,
    why.first ? element("p", { class: "quiet" }, say("firstAhead", number(why.first.by.toFixed(1)), more), " ", documentLink(why.first.document)) : null);
}

// Two readers, or one by two settings, side by side.
export async function compared(view, alive, params) {
  const form = element("form", { class: "sides" }), lists = element("div", { class: "two", "aria-live": "polite" });
  const side = (name) => {
    const field = (key, label, attributes) => element("label", {}, say(label), element("input", { name: `${name}-${key}`, value: params.get(`${name}-${key}`) || "", ...attributes }));
    return element("fieldset", {}, element("legend", {}, say(name)), field("reader", "readerId", { type: "search", required: true, maxlength: 200 }),
      field("personal", "personal", { type: "number", min: 0, max: 1, step: 0.1 }), field("diversity", "diversity", { type: "number", min: 0, max: 1, step: 0.1 }),
      field("where", "where", { type: "text", maxlength: 300 }),
      element("label", {}, say("scorer"), scorers(`${name}-scorer`, params.get(`${name}-scorer`))));
  };
  form.append(side("left"), side("right"), element("button", { type: "submit" }, say("compare")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
    location.hash = `#/compare?${new URLSearchParams(chosen)}`;
  });
  view.append(heading(say("compare")), panel(say("twoLists"), form), lists);
  const of = (name) => ({ id: params.get(`${name}-reader`), personal: params.get(`${name}-personal`), diversity: params.get(`${name}-diversity`), scorer: params.get(`${name}-scorer`), where: conditions(params.get(`${name}-where`)) });
  const [left, right] = [of("left"), of("right")];
  if (!left.id || !right.id) return;
  const found = await Promise.all([left, right].map((one) => api.recommendations(one.id, one).then((answer) => answer.recommendations)));
  const ids = found.map((each) => new Set(each.map((one) => one.document.id)));
  const both = [...ids[0]].filter((id) => ids[1].has(id)).length;
  view.insertBefore(element("p", { class: "quiet" }, say("inBoth", number(both))), lists);
  lists.append(...found.map((each, n) => panel(outside([left, right][n].id), foundList(each, (document) => (ids[1 - n].has(document.id) ? element("span", { class: "own" }, say("both")) : null)))));
}

// How the variants of the running experiment do, beside the first.
export async function experiments(view) {
  view.append(heading(say("experiments")));
  const found = await api.experiments();
  if (!found.length) return view.append(element("p", { class: "quiet" }, say("noExperiment")));
  const cell = (value) => element("td", {}, value == null ? "" : value);
  const range = (pair) => (pair ? say("fromTo", number(pair[0].toFixed(2)), number(pair[1].toFixed(2))) : null);
  for (const each of found) {
    const rows = each.variants.map((one) => element("tr", {}, element("th", { scope: "row" }, outside(one.variant)), cell(number(one.users)), cell(number(one.clicks_per_user.toFixed(2))),
      cell(one.lift == null ? null : say("chance", number((100 * one.lift).toFixed(1)))), cell(range(one.interval)), cell(one.p == null ? null : one.p.toPrecision(2)), cell(range(one.sequential))));
    const head = ["variant", "readers", "clicksPerReader", "lift", "difference", "pValue", "anyLook"].map((name) => element("th", { scope: "col" }, say(name)));
    view.append(panel(outside(each.experiment), element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": each.experiment }, element("table", { class: "plain" }, element("thead", {}, element("tr", {}, head)), element("tbody", {}, rows))),
      each.mismatch_p < 0.001 ? element("p", { class: "banner" }, say("mismatch")) : null));
  }
}

export async function community(view) {
  view.append(heading(say("communityMap")));
  const { points, groups, readers } = await api.map();
  if (!points.length) return view.append(element("p", { class: "quiet" }, say("noMap")));
  const wide = drawingWidth();
  const svg = drawing("svg", { viewBox: `0 0 ${wide} 600`, role: "img", "aria-label": say("mapAbout", number(readers), number(points.length)) });
  const x = (value) => 30 + (wide - 60) * value, y = (value) => 30 + 540 * value;
  for (const point of points) {
    svg.append(drawing("circle", { cx: x(point.x), cy: y(point.y), r: 2.5 + 1.6 * Math.sqrt(point.size), fill: colour(point.group), "fill-opacity": 0.6 }, drawing("title", {}, short(point.title, 200))));
  }
  for (const group of groups) svg.append(drawing("text", { x: x(group.x), y: y(group.y), class: "label", "text-anchor": "middle" }, group.terms.slice(0, 2).map((term) => short(term, 24)).join(", ")));
  const most = [...groups.entries()].sort((a, b) => b[1].interests - a[1].interests);
  view.append(element("p", { class: "quiet" }, say("mapAbout", number(readers), number(points.length))), element("section", { class: "panel" }, svg),
    panel(say("groups"), list(most.map(([n, group]) => element("li", {}, element("span", { class: "dot", band: colour(n) }), outside(group.terms.join(", ")), " ",
      element("span", { class: "quiet" }, say("interestsIn", number(group.interests))))))));
}
