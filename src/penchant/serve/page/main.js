// Which view an address means; what surrounds the views.

import { Failed, hasToken, useToken } from "./api.js";
import { element, short } from "./parts.js";
import { article, community, compared, experiments, home, searched } from "./views.js";
import { reader } from "./reader.js";
import { say, speak, spoken } from "./words.js";

const view = document.getElementById("view"), status = document.getElementById("status");
let visit = 0;

const VIEWS = [
  [/^\/?$/, home],
  [/^\/users\/(.+)$/, reader],
  [/^\/documents\/(.+)$/, article],
  [/^\/search\/(.*)$/, searched],
  [/^\/map$/, community],
  [/^\/compare$/, compared],
  [/^\/experiments$/, experiments],
];

function decoded(text) {
  try { return decodeURIComponent(text); } catch { throw new Failed(404, say("notFound")); }
}

async function show() {
  const mine = ++visit;
  const [address, query = ""] = (location.hash.replace(/^#/, "") || "/").split(/\?(.*)/s);
  const [shown, rest] = VIEWS.map(([pattern, made]) => [made, address.match(pattern)]).find(([, match]) => match) || [null, null];
  const part = element("div", {});
  status.textContent = say("loading");
  view.setAttribute("aria-busy", "true");
  view.classList.add("leaving");
  try {
    if (!shown) throw new Failed(404, say("notFound"));
    await shown(part, () => mine === visit, new URLSearchParams(query), ...rest.slice(1).map(decoded));
    status.textContent = "";
  } catch (error) {
    status.textContent = say("failed", error.message);
    if (error.status === 401 || error.status === 403) part.replaceChildren(askForToken(hasToken()));
    else if (!(error instanceof Failed)) throw error;
  }
  if (mine !== visit) return;
  view.replaceChildren(part);
  view.removeAttribute("aria-busy");
  view.classList.remove("leaving");
  for (const link of document.querySelectorAll("#nav a")) link.toggleAttribute("aria-current", link.hash === `#${address}`);
  const title = part.querySelector("h1");
  document.title = title && title.textContent !== "penchant" ? `${short(title.textContent, 80)} · penchant` : "penchant";
  if (title && mine > 1) title.focus();
}

function askForToken(refused) {
  const token = element("input", { type: "password", id: "token", autocomplete: "off" });
  const form = element("form", { class: "panel" }, element("h1", { tabindex: -1 }, say("tokenNeeded")), element("label", { for: "token" }, say("token")), token,
    element("button", { type: "submit" }, say("use")), refused ? element("p", { class: "banner", role: "alert" }, say("tokenRefused")) : null);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    useToken(token.value.trim());
    show();
  });
  return form;
}

function surround() {
  document.documentElement.lang = spoken();
  document.getElementById("skip").textContent = say("skip");
  document.getElementById("nav").replaceChildren(element("a", { href: "#/" }, say("home")), element("a", { href: "#/map" }, say("map")), element("a", { href: "#/compare" }, say("compare")), element("a", { href: "#/experiments" }, say("experiments")));
  document.getElementById("nav").setAttribute("aria-label", "penchant");
  document.getElementById("query").setAttribute("aria-label", say("searchLabel"));
  document.getElementById("query").placeholder = say("searchLabel");
  document.getElementById("search-button").textContent = say("search");
  const language = document.getElementById("language");
  language.setAttribute("aria-label", say("language"));
  language.value = spoken();
}

document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const words = document.getElementById("query").value.trim();
  if (words) location.hash = `#/search/${encodeURIComponent(words)}`;
});
document.getElementById("language").addEventListener("change", (event) => {
  speak(event.target.value);
  surround();
  show();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  view.focus();
});
addEventListener("hashchange", show);
surround();
show();
