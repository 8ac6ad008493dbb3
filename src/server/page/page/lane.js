// A lane: one transport that feeds one reader, kept alive. It counts requests, bytes and latency, which belong to the
// transport; cursor, gaps and doubles belong to the reader.
//
//   paused ──start()──► reconnecting ──the link opens──► live
//      ▲                   ▲   └── full-jitter backoff ◄──┘ the link ends
//      └── stop() from anywhere; what an old link still says is not heard

import { AGAIN } from './transports.js';
import { median } from './ledger.js';
import { isPast } from './reader.js';

const BACKOFF_FIRST = 500;      // ms
const BACKOFF_MOST = 15_000;    // ms
const PROVEN = 5000;            // ms that a connection must live to be worth a quick retry, if it brought nothing
const LATENCIES = 50;           // the newest ones, for the median and the picture
const FATAL = [400, 401, 403, 404];   // asking again would not help

export class Lane {
  state = 'paused';
  detail = '';
  step = { name: 'idle', ms: 0 };
  requests = 0;
  received = 0;
  byteCount = 0;
  assumed = false;              // whether some of the bytes were computed and not seen
  latencies = { own: [], behind: [] };
  #stop = null;
  #learntAt = null;

  /// `shared` is { url, ledger, names, errand, tokens, heard, bornAt }; `view` is told of { changed(), row(row) }.
  constructor(transport, shared) {
    this.transport = transport;
    this.shared = shared;
  }

  get running() { return this.#stop !== null; }

  start() {
    if (this.#stop) return;
    this.startedAt = performance.now();
    this.#stop = new AbortController();
    this.#run(this.#stop.signal);
  }

  stop(detail = '') {
    this.#stop?.abort();
    this.#stop = null;
    this.set('paused', detail);
  }

  /// The median latency and what it is of: our own messages if there were any.
  median() {
    const { own, behind } = this.latencies;
    return own.length ? { ms: median(own), own: true } : { ms: median(behind), own: false };
  }

  set(state, detail = '', step = { name: 'idle', ms: 0 }) {
    Object.assign(this, { state, detail, step });
    this.view?.changed();
  }

  async #run(signal) {
    for (let attempt = 0; !signal.aborted;) {
      const link = new Link(this, signal), since = performance.now();
      let outcome, failure;
      this.set('reconnecting');
      try {
        outcome = await this.transport.connect(link);
      } catch (error) {
        failure = error;
      }
      link.end();
      if (signal.aborted) return;
      if (outcome === AGAIN) continue;
      if (FATAL.includes(failure?.status)) return this.stop(`refused: ${failure.status}`);
      if (link.fruitful || performance.now() - since > PROVEN) attempt = 0;
      const most = Math.min(BACKOFF_MOST, BACKOFF_FIRST * 2 ** attempt++);
      const delay = failure?.retryAfter ?? Math.random() * most;
      this.set('reconnecting', `in ${(delay / 1000).toFixed(1)} s`, { name: 'wait', ms: delay });
      await sleep(delay, signal).catch(() => {});
    }
  }

  message({ id, event, data }) {
    const { reader, shared } = this;
    if (event) shared.names.add(event, id);
    if (!reader.accept(id)) {
      this.view?.row({ kind: 'note', text: `a second time: ${id}`, bad: true });
      return;
    }
    this.received += 1;
    shared.heard({ id, data });
    const row = { kind: 'message', id, event, data, timing: null, settled: null };
    if (isPast(shared.bornAt, id)) row.timing = { kept: true };
    else shared.ledger.arrived(id, verdict => this.#settle(row, verdict));
    this.view?.row(row);
  }

  #settle(row, { own, origin, ms }) {
    const caughtUp = origin < this.startedAt;    // published while this lane was not there to hear it
    row.timing = { own, ms, caughtUp };
    if (!caughtUp) {
      const list = own ? this.latencies.own : this.latencies.behind;
      list.push(ms);
      if (list.length > LATENCIES) list.shift();
    }
    row.settled?.();
    this.view?.changed();
  }

  reset(body) {
    const reason = body.reset ?? body.reason, lost = this.reader.reset(body.oldest);
    const what = { trimmed: 'the log has moved past the cursor', epoch: 'the topic was begun anew', future: 'the cursor is ahead of the topic' };
    const count = lost === null ? '' : `${lost} lost, `;
    this.view?.row({ kind: 'reset', reason, text: `reset (${reason}): ${what[reason] ?? 'the cursor cannot go on'}; ${count}on at ${body.oldest}` });
  }

  /// True once for each cursor: whether it is worth looking for event names that EventSource has not heard.
  learning() {
    const first = this.#learntAt !== this.reader.cursor;
    this.#learntAt = this.reader.cursor;
    return first;
  }
}

/// One connection (or one run of polls) of a lane, as its transport sees it. Once it has ended it is deaf.
class Link {
  fruitful = false;             // it brought something: the next retry may be quick
  #over = new AbortController();

  constructor(lane, signal) {
    this.lane = lane;
    this.signal = AbortSignal.any([signal, this.#over.signal]);
  }

  /// Closes whatever the transport left open.
  end() { this.#over.abort(); }

  get after() { return this.lane.reader.cursor; }
  get names() { return this.lane.shared.names; }
  skippedBy(id) { return this.lane.reader.skippedBy(id); }
  learning() { return this.lane.learning(); }

  url(query) {
    const url = new URL(this.lane.shared.url);
    Object.entries(query).forEach(([name, value]) => url.searchParams.set(name, value));
    return url;
  }

  /// Where to go on from, for what cannot send headers.
  get address() { return this.url({ after: this.after, ...this.lane.shared.tokens.query('subscribe') }); }

  /// Asks from the cursor on. An answer but 2xx and 410 is a failure, with `status` and perhaps `retryAfter` in ms.
  async fetch(query, headers, patience) {
    this.requested();
    const url = this.url({ after: this.after, ...query });
    const signal = patience ? AbortSignal.any([this.signal, AbortSignal.timeout(patience)]) : this.signal;
    const response = await fetch(url, { headers: { ...headers, ...this.lane.shared.tokens.headers('subscribe') }, signal, cache: 'no-store' });
    const lines = [`HTTP/1.1 ${response.status} ${response.statusText}`, ...[...response.headers].map(pair => pair.join(': '))];
    this.bytes(lines.reduce((sum, line) => sum + line.length + 2, 2));
    if (!response.ok && response.status !== 410) throw failed(response);
    return response;
  }

  async sleep(ms) { await sleep(ms, this.signal); }

  /// The promise, or a failure if it takes longer than `ms`.
  async within(ms, promise) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('silent for too long')), ms); });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /// Asks for the messages after the cursor, only to learn their event names.
  async learn() {
    await this.lane.shared.errand(async () => {
      const response = await this.fetch({}, { Accept: 'application/json' });
      const body = await response.arrayBuffer(), batch = JSON.parse(new TextDecoder().decode(body));
      this.bytes(body.byteLength);
      batch.events?.forEach(({ event }) => event && this.names.add(event, null));
    });
  }

  #heard(action) { if (!this.signal.aborted) action(this.lane); }
  requested() { this.#heard(lane => { lane.requests += 1; lane.view?.changed(); }); }
  opened() { this.#heard(lane => lane.set('live', '', lane.step)); }
  waiting() { this.#heard(lane => lane.set('reconnecting')); }
  phase(name, ms = 0) { this.#heard(lane => lane.set(lane.state, lane.detail, { name, ms })); }
  bytes(count, assumed) { this.#heard(lane => { lane.byteCount += count; lane.assumed ||= Boolean(assumed); lane.view?.changed(); }); }
  message(message) { this.#heard(lane => { this.fruitful = true; lane.message(message); }); }
  bookmark(id) { this.#heard(lane => { lane.reader.bookmark(id); lane.view?.changed(); }); }
  reset(body) { this.#heard(lane => lane.reset(body)); }

  /// The NDJSON and WebSocket form of all of these.
  envelope(envelope) {
    if (envelope.type === 'message') this.message(envelope);
    else if (envelope.type === 'bookmark') this.bookmark(envelope.id);
    else if (envelope.type === 'reset') this.reset(envelope);
    // "drain" needs nothing: the end of the connection follows, and then we come back.
  }
}

function failed(response) {
  const after = Number(response.headers.get('Retry-After') ?? NaN);
  return Object.assign(new Error(`status ${response.status}`),
    { status: response.status, retryAfter: Number.isFinite(after) ? Math.min(after * 1000, 60_000) : undefined });
}

export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() { signal.removeEventListener('abort', stop); resolve(); }
    function stop() { clearTimeout(timer); reject(signal.reason); }
    signal.addEventListener('abort', stop, { once: true });
  });
}
