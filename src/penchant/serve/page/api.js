// The HTTP interface. A token, where one is asked for, stays in this tab.

import { say, spoken } from "./words.js";

const KEY = "penchant-token";

export class Failed extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

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
const user = (id, what) => `/users/${one(id)}/${what}`;

export const api = {
  overview: () => call("GET", "/overview"),
  users: (prefix, limit = 24) => call("GET", `/users?limit=${limit}&prefix=${one(prefix)}`).then((answer) => answer.user_ids),
  units: (id) => call("GET", user(id, "units")).then((answer) => answer.units),
  history: (id) => call("GET", user(id, "history")),
  recommendations: (id, personal) => call("GET", user(id, `recommendations?k=12&explain=full&language=${spoken()}${personal === null ? "" : `&personal=${personal}`}`)),
  wishes: (id) => call("GET", user(id, "wishes")).then((answer) => answer.wishes),
  wish: (id, text, want) => call("PUT", user(id, "wishes"), { text, want }).then((answer) => answer.wishes),
  unwish: (id, text) => call("DELETE", user(id, `wishes?text=${one(text)}`)).then((answer) => answer.wishes),
  whatIf: (id, documents, personal) => call("POST", user(id, "what-if"), { document_ids: documents, k: 12, personal, explain: "full", language: spoken() }),
  document: (id) => call("GET", `/documents/${one(id)}`),
  similar: (id) => call("GET", `/documents/${one(id)}/similar?k=12`).then((answer) => answer.documents),
  titles: (ids) => call("GET", `/documents?${ids.map((id) => `id=${one(id)}`).join("&")}`).then((answer) => answer.documents),
  search: (words, k = 12) => call("GET", `/search?k=${k}&q=${one(words)}`).then((answer) => answer.documents),
  map: () => call("GET", "/map"),
};
