// The HTTP interface. A token, where one is asked for, stays in this tab.

import { say, spoken } from "./words.js";

const KEY = "penchant-token";

export class Failed extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const hasToken = () => sessionStorage.getItem(KEY) !== null;

export function useToken(token) {
  sessionStorage.setItem(KEY, token);
}

async function call(method, path, body) {
  const token = sessionStorage.getItem(KEY);
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) };
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  } catch {
    throw new Failed(0, say("offline"));
  }
  const value = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Failed(answer.status, value.detail || answer.statusText);
  return value;
}

const one = encodeURIComponent;
const numeric = (value) => (value == null || value === "" ? null : Number(value));
const user = (id, what) => `/users/${one(id)}/${what}`;

// The address of a list, with the settings that were chosen: what a program would ask for.
export function recommendationsPath(id, settings = {}) {
  const chosen = new URLSearchParams({ k: settings.k ?? 12, explain: "full", language: spoken() });
  for (const name of ["personal", "diversity", "explore", "scorer"]) if (settings[name] != null && settings[name] !== "") chosen.set(name, settings[name]);
  for (const condition of settings.where || []) chosen.append("where", condition);
  return user(id, `recommendations?${chosen}`);
}

export const api = {
  overview: () => call("GET", "/overview"),
  experiments: () => call("GET", "/experiments").then((answer) => answer.reports),
  trends: () => call("GET", "/trends").then((answer) => answer.terms),
  users: (part, limit = 24) => call("GET", `/users?limit=${limit}&part=${one(part)}`).then((answer) => answer.user_ids),
  units: (id) => call("GET", user(id, "units")).then((answer) => answer.units),
  history: (id) => call("GET", user(id, "history")),
  recommendations: (id, settings) => call("GET", recommendationsPath(id, settings)),
  why: (id, document) => call("GET", user(id, `why/${one(document)}?language=${spoken()}`)),
  wishes: (id) => call("GET", user(id, "wishes")).then((answer) => answer.wishes),
  wish: (id, text, want) => call("PUT", user(id, "wishes"), { text, want }).then((answer) => answer.wishes),
  unwish: (id, text) => call("DELETE", user(id, `wishes?text=${one(text)}`)).then((answer) => answer.wishes),
  whatIf: (id, documents, { k, personal, diversity, scorer }) => call("POST", user(id, "what-if"), { document_ids: documents, k: Number(k ?? 12), personal: numeric(personal), diversity: numeric(diversity), scorer: scorer || null, explain: "full", language: spoken() }),
  document: (id) => call("GET", `/documents/${one(id)}`),
  similar: (id) => call("GET", `/documents/${one(id)}/similar?k=12`).then((answer) => answer.documents),
  titles: (ids) => call("GET", `/documents?${ids.map((id) => `id=${one(id)}`).join("&")}`).then((answer) => answer.documents),
  search: (words, k = 12) => call("GET", `/search?k=${k}&q=${one(words)}`).then((answer) => answer.documents),
  map: () => call("GET", "/map"),
};
