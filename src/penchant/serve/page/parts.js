// Elements, and the pieces that several views share. All text goes in as text, never as markup.

import { kindName, moment, number, say } from "./words.js";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "band") made.style.setProperty("--band", value);
    else if (key === "size") made.style.fontSize = value;
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
  if (!found.length) return null;
  return element("details", { class: "weighed" }, element("summary", {}, say("weighed")),
    element("ul", { class: "evidence", "aria-label": say("evidence") }, found.map((one) =>
      element("li", { class: one.weight < 0 ? "against" : null },
        outside(kindName(one.kind)), ` ${one.weight < 0 ? "−" : "+"}${number(Math.abs(one.weight).toFixed(1))}`))));
}

export function panel(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}
