// The live page: one topic over five transports side by side, in plain modules that the server holds in itself.
//
//   page.js        puts it all together (this file)
//   reader.js      a cursor and what arrived at it: gaps, doubles
//   lane.js        a transport that feeds a reader, kept alive by full-jitter backoff
//   transports.js  the five of them, on fetch, EventSource and WebSocket
//   names.js       the event names seen so far, for EventSource
//   ledger.js      when a message was sent, when each lane had it
//   publish.js     the box to publish with
//   tokens.js      what is shown to a server that asks for tokens
//   wire.js        the bytes on the wire, field by field
//   view.js        what lanes and readers look like
//
// Connections: EventSource, stream and long poll hold one each, a short poll takes one at times, and all else (publishing,
// asking for bytes) goes one after the other through `errand`. That makes five of the six that a browser grants; the
// WebSocket is counted apart.

import { Lane } from './page/lane.js';
import { Ledger } from './page/ledger.js';
import { Names } from './page/names.js';
import { Publisher } from './page/publish.js';
import { Reader, isPast, parseCursor } from './page/reader.js';
import { Tokens, wantsToken } from './page/tokens.js';
import { longPoll, shortPoll, sse, stream, websocket } from './page/transports.js';
import { LaneView, ReaderView } from './page/view.js';
import { WireView } from './page/wire.js';

const HISTORY = 5;              // messages from before the page was opened
const DATA_KEPT = 200;          // messages whose text is remembered for the view of the bytes
const ASK_AGAIN = 2000;         // ms until the server is asked again whether it is there
const TOPIC = /^[A-Za-z0-9._-]{1,128}$/;

const TRANSPORTS = [
  { key: 'websocket', connect: websocket, title: 'WebSocket',
    what: 'One upgraded connection with frames both ways. Costs 2 to 10 bytes a message, and code of your own to reconnect.' },
  { key: 'sse', connect: sse, title: 'Server-Sent Events',
    what: 'One response that never ends, read by EventSource, which reconnects by itself. Costs its field names; text, one way.' },
  { key: 'stream', connect: stream, title: 'HTTP streaming',
    what: 'One response that never ends, a JSON object a line, read by fetch. Costs a connection, and code to reconnect.' },
  { key: 'long-poll', connect: longPoll, title: 'Long polling',
    what: 'A request that waits up to 25 s for news, then the next. Costs a request and two heads for each answer.' },
  { key: 'short-poll', connect: shortPoll, title: 'Short polling',
    what: 'A request every 2 s, news or none. Costs a request even for nothing, and a second of delay on average.' },
];

const $ = id => document.getElementById(id);
const tokens = new Tokens();   // first: it takes what is its own off the address
const topic = chosenTopic();
const shared = {
  topic,
  url: new URL(`topics/${topic}`, document.baseURI).href.replace(/[?#].*$/, ''),
  ledger: new Ledger(),
  names: new Names(),
  errand: inTurn(),
  tokens,
  dataOf: id => texts.get(id),
  heard,
  bornAt: null,                 // the newest message when the page was opened
};
const texts = new Map();
let newest = null;
const lanes = TRANSPORTS.map(transport => new Lane(transport, shared));
const views = lanes.map((lane, index) => new LaneView(lane, TRANSPORTS[index]));
const wire = new WireView(shared, Object.fromEntries(TRANSPORTS.map(({ key, title }) => [key, title])), id => readers().forEach(view => view.mark(id)));
const publisher = new Publisher(shared);
const readers = () => views.map(view => view.reader);

describe();
listen();
open();

function chosenTopic() {
  const wanted = location.hash.slice(1) || new URLSearchParams(location.search).get('topic') || 'news';
  return TOPIC.test(wanted) ? wanted : 'news';
}

function describe() {
  document.title = `${topic} · tidings`;
  $('topic').value = topic;
  $('curl').textContent = `curl ${tokens.shell('publish')}-d 'hello from a shell' ${shared.url}`;
  $('copy').hidden = !navigator.clipboard;
}

function listen() {
  addEventListener('hashchange', () => location.reload());
  $('topic-form').addEventListener('submit', submit => {
    submit.preventDefault();
    location.hash = $('topic').value;
  });
  $('copy').addEventListener('click', () => navigator.clipboard.writeText($('curl').textContent).then(() => { $('copy').textContent = 'copied'; }));
  $('rotate').addEventListener('click', rotate);
}

/// Finds out where the topic stands, so that all five begin at the same cursor, a few messages back; then starts them.
async function open() {
  let at;
  while (!at) {
    try {
      at = await beginning();
    } catch (error) {
      if (wantsToken(error.status)) {
        await tokens.ask('subscribe', error.status);
        continue;
      }
      trouble(`The server does not answer (${error.message}); asking again.`);
      await new Promise(resolve => setTimeout(resolve, ASK_AGAIN));
    }
  }
  trouble('');
  views.forEach((view, index) => {
    view.take(new ReaderView(new Reader('ABCDE'[index], at), id => wire.select(id)));
    $('lanes').append(view.root);
  });
  rest(document.hidden);
  document.addEventListener('visibilitychange', () => rest(document.hidden));
  addEventListener('pagehide', () => rest(true));
  addEventListener('pageshow', () => rest(document.hidden));
}

async function beginning() {
  const { next } = await ask('now');
  const { epoch, n } = parseCursor(next);
  const batch = await ask(`${epoch}-${n > HISTORY ? n - BigInt(HISTORY) : 0n}`);
  batch.events?.forEach(({ event }) => event && shared.names.add(event, null));
  shared.bornAt = next;
  return batch.reset ? batch.oldest : `${epoch}-${n > HISTORY ? n - BigInt(HISTORY) : 0n}`;
}

async function ask(after) {
  const response = await fetch(`${shared.url}?after=${after}`, { cache: 'no-store', headers: { Accept: 'application/json', ...tokens.headers('subscribe') } });
  if (!response.ok && response.status !== 410) throw Object.assign(new Error(`status ${response.status}`), { status: response.status });
  return response.json();
}

/// A hidden tab gives its connections back; shown again, the lanes that it stopped go on at their cursors.
function rest(hidden) {
  for (const lane of lanes) {
    if (hidden && lane.running) {
      lane.stop('while hidden');
      lane.resting = true;
    } else if (!hidden && (lane.resting ?? true)) {
      lane.resting = false;
      lane.start();
    }
  }
}

/// Every reader moves on to the next transport with its cursor. Nothing may be lost or doubled by that.
function rotate() {
  const running = lanes.map(lane => lane.running), moved = readers();
  const places = moved.map(view => view.root.getBoundingClientRect());
  lanes.forEach(lane => lane.stop());
  views.forEach((view, index) => {
    const from = (index + views.length - 1) % views.length, reader = moved[from];
    view.take(reader);
    reader.row({ kind: 'note', text: `from ${TRANSPORTS[from].title} at ${reader.reader.cursor}` });
    slide(reader.root, places[from]);
    if (running[index]) lanes[index].start();
  });
}

function slide(node, from) {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const to = node.getBoundingClientRect(), shift = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
  node.animate([{ transform: shift }, { transform: 'none' }], { duration: 450, easing: 'ease-in-out' });
}

/// A lane has a message; the first lane that has it brings news.
function heard({ id, data }) {
  if (texts.has(id)) return;
  texts.set(id, data);
  if (texts.size > DATA_KEPT) texts.delete(texts.keys().next().value);
  if (newest && isPast(newest, id)) return;      // a lane that catches up
  newest = id;
  wire.arrived(id);
}

/// Runs asynchronous jobs one after the other.
function inTurn() {
  let last = Promise.resolve();
  return job => {
    const result = last.then(job);
    last = result.catch(() => {});
    return result;
  };
}

function trouble(text) {
  $('trouble').textContent = text;
  $('trouble').hidden = !text;
}
