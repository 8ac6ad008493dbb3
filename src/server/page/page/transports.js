// The five transports. Each is one async function over a `Link` (see lane.js) that goes on until its connection ends;
// the lane then backs off and calls it again. What they share is `link.after`: the cursor to go on from.
//
//   websocket   one upgraded connection             the cursor goes into ?after= of the handshake
//   sse         one response, read by EventSource   ?after= at first, then its own Last-Event-ID
//   stream      one response, read by fetch         ?after=
//   longPoll    a request that waits, and another   ?after=C&wait=25
//   shortPoll   a request every two seconds         ?after=C

const SHORT_POLL_EVERY = 2000;      // ms; a second of delay on average, for 30 requests a minute
const LONG_POLL_WAIT = 25;          // s; below the 30 s after which the first proxies give up
const LONG_POLL_PATIENCE = 15_000;  // ms beyond the wait before the answer counts as lost
const STREAM_SILENCE = 45_000;      // ms; the server writes at least every 15 s
const EMPTY_TOO_SOON = 1000;        // ms; an empty long-poll answer earlier than this is not to be answered at once
const NAME_GRACE = 250;             // ms in which a message with a new event name may still come by itself

/// What a transport returns to be called again without any backoff.
export const AGAIN = Symbol('again');

const sizeOf = text => new TextEncoder().encode(text).length;

export async function shortPoll(link) {
  for (;;) {
    const batch = await poll(link, {});
    if (batch.more) continue;
    link.phase('wait', SHORT_POLL_EVERY);
    await link.sleep(SHORT_POLL_EVERY);
  }
}

export async function longPoll(link) {
  await poll(link, {});                          // answered at once: what was missed, and that the server is there
  for (;;) {
    const asked = performance.now();
    link.phase('hold', LONG_POLL_WAIT * 1000);
    const batch = await poll(link, { wait: LONG_POLL_WAIT }, LONG_POLL_WAIT * 1000 + LONG_POLL_PATIENCE);
    const empty = batch.events.length === 0 && !batch.more;
    if (empty && performance.now() - asked < EMPTY_TOO_SOON) return;   // the server is draining: come back, but not at once
  }
}

/// One request with a JSON answer: a batch, or the 410 that says what was lost.
async function poll(link, query, patience = LONG_POLL_PATIENCE) {
  const response = await link.fetch(query, { Accept: 'application/json' }, patience);
  const body = await response.arrayBuffer();     // as bytes, to count them; a truncated body fails here and is thrown away
  const answer = JSON.parse(new TextDecoder().decode(body));
  link.bytes(body.byteLength);
  link.opened();
  link.fruitful = true;
  if (response.status === 410) {
    link.reset(answer);
    return { events: [], more: true };           // at once again, from the oldest that is left
  }
  answer.events.forEach(message => link.message(message));
  link.bookmark(answer.next);
  return answer;
}

export async function stream(link) {
  const response = await link.fetch({}, { Accept: 'application/x-ndjson' });
  if (response.status === 410) {
    link.reset(await response.json());
    return AGAIN;
  }
  link.opened();
  link.phase('open');
  const reader = response.body.getReader(), decoder = new TextDecoder();
  for (let rest = ''; ;) {
    const { done, value } = await link.within(STREAM_SILENCE, reader.read());
    if (done) return;
    link.bytes(value.byteLength);
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop();                          // what has no line end yet; lost and sent again if the stream is cut here
    for (const line of lines) {
      link.bytes(sizeOf(`${(sizeOf(line) + 1).toString(16)}\r\n\r\n`), 'assumed');   // its chunk size, which no script sees
      if (line) link.envelope(JSON.parse(line));
    }
  }
}

export function websocket(link) {
  return new Promise((resolve, reject) => {
    const url = link.address;
    url.protocol = url.protocol.replace('http', 'ws');
    const socket = new WebSocket(url, 'tidings.v1');
    link.requested();
    socket.onopen = () => {
      if (link.signal.aborted) return socket.close();   // closing earlier would be reported as an error
      link.bytes(sizeOf(upgradeAnswer(socket)), 'assumed');
      link.opened();
      link.phase('open');
    };
    socket.onmessage = ({ data }) => {
      const payload = sizeOf(data);
      link.bytes(payload + (payload < 126 ? 2 : payload < 65_536 ? 4 : 10), 'assumed');   // RFC 6455 §5.2, no mask
      try {
        link.envelope(JSON.parse(data));
      } catch (error) {
        socket.close(4000, 'not an envelope');
        reject(error);
      }
    };
    socket.onclose = () => resolve();
    link.signal.addEventListener('abort', () => {
      if (socket.readyState === WebSocket.OPEN) socket.close(1000);
      resolve();
    });
  });
}

const upgradeAnswer = socket => 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
  + `Sec-WebSocket-Accept: ${'x'.repeat(28)}\r\nSec-WebSocket-Protocol: ${socket.protocol}\r\n`
  + (socket.extensions ? `Sec-WebSocket-Extensions: ${socket.extensions}\r\n\r\n` : '\r\n');

export function sse(link) {
  return new Promise((resolve, reject) => {
    const source = new EventSource(link.address);
    const end = outcome => { source.close(); unwatch(); resolve(outcome); };
    link.requested();

    // A message may bear the event name "open" or "error": that one is a MessageEvent.
    source.addEventListener('open', event => {
      if (event instanceof MessageEvent) return;
      link.opened();
      link.phase('open');
    });
    source.addEventListener('error', event => {
      if (event instanceof MessageEvent) return;
      if (source.readyState === EventSource.CLOSED) return end();
      link.waiting();                            // it reconnects by itself and sends Last-Event-ID
      link.requested();
    });

    const receive = async event => {
      if (!(event instanceof MessageEvent) || source.readyState === EventSource.CLOSED) return;
      const id = event.lastEventId;
      link.bytes(sizeOf(asBlock(event)), 'assumed');
      if (link.skippedBy(id) > 0 && link.learning()) {
        source.close();                          // perhaps a message whose event name we do not listen to: look, then again
        try { await link.learn(); } catch (error) { return reject(error); }
        return end(AGAIN);
      }
      link.message({ id, event: event.type === 'message' ? undefined : event.type, data: event.data });
    };
    source.addEventListener('tidings.reset', event => {
      link.bytes(sizeOf(asBlock(event)), 'assumed');
      link.reset(JSON.parse(event.data));
    });

    const listening = new Set();
    const listen = name => {
      if (!listening.has(name)) source.addEventListener(name, receive);
      listening.add(name);
    };
    ['message', ...link.names.known].forEach(listen);
    const unwatch = link.names.watch((name, id) => {
      listen(name);
      if (id) setTimeout(() => !link.signal.aborted && link.skippedBy(id) >= 0 && end(AGAIN), NAME_GRACE);
    });
    link.signal.addEventListener('abort', () => end());
  });
}

/// The block of an event stream that made this event, in one chunk.
function asBlock(event) {
  const name = event.type === 'message' ? '' : `event: ${event.type}\n`;
  const data = event.data.split('\n').map(line => `data: ${line}\n`).join('');
  const block = `id: ${event.lastEventId}\n${name}${data}\n`;
  return `${sizeOf(block).toString(16)}\r\n${block}\r\n`;
}
