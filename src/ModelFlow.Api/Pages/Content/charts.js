// Charts over time as SVG that stretches; words stand beside it as HTML, so that they keep their size.
import { tags } from "./dom.js";
import { time } from "./text.js";

const { div, figcaption, figure, g, line, path, rect, span, svg } = tags;

const W = 1000;
const round = n => Math.round(n * 10) / 10;

/** The path of a line; null breaks it. */
export function linePath(points, x, y) {
  let pen = "M";
  return points.map(([at, value]) => {
    if (value === null || value === undefined || Number.isNaN(value)) {
      pen = "M";
      return "";
    }
    const part = `${pen}${round(x(at))} ${round(y(value))}`;
    pen = "L";
    return part;
  }).join("");
}

/** The path of a line that keeps each value until the next. */
export function stepPath(points, x, y) {
  return points.map(([at, value], i) => i === 0 ? `M${round(x(at))} ${round(y(value))}` : `H${round(x(at))}V${round(y(value))}`).join("");
}

/** The path of an area between two bounds. */
export function bandPath(points, x, y) {
  const known = points.filter(([, low, high]) => Number.isFinite(low) && Number.isFinite(high));
  if (known.length === 0) {
    return "";
  }
  const there = known.map(([at, , high], i) => `${i === 0 ? "M" : "L"}${round(x(at))} ${round(y(high))}`).join("");
  return there + [...known].reverse().map(([at, low]) => `L${round(x(at))} ${round(y(low))}`).join("") + "Z";
}

/** Round numbers for an axis: about `most` of them. */
export function ticks(low, high, most = 3) {
  const raw = (high - low) / most;
  if (!(raw > 0)) {
    return [low];
  }
  const size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map(f => f * size).find(s => s >= raw);
  const found = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step / 1e6; value += step) {
    found.push(Math.abs(value) < step / 1e6 ? 0 : value);
  }
  return found;
}

/** What lies outside is drawn at the edge. */
const scale = (low, high, from, to) => value => from + (Math.min(Math.max(value, low), high) - low) / (high - low || 1) * (to - from);

/**
 * One chart. `x` and `y` are [from, to]; `lines` are { class, points, step }, `bands` { class, points: [at, low, high] }, `rules` { class, at } across it,
 * `marks` times of vertical lines; `at` is the time pointed to and `onPoint` is told of another, null for none.
 */
export function chart({ title, aside, summary, height = 88, x, y, format, lines = [], bands = [], rules = [], marks = [], at, onPoint, times = false }) {
  const sx = scale(x[0], x[1], 0, W);
  const sy = scale(y[0], y[1], height, 0);
  const point = event => {
    const box = event.currentTarget.getBoundingClientRect();
    onPoint?.(x[0] + Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1) * (x[1] - x[0]));
  };
  return figure({ class: "chart" },
    title || aside ? figcaption(span({ class: "chart-title" }, title), aside ? span({ class: "chart-aside" }, aside) : null) : null,
    div({ class: "plot" },
      div({ class: "axis", "aria-hidden": "true", style: { height: `${height}px` } }, ticks(y[0], y[1]).map(v => span({ key: v, style: { top: `${round(sy(v))}px` } }, format(v)))),
      svg({ viewBox: `0 0 ${W} ${height}`, height, preserveAspectRatio: "none", role: "img", "aria-label": summary, onPointerMove: point, onPointerLeave: () => onPoint?.(null) },
        g({ class: "grid" }, ticks(y[0], y[1]).map(v => line({ key: v, x1: 0, x2: W, y1: round(sy(v)), y2: round(sy(v)) }))),
        marks.filter(m => m > x[0] && m < x[1]).map(m => line({ key: m, class: "mark", x1: round(sx(m)), x2: round(sx(m)), y1: 0, y2: height })),
        bands.map((b, i) => path({ key: `b${i}`, class: `band ${b.class}`, d: bandPath(b.points, sx, sy) })),
        rules.map((r, i) => line({ key: `r${i}`, class: `rule ${r.class}`, x1: 0, x2: W, y1: round(sy(r.at)), y2: round(sy(r.at)) })),
        lines.map((l, i) => path({ key: `l${i}`, class: `line ${l.class}`, d: (l.step ? stepPath : linePath)(l.points, sx, sy) })),
        at !== null && at !== undefined ? line({ class: "pointer", x1: round(sx(at)), x2: round(sx(at)), y1: 0, y2: height }) : null,
        rect({ class: "catch", x: 0, y: 0, width: W, height, "fill-opacity": 0 }))),
    times ? div({ class: "times", "aria-hidden": "true" }, span(time(x[0])), span(time((x[0] + x[1]) / 2)), span(time(x[1]))) : null);
}
