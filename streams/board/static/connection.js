// Hears the board, and notices by itself when there is nothing more to hear.

const CUT_AFTER_MS = 10_000;
const OPEN_AGAIN_MS = 3_000;

export class Connection {
  /** Calls `heard(wall)` at every event; `address` is of `/api/events`, `build` the page's own. */
  constructor(address, build, heard) {
    this.address = address;
    this.build = build;
    this.heard = heard;
    this.opened = this.moment();
    this.last = null;
    this.open();
  }

  /** Milliseconds since the last event, null before the first. */
  get silence() {
    return this.last === null ? null : since(this.last);
  }

  /** True when the page has to say that it is cut off. */
  get isCut() {
    return (this.silence ?? since(this.started)) > CUT_AFTER_MS;
  }

  /** Opens anew what the browser has given up, or what stays silent although it looks open. */
  check() {
    const closed = this.source.readyState === EventSource.CLOSED;
    if (since(this.opened) <= (closed ? OPEN_AGAIN_MS : CUT_AFTER_MS) || !(closed || this.isCut)) return;
    if (closed) this.ask();
    this.open();
  }

  /** A board that answers and refuses wants to be signed in to anew: the page itself knows how. */
  async ask() {
    const status = await fetch("/api/board", { method: "HEAD" }).then((response) => response.status, () => 0);
    if (status === 401 || status === 403) location.reload();
  }

  open() {
    this.source?.close();
    this.opened = this.moment();
    this.started ??= this.opened;
    this.source = new EventSource(this.address);
    this.source.addEventListener("message", (event) => {
      this.last = this.moment();
      this.heard(JSON.parse(event.data));
    });
    // A wall hangs for weeks: when the board comes back with a newer page, take that one.
    this.source.addEventListener("build", (event) => {
      if (event.data !== this.build) location.reload();
    });
  }

  moment() {
    return { steady: performance.now(), wall: Date.now() };
  }
}

/** Elapsed milliseconds by the clock that went further: one of them stops while the machine sleeps. */
export function since(moment) {
  return Math.max(performance.now() - moment.steady, Date.now() - moment.wall);
}
