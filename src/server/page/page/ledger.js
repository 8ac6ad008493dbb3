// When was a message sent, and when did each lane have it? The answer to our own publish (201, with the id) may come after
// the message itself has, so an arrival waits for a verdict as long as a publish of ours is in flight.

const REMEMBERED = 2000;   // messages; far more than can be in flight between five lanes

export class Ledger {
  #entries = new Map();    // id -> { sentAt, firstAt, waiting }
  #inFlight = 0;

  /// A publish goes out now. Call what is returned with the id that the server gave, or with null if it failed.
  sending() {
    const sentAt = performance.now();
    this.#inFlight += 1;
    return id => {
      this.#inFlight -= 1;
      if (id) {
        const entry = this.#entry(id);
        entry.sentAt = sentAt;
        this.#settle(entry);
      }
      if (this.#inFlight === 0) this.#entries.forEach(entry => this.#settle(entry));
    };
  }

  /// A lane has the message now. `verdict({ own, origin, ms })` is called, now or later: `ms` since our own publish was
  /// sent, or, for a message of somebody else, since the first lane had it; `origin` is that moment.
  arrived(id, verdict) {
    const at = performance.now(), entry = this.#entry(id);
    entry.firstAt ??= at;
    entry.waiting.push({ at, verdict });
    if (entry.sentAt !== null || this.#inFlight === 0) this.#settle(entry);
  }

  #entry(id) {
    let entry = this.#entries.get(id);
    if (!entry) {
      entry = { sentAt: null, firstAt: null, waiting: [] };
      this.#entries.set(id, entry);
      if (this.#entries.size > REMEMBERED) this.#entries.delete(this.#entries.keys().next().value);
    }
    return entry;
  }

  #settle(entry) {
    const own = entry.sentAt !== null, origin = own ? entry.sentAt : entry.firstAt;
    for (const { at, verdict } of entry.waiting.splice(0)) verdict({ own, origin, ms: at - origin });
  }
}

export function median(numbers) {
  if (numbers.length === 0) return null;
  const sorted = Float64Array.from(numbers).sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
