// The bytes on the wire: what each transport sent for one message, taken apart by the server and drawn here, a cell a byte.

import { before } from './reader.js';
import { clone, element } from './view.js';

const HEAD_SHOWN = 96, TAIL_SHOWN = 16;   // bytes of a long field
const REFRESH = 1000;                     // ms at least between two messages while following
const PATIENCE = 10_000;                  // ms for the server's answer

export class WireView {
  #wanted = null;       // the newest message, while following
  #shown = null;
  #timer = null;
  #seen = false;        // whether the section is on the screen

  /// `titles` are the names of the transports by key, in the order of the lanes; `mark(id)` marks the message in the lanes.
  constructor(shared, titles, mark) {
    Object.assign(this, { shared, titles, mark });
    this.root = document.getElementById('wire');
    this.said = document.getElementById('wire-said');
    this.button = document.getElementById('follow');
    this.following = true;
    this.button.addEventListener('click', () => this.follow(!this.following));
    new IntersectionObserver(([entry]) => { this.#seen = entry.isIntersecting; this.#schedule(); }, { rootMargin: '200px' })
      .observe(this.root.parentElement);
  }

  /// A message arrived in some lane.
  arrived(id) {
    if (this.#wanted === id) return;
    this.#wanted = id;
    this.#schedule();
  }

  /// The message was chosen: it stays.
  select(id) {
    if (!id) return;
    this.follow(false);
    this.#show(id);
  }

  follow(on) {
    this.following = on;
    this.button.setAttribute('aria-pressed', on);
    if (on) this.#schedule();
  }

  /// Whoever points at a field or has the focus in one is reading: the view holds still.
  get #beingRead() { return this.root.matches(':hover, :focus-within'); }

  #schedule() {
    if (this.#timer || !this.following || !this.#seen || this.#wanted === null) return;
    if (this.#wanted !== this.#shown && !this.#beingRead) this.#show(this.#wanted);
    this.#timer = setTimeout(() => { this.#timer = null; if (this.#wanted !== this.#shown) this.#schedule(); }, REFRESH);
  }

  async #show(id) {
    this.#shown = id;
    this.mark(id);
    try {
      const answer = await this.shared.errand(() => this.#ask(id));
      if (this.#shown !== id) return;
      if (!answer) return this.#say(`Message ${id} is no longer kept by the server.`);
      this.#say(`Message ${id} as each transport sent it. Point at a field, or walk through them with the Tab key.`);
      this.#draw(answer);
    } catch (error) {
      this.#say(`The server could not be asked for its bytes: ${error.message}`);
    }
  }

  async #ask(id) {
    const url = new URL(`../wire/${this.shared.topic}/${id}`, this.shared.url);
    const response = await fetch(url, { cache: 'no-store', headers: this.shared.tokens.headers('subscribe'), signal: AbortSignal.timeout(PATIENCE) });
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`status ${response.status}`);
    return response.json();
  }

  #say(text) { this.said.textContent = text; }

  #draw({ id, views }) {
    const data = this.shared.dataOf(id);
    const order = Object.keys(this.titles);
    const sorted = [...views].sort((a, b) => order.indexOf(a.transport) - order.indexOf(b.transport));
    this.root.replaceChildren(...sorted.map(view => drawView(view, this.titles[view.transport] ?? view.transport, data, command(view.transport, this.shared, id))));
  }
}

/// How to get the same bytes in a shell.
function command(transport, { url, tokens }, id) {
  const shown = tokens.shell('subscribe');
  const from = `${url}?after=${before(id)}`;
  return {
    websocket: `tidings subscribe --via ws --json --after ${before(id)} ${url}`,
    sse: `curl -N ${shown}-H 'Accept: text/event-stream' '${from}'`,
    stream: `curl -N ${shown}-H 'Accept: application/x-ndjson' '${from}'`,
    'long-poll': `curl -i ${shown}'${from}&wait=25'`,
    'short-poll': `curl -i ${shown}'${from}'`,
  }[transport] ?? '';
}

function drawView({ transport, bytes, fields, note = '' }, title, data, shell) {
  const root = clone('view-template'), part = selector => root.querySelector(selector);
  const octets = bytes.match(/../g)?.map(pair => parseInt(pair, 16)) ?? [];
  root.dataset.view = transport;
  root.dataset.bytes = octets.length;
  root.dataset.fields = fields.length;
  part('h3').textContent = title;
  part('.shell code').textContent = shell;
  const own = data === undefined ? null : Math.min(octets.length, new TextEncoder().encode(data).length);
  part('.size').textContent = own === null ? `${octets.length} bytes` : `${octets.length} bytes, ${own} are the message`;
  part('.share i').style.width = `${own === null ? 0 : (100 * own) / Math.max(1, octets.length)}%`;

  const runs = drawStrip(part('.strip'), octets, fields);
  const chips = fields.map((field, index) => drawField(part('.fields'), field, hue(field, index)));
  const meaning = part('.meaning');
  const rest = `${note} Point at a field to see what it is for.`.trim();
  const show = index => {
    meaning.textContent = index === null ? rest : `${fields[index].name}: ${fields[index].meaning}`;
    meaning.classList.toggle('idle', index === null);
    runs.forEach(run => run.node.classList.toggle('lit', run.inside.includes(index)));
    chips.forEach((chip, at) => chip.classList.toggle('lit', at === index));
  };
  runs.forEach(run => {
    run.node.addEventListener('pointerenter', () => show(run.field));
    run.node.addEventListener('click', () => show(run.field));
  });
  chips.forEach((chip, index) => ['pointerenter', 'focus', 'click'].forEach(kind => chip.addEventListener(kind, () => show(index))));
  chips.forEach(chip => chip.addEventListener('blur', () => show(null)));
  root.addEventListener('pointerleave', () => show(null));
  show(null);
  return root;
}

/// The bytes as runs that belong to the same fields; a byte in several takes the colour of the shortest.
function drawStrip(strip, octets, fields) {
  const runs = [];
  octets.forEach((octet, at) => {
    const inside = fields.flatMap((field, index) => at >= field.at && at < field.at + field.len ? [index] : []);
    const last = runs.at(-1);
    if (last && last.inside.join() === inside.join()) last.octets.push(octet);
    else runs.push({ inside, octets: [octet] });
  });
  for (const run of runs) {
    run.field = run.inside.reduce((best, index) => best === null || fields[index].len < fields[best].len ? index : best, null);
    run.node = element('span', 'run');
    if (run.field !== null) tint(run.node, hue(fields[run.field], run.field));
    const hidden = run.octets.length - HEAD_SHOWN - TAIL_SHOWN;
    if (hidden <= 0) run.node.append(...run.octets.map(cell));
    else run.node.append(...run.octets.slice(0, HEAD_SHOWN).map(cell), element('span', 'cut', `… ${hidden} bytes …`), ...run.octets.slice(-TAIL_SHOWN).map(cell));
    strip.append(run.node);
  }
  return runs;
}

function cell(octet) {
  const node = element('span', 'byte', octet.toString(16).padStart(2, '0').toUpperCase());
  node.append(element('i', '', octet > 0x20 && octet < 0x7f ? String.fromCharCode(octet) : { 0x0a: '\\n', 0x0d: '\\r', 0x20: '␣' }[octet] ?? '·'));
  return node;
}

function drawField(list, field, color) {
  const item = element('li'), chip = element('button', 'field');
  chip.type = 'button';
  chip.append(element('b', '', field.name), element('span', '', field.text.length > 40 ? `${field.text.slice(0, 39)}…` : field.text));
  tint(chip, color);
  item.append(chip);
  list.append(item);
  return chip;
}

/// The message and its cursor have the same colour in every transport; what is around them takes turns.
function hue(field, index) {
  const name = field.name.toLowerCase();
  if (/^data|^message/.test(name)) return { hue: 160, strong: true };
  if (/^(id|cursor|next)\b/.test(name)) return { hue: 265, strong: true };
  if (/^event( name)?$/.test(name)) return { hue: 320, strong: true };
  return { hue: [75, 35, 215, 110, 355][index % 5], strong: false };
}

function tint(node, { hue: degrees, strong }) {
  node.style.setProperty('--hue', degrees);
  node.classList.toggle('strong', strong);
}
