// Elements, and the pieces that several views share. All text goes in as text, never as markup.

import { kindName, moment, number, say } from "./words.js";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "band") made.style.setProperty("--band", value);
    else if (key === "size") made.style.fontSize = value;
    else if (key === "share") made.style.setProperty("--share", value);
    else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child != null));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

export function drawing(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What comes from outside may be written in any direction, and be of any length.
export const outside = (text, attributes = {}) => element("bdi", { dir: "auto", ...attributes }, text);

export const short = (text, length = 90) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);

export const documentLink = (found) =>
  element("a", { href: `#/documents/${encodeURIComponent(found.id)}`, class: "long", title: found.title.length > 200 ? null : found.title }, outside(found.title));

export const userLink = (id) => element("a", { href: `#/users/${encodeURIComponent(id)}` }, outside(id));

export function colour(n) {
  return `hsl(${Math.round((n * 137.5 + 215) % 360)} 55% 50%)`;
}

export function termCloud(terms) {
  const most = Math.max(1, ...terms.map(([, count]) => count));
  return element("div", { class: "terms" }, terms.slice(0, 10).map(([term, count]) =>
    element("span", { size: `${0.85 + 0.6 * Math.sqrt(count / most) * (most > 1 ? 1 : 0.3)}rem`, title: number(count) }, outside(term))));
}

export function unitCard(unit, { band, changed = false, faded = false, titles = null, steer = null } = {}) {
  const size = unit.size === 1 ? say("documentOf") : say("documentsOf", number(unit.size));
  const card = element("li", { class: `card${changed ? " changed" : ""}${faded ? " faded" : ""}`, band, "data-key": unit.key },
    element("h3", { class: "long" }, outside(unit.name)),
    unit.headline && unit.headline !== unit.name ? element("p", { class: "headline quiet long" }, outside(unit.headline)) : null,
    termCloud(unit.terms),
    element("div", { class: "facts" }, element("span", {}, size), element("span", {}, say("lastSeen", moment(unit.updated_at)))));
  if (steer) {
    const button = (want) => element("button", { type: "button", class: "plain", "aria-label": say(`${want}Label`, short(unit.name, 80)), onclick: () => steer(unit.name, want) }, say(want));
    card.append(element("div", { class: "steer" }, button("more"), button("less")));
  }
  if (titles) {
    const list = element("ul", { class: "list" });
    const details = element("details", {}, element("summary", {}, say("showDocuments")), list);
    details.addEventListener("toggle", async () => {
      if (!details.open || list.children.length) return;
      const found = await titles(unit.documents.slice(-30));
      list.replaceChildren(...found.reverse().map((one) => element("li", {}, documentLink(one))));
    });
    card.append(details);
  }
  return card;
}

export function changeWords(change) {
  const words = say(change.action, short(change.unit || ""), (change.merged || []).length);
  const gone = (change.pruned || []).map((text) => short(text, 40)).join(", ");
  return gone ? `${words}; ${say("letGo", gone)}` : words;
}

// Why a document is shown, in the service's sentences; the interest has the colour of its band.
export function reasons(found, bands) {
  if (!found.reasons.length) return null;
  const dot = (one) => (bands && found.because && one.claim === "interest" ? element("span", { class: "dot", band: bands(found.because.key) }) : null);
  return element("ul", { class: "because" }, found.reasons.map((one) => element("li", {}, dot(one), outside(one.words))));
}

// All that the blend weighed, for and against: each kind with what it adds to the score.
export function evidence(found) {
  return found.length ? element("details", { class: "weighed" }, element("summary", {}, say("weighed")), bars(found)) : null;
}

// What weighs, as bars to the right for and to the left against.
export function bars(found) {
  const most = Math.max(...found.map((one) => Math.abs(one.weight)));
  return element("table", { class: "evidence" }, element("caption", { class: "sr" }, say("evidence")), found.map((one) => element("tr", {}, element("th", { scope: "row" }, outside(kindName(one.kind))),
    element("td", { class: one.weight < 0 ? "against" : "for" }, element("span", { share: (Math.abs(one.weight) / most).toFixed(3) }), ` ${one.weight < 0 ? "−" : "+"}${number(Math.abs(one.weight).toFixed(1))}`))));
}

// A drawing's own units: on a phone fewer, so that its words can be read.
export const drawingWidth = () => (innerWidth < 640 ? 420 : 960);

export const heading = (...children) => element("h1", { tabindex: -1 }, ...children);
export const list = (items) => element("ul", { class: "list" }, items);

// Do something again and again, while its view is seen.
export function every(seconds, alive, work) {
  const timer = setInterval(() => {
    if (!alive()) clearInterval(timer);
    else if (!document.hidden) work().catch(() => {});
  }, seconds * 1000);
}

export const foundList = (found, action = () => null) => (found.length
  ? list(found.map((one) => element("li", {}, element("div", { class: "row" }, element("div", {}, documentLink(one.document), reasons(one), evidence(one.evidence)), action(one.document)))))
  : element("p", { class: "quiet" }, say("nothing")));

// The chance of a click, given one among the candidates.
export const chance = (one) => (one.chance == null ? null : element("span", { class: "chance", title: say("chanceMeans") }, say("chance", one.chance < 1e-4 ? `< ${number(0.01)}` : number((100 * one.chance).toPrecision(2)))));

export const SCORERS = ["", "blend", "sum", "max", "soft"];
export const scorers = (name, chosen) => element("select", { name }, SCORERS.map((one) => element("option", { value: one, selected: one === (chosen || "") }, one || say("asSet"))));

// Conditions on attributes, as they are typed: channel=db; price>=5
export const conditions = (text) => (text || "").split(";").map((each) => each.trim()).filter(Boolean);

export function panel(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}
