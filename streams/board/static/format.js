// Numbers, times and sentences as the language writes them.

const NBSP = "\u00a0";

export class Format {
  constructor(language, words) {
    this.language = language;
    this.words = words;
    // English with a day before its month and a clock of 24 hours: walls hang in call floors, not in one country.
    this.locale = language === "en" ? "en-GB" : "fr-FR";
    this.zone = "UTC";
    this.plain = new Intl.NumberFormat(this.locale, { maximumFractionDigits: 0 });
    this.percent = new Intl.NumberFormat(this.locale, {
      style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.whole = new Intl.NumberFormat(this.locale, { style: "percent", maximumFractionDigits: 0 });
  }

  /** The text of a key with `{names}` filled in. */
  say(key, values = {}) {
    return this.words[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  }

  /** `say` of the plural form of a count. */
  count(key, n, values = {}) {
    const form = new Intl.PluralRules(this.locale).select(n) === "one" ? "one" : "other";
    return this.say(`${key}.${form}`, { n: this.number(n), ...values });
  }

  number(n) {
    return this.plain.format(n);
  }

  share(value) {
    return this.percent.format(value);
  }

  /** A share as its figures and its sign, to be set in two sizes. */
  shareParts(value) {
    const parts = this.percent.formatToParts(value);
    const isSign = (part) => part.type === "percentSign" || (part.type === "literal" && part.value.trim() === "");
    return {
      figures: parts.filter((part) => !isSign(part)).map((part) => part.value).join(""),
      sign: parts.filter((part) => part.type === "percentSign").map((part) => part.value).join(""),
    };
  }

  /** `20.6 to 28.9 %`: the sign once, at the end. */
  range(low, high) {
    return this.say("range", { low: this.shareParts(low).figures, high: this.share(high) });
  }

  /** `2 min 04 s`. */
  duration(seconds) {
    const whole = Math.round(seconds);
    const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
    if (minutes === 0) return `${rest}${NBSP}s`;
    return `${this.number(minutes)}${NBSP}min${NBSP}${String(rest).padStart(2, "0")}${NBSP}s`;
  }

  /** How long ago, coarser the longer. */
  age(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 120) return `${whole}${NBSP}s`;
    if (whole < 7200) return `${Math.floor(whole / 60)}${NBSP}min`;
    return `${Math.floor(whole / 3600)}${NBSP}h`;
  }

  /** `16:42`, or `16:42:07`, at the site. */
  time(instant, seconds = false) {
    return this.dated(instant, { hour: "2-digit", minute: "2-digit", ...(seconds && { second: "2-digit" }) });
  }

  /** An hour by its start: `16 h` in French, `16:00` in English; with its offset where the day has it twice. */
  hour(instant, twice = false) {
    const [hour, minute] = this.time(instant).split(":");
    const name = this.language === "en" ? `${hour}:${minute}` : `${hour}${NBSP}h${minute === "00" ? "" : `${NBSP}${minute}`}`;
    return twice ? `${name} (${this.offset(instant)})` : name;
  }

  /** `Mon 23, 16:00`: for the last days; `Mon 2 Nov, 16:00` for any day. */
  day(instant, month = false) {
    const date = this.dated(instant, { weekday: "short", day: "numeric", ...(month && { month: "short" }) });
    return `${date.replace(/ /g, NBSP)}, ${this.hour(instant)}`;
  }

  offset(instant) {
    const options = { timeZone: this.zone, timeZoneName: "shortOffset" };
    const parts = new Intl.DateTimeFormat(this.locale, options).formatToParts(new Date(instant));
    return parts.find((part) => part.type === "timeZoneName").value.replace("GMT", "UTC");
  }

  dated(instant, options) {
    const all = { timeZone: this.zone, hourCycle: "h23", ...options };
    return new Intl.DateTimeFormat(this.locale, all).format(new Date(instant));
  }
}
