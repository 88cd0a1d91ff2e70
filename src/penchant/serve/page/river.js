// A river of interests: bands that begin with a click, swell with the next, merge with their like, and fade.

import { colour, drawing, drawingWidth, short } from "./parts.js";
import { day } from "./words.js";

const HEIGHT = 300, TOP = 10, BOTTOM = 26;
const LETTER = 6.6, LINE = 15;
const WAIT = 0.15, YEAR = 300 * 86400;
const STEPS = 150;

// The bands of a history. A unit that a click changes goes on in the band of the largest unit that it was made of.
export function bandsOf(moments) {
  const bands = [], of = new Map();
  let alive = new Map();
  const states = [];
  moments.forEach((moment, step) => {
    const parents = moment.replaced.map((key) => ({ key, unit: alive.get(key), band: of.get(key) })).filter((parent) => parent.unit);
    parents.sort((a, b) => b.unit.size - a.unit.size || a.band.number - b.band.number);
    alive = new Map([...alive].filter(([key]) => !moment.replaced.includes(key) && !moment.pruned.includes(key)));
    moment.pruned.forEach((key) => { if (of.has(key)) of.get(key).end = { at: moment.at, into: null }; });
    if (moment.unit) {
      const band = parents.length ? parents[0].band : { number: bands.length, from: moment.at, points: [], end: null };
      if (!parents.length) bands.push(band);
      parents.slice(1).forEach((parent) => { parent.band.end = { at: moment.at, into: band }; });
      band.points.push({ at: moment.at, unit: moment.unit });
      band.end = null;
      of.set(moment.unit.key, band);
      alive.set(moment.unit.key, moment.unit);
    } else parents.forEach((parent) => { parent.band.end = { at: moment.at, into: null }; });
    states.push({ step, moment, units: [...alive.values()].sort((a, b) => b.updated_at - a.updated_at || b.key - a.key) });
  });
  return { bands, states, bandOf: (key) => of.get(key) };
}

function thickness(band, at, halfLife) {
  if (at < band.from) return 0;
  if (band.end && at >= band.end.at) return 0;
  let latest = band.points[0];
  for (const point of band.points) if (point.at <= at) latest = point;
  return latest.unit.size ** 0.75 * Math.max(0.12, 0.5 ** (Math.max(0, at - latest.unit.updated_at) / halfLife));
}

// Time as it is drawn: a wait between two clicks takes a seventh of the width at most, so that one late click does not
// squeeze all that was before. `to` leads from a moment to its place on that scale, `from` back.
function timesOf(at) {
  const first = at[0];
  const gaps = at.slice(1).map((time, n) => time - at[n]), total = gaps.reduce((sum, gap) => sum + gap, 0);
  const longest = Math.max(0, ...gaps), most = Math.max((total - longest) * WAIT / (1 - WAIT), total === longest ? longest : 0);
  const drawn = [first];
  gaps.forEach((gap) => drawn.push(drawn.at(-1) + Math.min(gap, most || gap)));
  const between = (xs, ys) => (value) => {
    let n = 0;
    while (n < xs.length - 2 && xs[n + 1] <= value) n += 1;
    const width = (xs[n + 1] ?? xs[n]) - xs[n];
    return width > 0 ? ys[n] + ((value - xs[n]) / width) * (ys[n + 1] - ys[n]) : ys[n] + (value - xs[n]);
  };
  const last = drawn.at(-1);
  return { first, last, span: Math.max(last - first, 1e-9), to: between(at, drawn), from: between(drawn, at) };
}

export function river({ bands, moments, label }) {
  const WIDTH = drawingWidth();
  const { first, last, span, to, from } = timesOf(moments.map((moment) => moment.at));
  const x = (at) => 4 + ((to(at) - first) / span) * (WIDTH - 8);
  const times = Array.from({ length: STEPS + 1 }, (_, n) => from(first + (span * n) / STEPS));
  const heights = bands.map((band) => times.map((at) => thickness(band, at, span / 5)));
  const totals = times.map((_, n) => heights.reduce((sum, row) => sum + row[n], 0));
  const scale = (HEIGHT - TOP - BOTTOM) / Math.max(1e-9, ...totals);
  const middle = TOP + (HEIGHT - TOP - BOTTOM) / 2;
  const tops = totals.map((total) => middle - (total * scale) / 2);
  const places = bands.map(() => []);
  bands.forEach((_, b) => times.forEach((_, n) => {
    const height = heights[b][n] * scale;
    places[b].push([tops[n], tops[n] + height]);
    tops[n] += height;
  }));
  const long = from(last) - from(first) > YEAR;
  const svg = drawing("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label, "data-bands": bands.length });
  const labels = [];
  const centre = (b, at) => {
    const n = Math.min(STEPS, Math.max(0, Math.round(((to(at) - first) / span) * STEPS)));
    return (places[b][n][0] + places[b][n][1]) / 2;
  };
  bands.forEach((band, b) => {
    const shown = times.map((at, n) => ({ at, n })).filter(({ n }) => heights[b][n] > 0 || heights[b][n - 1] > 0 || heights[b][n + 1] > 0);
    if (!shown.length) return;
    const upper = shown.map(({ at, n }) => `${x(at).toFixed(1)},${places[b][n][0].toFixed(1)}`);
    const lower = shown.map(({ at, n }) => `${x(at).toFixed(1)},${places[b][n][1].toFixed(1)}`).reverse();
    const title = band.points.at(-1).unit.name;
    svg.append(drawing("path", { d: `M${upper.join("L")}L${lower.join("L")}Z`, fill: colour(band.number), "fill-opacity": 0.85, class: "band" },
      drawing("title", {}, short(title, 200))));
    if (band.end && band.end.into) {
      const end = band.end.at, before = from(to(end) - span / STEPS), later = from(Math.min(last, to(end) + span / 40));
      const [y0, y1] = [centre(b, before), centre(band.end.into.number, later)];
      svg.append(drawing("path", { d: `M${x(before)},${y0}C${x(end)},${y0} ${x(end)},${y1} ${x(later)},${y1}`, fill: "none", class: "merge",
        stroke: colour(band.number), "stroke-width": 4, "stroke-opacity": 0.85 }));
    }
    const widest = shown.reduce((best, { n }) => (heights[b][n] > heights[b][best] ? n : best), shown[0].n);
    const tall = heights[b][widest] * scale;
    const run = shown.filter(({ n }) => heights[b][n] * scale > 11).length / STEPS;
    if (tall > 15 && run > 0.12) labels.push({ x: Math.min(WIDTH - 8, Math.max(8, x(times[widest]))), y: centre(b, times[widest]) + 4, tall, words: short(band.points.at(-1).unit.name, 36) });
  });
  const placed = [];
  for (const { x: at, y, words } of labels.sort((one, other) => other.tall - one.tall)) {
    const anchor = at > WIDTH - 90 ? "end" : at < 90 ? "start" : "middle", long = words.length * LETTER;
    const from = anchor === "end" ? at - long : anchor === "start" ? at : at - long / 2;
    if (placed.some((other) => from < other.to && other.from < from + long && Math.abs(y - other.y) < LINE)) continue;
    placed.push({ from, to: from + long, y });
    svg.append(drawing("text", { x: at, y, class: "label", "text-anchor": anchor }, words));
  }
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    svg.append(drawing("text", { x: 4 + share * (WIDTH - 8), y: HEIGHT - 8, class: "axis", "text-anchor": anchor }, day(from(first + span * share), long)));
  }
  const now = drawing("line", { class: "now", y1: TOP, y2: HEIGHT - BOTTOM + 4, x1: WIDTH - 4, x2: WIDTH - 4 });
  svg.append(now);
  const mark = (at) => { now.setAttribute("x1", x(at)); now.setAttribute("x2", x(at)); };
  return { svg, mark };
}
