// What the page says, in the reader's language, and how it writes numbers and times.

export const languages = { "en": "English", "zh-CN": "简体中文" };
const stored = "modelflow.language";

let catalogue = {};
let plural;
let formats = {};

/** The language shown. */
export let language = "en";

/** The language that was chosen here before, or the browser's. */
export function preferredLanguage() {
  const chosen = remembered();
  if (chosen in languages) {
    return chosen;
  }
  return navigator.languages.map(l => l.toLowerCase()).find(l => l.startsWith("zh") || l.startsWith("en"))?.startsWith("zh") ? "zh-CN" : "en";
}

/** Loads a language's texts; the former one stays when they cannot be had. */
export async function useLanguage(wanted, remember = false) {
  const response = await fetch(new URL(`./text/${wanted}.json`, import.meta.url));
  catalogue = await response.json();
  language = wanted;
  document.documentElement.lang = wanted;
  plural = new Intl.PluralRules(wanted);
  formats = {
    percent: new Intl.NumberFormat(wanted, { style: "percent", maximumFractionDigits: 2 }),
    number: new Intl.NumberFormat(wanted, { maximumSignificantDigits: 4 }),
    points: new Intl.NumberFormat(wanted, { maximumFractionDigits: 2 }),
    count: new Intl.NumberFormat(wanted),
    time: new Intl.DateTimeFormat(wanted, { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }),
    day: new Intl.DateTimeFormat(wanted, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }),
    full: new Intl.DateTimeFormat(wanted, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false, timeZoneName: "short" }),
    relative: new Intl.RelativeTimeFormat(wanted, { numeric: "always", style: "short" }),
  };
  if (remember) {
    try {
      localStorage.setItem(stored, wanted);
    } catch {
      // A browser that keeps nothing asks again next time.
    }
  }
}

function remembered() {
  try {
    return localStorage.getItem(stored);
  } catch {
    return null;
  }
}

function find(key, values) {
  const entry = catalogue[key];
  return typeof entry === "object" ? entry[plural.select(values?.n ?? 0)] ?? entry.other : entry;
}

/** A text with its {placeholders} filled. */
export function t(key, values) {
  return (find(key, values) ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values?.[name] ?? ""));
}

/** The same as a list of children, for placeholders that are elements. */
export function tx(key, values) {
  return (find(key, values) ?? key).split(/(\{\w+\})/).map(part => part.startsWith("{") ? values[part.slice(1, -1)] : part);
}

/** Whether there is a text for a word of the API. */
export const known = (family, name) => `${family}.${name}` in catalogue;

/** The text for a word of the API; the word itself if there is none, as for kinds that are younger than this page. */
export const word = (family, name) => catalogue[`${family}.${name}`] ?? name;

export const percent = share => formats.percent.format(share);
export const weight = basisPoints => formats.percent.format(basisPoints / 10000);
export const number = value => value === undefined || value === null ? "–" : formats.number.format(value);
export const count = value => formats.count.format(value);
export const shortDigest = digest => digest ? digest.replace("sha256:", "").slice(0, 10) : "–";

const signs = (value, text) => value > 0 ? `+${text}` : text.replace("-", "−");
export const signed = value => value === undefined || value === null ? "–" : signs(value, formats.number.format(value));

/** Percentage points of a difference of shares. */
export const points = value => t("unit.points", { value: inPoints(value) });

/** An interval of such differences; a side that is not bounded is endless. */
export const pointsInterval = ({ low, high }) => t("unit.points", { value: `${inPoints(low)} … ${inPoints(high)}` });

const inPoints = value => value === null || value === undefined ? "∞" : signs(value, formats.points.format(value * 100));

export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let at = 0;
  while (size >= 1000 && at < units.length - 1) {
    size /= 1000;
    at++;
  }
  return `${new Intl.NumberFormat(language, { maximumSignificantDigits: 3 }).format(size)} ${units[at]}`;
}

export const time = at => formats.time.format(new Date(at));
export const fullTime = at => formats.full.format(new Date(at));

/** Today's times by the clock, others with their day. */
export function shortTime(at) {
  const date = new Date(at);
  return date.toDateString() === new Date().toDateString() ? formats.time.format(date) : formats.day.format(date);
}

/** "in 3 min.", "5 min. ago". */
export function relative(at) {
  const seconds = (new Date(at) - Date.now()) / 1000;
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, s]) => Math.abs(seconds) >= s) ?? ["second", 1];
  return formats.relative.format(Math.round(seconds / size), unit);
}

/** Seconds of a duration of the API, [d.]hh:mm:ss[.fffffff]. */
export function seconds(duration) {
  const [, days, hours, minutes, rest] = /^(?:(\d+)\.)?(\d+):(\d+):([\d.]+)$/.exec(duration) ?? [];
  return rest === undefined ? NaN : Number(days ?? 0) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(rest);
}

/** A duration of the API, or a number of seconds, in two figures. */
export function duration(value) {
  const s = typeof value === "number" ? value : seconds(value);
  const short = n => new Intl.NumberFormat(language, { maximumSignificantDigits: 2 }).format(n);
  return s < 1 ? t("unit.ms", { value: short(s * 1000) })
    : s < 90 ? t("unit.s", { value: short(s) })
    : s < 5400 ? t("unit.min", { value: short(s / 60) })
    : s < 172800 ? t("unit.h", { value: short(s / 3600) })
    : t("unit.d", { value: short(s / 86400) });
}
