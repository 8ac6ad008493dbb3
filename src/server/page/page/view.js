// How a lane and its reader look. Data reaches the page as text only (`textContent`), and is drawn at most once a frame.

const KEPT_ROWS = 60;
const TEXT_SHOWN = 160;     // characters of a message in its row
const SVG = 'http://www.w3.org/2000/svg';
const AXIS = { from: -1, to: 4 };   // the latency picture: 10^-1 to 10^4 ms, logarithmic

export const clone = id => document.getElementById(id).content.firstElementChild.cloneNode(true);

export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

export function duration(ms) {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  return `${(ms / 1000).toFixed(1)} s`;
}

export function size(bytes) {
  if (bytes < 10_000) return `${bytes}`;
  if (bytes < 999_500) return `${(bytes / 1000).toFixed(bytes < 99_950 ? 1 : 0)} k`;
  return `${(bytes / 1e6).toFixed(1)} M`;
}

/// The transport's half: state, figures, button. It holds a `ReaderView`, which may move on to another lane.
export class LaneView {
  #due = false;

  constructor(lane, text) {
    this.lane = lane;
    lane.view = this;
    this.root = clone('lane-template');
    this.root.dataset.lane = lane.transport.key;
    this.part = selector => this.root.querySelector(selector);
    this.part('h3').textContent = text.title;
    this.part('.what').textContent = text.what;
    this.part('.toggle').addEventListener('click', () => lane.running ? lane.stop() : lane.start());
    this.part('.toggle').setAttribute('aria-label', `Disconnect or reconnect ${text.title}`);
    this.title = text.title;
  }

  take(readerView) {
    this.reader = readerView;
    this.lane.reader = readerView.reader;
    this.root.append(readerView.root);
    readerView.list.setAttribute('aria-label', `Messages over ${this.title}, newest first`);
    this.changed();
  }

  row(row) { this.reader.row(row); }

  changed() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => { this.#due = false; this.#draw(); });
  }

  #draw() {
    const { lane, root, part } = this, { ms, own } = lane.median();
    Object.assign(root.dataset, {
      state: lane.state, requests: lane.requests, bytes: lane.byteCount, received: lane.received, median: ms === null ? '' : ms.toFixed(2),
    });
    part('.state span').textContent = `${lane.state}${lane.detail && ` ${lane.detail}`}`;
    part('.toggle').textContent = lane.running ? 'Disconnect' : 'Reconnect';
    part('.median').textContent = ms === null ? '–' : `${own ? '' : '+'}${duration(ms)}`;
    part('.basis').textContent = ms === null || own ? 'median latency' : 'behind the first';
    part('.received').textContent = lane.received;
    part('.requests').textContent = lane.requests;
    part('.bytes').textContent = `${lane.assumed ? '≈ ' : ''}${size(lane.byteCount)}`;
    this.#drawLatencies();
    this.#drawPhase();
    this.reader.draw();
  }

  #drawLatencies() {
    const { own, behind } = this.lane.latencies, list = own.length ? own : behind, { ms } = this.lane.median();
    const marks = list.map(latency => mark(latency, 'tick'));
    if (ms !== null) marks.push(mark(ms, 'middle'));
    this.part('svg').replaceChildren(...marks);
  }

  /// The line above a lane: full for an open stream, filling while a poll is held or waits for its turn.
  #drawPhase() {
    const { step } = this.lane;
    if (step === this.step) return;
    this.step = step;
    const line = this.part('.phase i');
    this.root.dataset.phase = step.name;
    line.getAnimations().forEach(animation => animation.cancel());
    if (step.ms) line.animate([{ transform: 'scaleX(0)' }, { transform: 'scaleX(1)' }], { duration: step.ms, fill: 'forwards' });
  }
}

function mark(ms, className) {
  const line = document.createElementNS(SVG, 'rect');
  const at = (Math.log10(Math.max(ms, 1e-3)) - AXIS.from) / (AXIS.to - AXIS.from);
  const width = className === 'middle' ? 1.2 : 0.7;
  line.setAttribute('class', className);
  line.setAttribute('x', (Math.min(1, Math.max(0, at)) * (100 - width)).toFixed(2));
  line.setAttribute('width', width);
  line.setAttribute('height', 14);
  return line;
}

/// The reader's half: its cursor, its account, its messages.
export class ReaderView {
  #queue = [];

  constructor(reader, select) {
    this.reader = reader;
    this.root = clone('reader-template');
    this.list = this.root.querySelector('ol');
    this.root.querySelector('.who').textContent = `reader ${reader.name}`;
    this.list.addEventListener('click', ({ target }) => select(target.closest('[data-id]')?.dataset.id));
    this.list.addEventListener('keydown', event => this.#key(event, select));
  }

  row(row) {
    this.#queue.push(row);
    if (this.#queue.length > KEPT_ROWS) this.#queue.shift();
  }

  draw() {
    const { reader, root, list } = this;
    root.querySelector('.cursor code').textContent = reader.cursor;
    account(root.querySelector('.gaps'), reader.gaps, 'gap');
    account(root.querySelector('.doubles'), reader.doubles, 'double');
    Object.assign(root.dataset, { cursor: reader.cursor, gaps: reader.gaps, doubles: reader.doubles });
    for (const row of this.#queue.splice(0)) list.prepend(row.kind === 'message' ? messageRow(row, reader, this.selected) : noteRow(row));
    while (list.childElementCount > KEPT_ROWS) list.lastElementChild.remove();
  }

  /// Marks the row of message `id`, if there is one.
  mark(id) {
    this.selected = id;
    this.list.setAttribute('aria-activedescendant', rowId(this.reader, id));
    for (const row of this.list.querySelectorAll('[data-id]')) row.setAttribute('aria-selected', row.dataset.id === id);
  }

  #key(event, select) {
    const rows = [...this.list.querySelectorAll('[data-id]')], at = rows.findIndex(row => row.dataset.id === this.selected);
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? 0 : at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined || !rows[to]) return;
    event.preventDefault();
    select(rows[to].dataset.id);
    rows[to].scrollIntoView({ block: 'nearest' });
  }
}

function account(node, count, word) {
  node.textContent = `${count} ${word}${count === 1 ? '' : 's'}`;
  node.classList.toggle('good', count === 0);
}

const rowId = (reader, id) => `row-${reader.name}-${id}`;

function messageRow(row, reader, selected) {
  const item = element('li', 'message');
  item.id = rowId(reader, row.id);
  item.setAttribute('role', 'option');
  item.setAttribute('aria-selected', row.id === selected);
  item.dataset.id = row.id;
  item.title = row.id;
  item.append(element('span', 'n', row.id.slice(row.id.indexOf('-') + 1)));
  if (row.event) item.append(element('span', 'event', row.event));
  item.append(element('span', 'text', row.data.length > TEXT_SHOWN ? `${row.data.slice(0, TEXT_SHOWN)}…` : row.data));
  const when = element('span', 'when');
  item.append(when);
  row.settled = () => showTiming(when, row.timing);
  if (row.timing) row.settled();
  return item;
}

function showTiming(node, { kept, caughtUp, own, ms }) {
  if (kept) node.textContent = 'kept';
  else if (caughtUp) node.textContent = 'caught up';
  else node.textContent = own ? duration(ms) : ms === 0 ? 'first' : `+${duration(ms)}`;
  node.classList.toggle('own', Boolean(own && !caughtUp));
}

function noteRow(row) {
  const item = element('li', row.kind, row.text);
  item.setAttribute('role', 'presentation');
  if (row.reason) item.dataset.reset = row.reason;
  if (row.bad) item.classList.add('bad');
  return item;
}
