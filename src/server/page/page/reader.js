// A reader: one cursor and the account of what arrived at it. It does not know which transport feeds it, and so
// it can be handed from one to another.

/// Reads a cursor `<epoch>-<n>`. Both are 64-bit numbers, more than a JavaScript number holds, hence BigInt.
export function parseCursor(text) {
  const match = /^(\d{1,20})-(\d{1,20})$/.exec(text);
  if (!match) throw new Error(`not a cursor: ${text}`);
  return { epoch: BigInt(match[1]), n: BigInt(match[2]) };
}

/// Whether a reader at cursor `at` has already been given `id`.
export function isPast(at, id) {
  const here = parseCursor(at), there = parseCursor(id);
  return here.epoch === there.epoch && there.n <= here.n;
}

/// The cursor right before a message: reading after it gives that message first.
export function before(id) {
  const { epoch, n } = parseCursor(id);
  return `${epoch}-${n > 0n ? n - 1n : n}`;
}

export class Reader {
  received = 0;
  gaps = 0;      // messages that were skipped and that no reset announced
  doubles = 0;   // messages that came a second time

  constructor(name, cursor) {
    this.name = name;
    this.cursor = cursor;
  }

  /// How many messages lie between the cursor and `id`: 0 for the next one, negative for one that was had before.
  skippedBy(id) {
    const here = parseCursor(this.cursor), there = parseCursor(id);
    if (here.epoch !== there.epoch) return 1;   // a new epoch without a reset: something was lost, nobody knows how much
    return Number(there.n - here.n - 1n);
  }

  /// Accounts for a message; true if it is new and the cursor moved onto it.
  accept(id) {
    const skipped = this.skippedBy(id);
    if (skipped < 0) {
      this.doubles += 1;
      return false;
    }
    this.gaps += skipped;
    this.received += 1;
    this.cursor = id;
    return true;
  }

  /// The cursor moves without a message.
  bookmark(id) {
    const skipped = this.skippedBy(id);
    if (skipped < 0) return;
    this.gaps += skipped + 1;     // also the message *at* the bookmark has not been had
    this.cursor = id;
  }

  /// The server cannot go on from our cursor: reading continues at the oldest that is left. Returns how many messages
  /// were lost, as far as the two cursors tell.
  reset(oldest) {
    const here = parseCursor(this.cursor), there = parseCursor(oldest);
    this.cursor = oldest;
    return here.epoch === there.epoch && there.n > here.n ? there.n - here.n : null;
  }
}
