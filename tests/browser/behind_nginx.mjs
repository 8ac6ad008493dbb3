// A browser's own EventSource behind nginx as Debian packages it, with nothing but `proxy_pass` said. Started by `run`.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const { chromium } = createRequire(process.env.PLAYWRIGHT_AT)('playwright-core');
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
const AT_ONCE = 2_000;           // ms; what nginx buffers arrives when the stream ends, which here is never
const ARRIVES_WITHIN = 20_000;   // ms; the slowest is a browser's reconnection
const folder = mkdtempSync(join(tmpdir(), 'tidings-nginx-'));
const children = [];             // whoever was started, to be ended by its PID
let page, server, nginx, numbered = 0;
const published = [];

const checks = {
  async 'it is nginx that answers'() {
    await page.goto(nginx.url('/healthz'));
    assert.match(await page.evaluate(async () => (await fetch('/healthz')).headers.get('server')), /^nginx\//);
  },

  async 'events arrive at once'() {
    await page.evaluate(listen);
    await page.waitForFunction(() => seen.opened === 1);
    for (let n = 0; n < 5; n += 1) {
      await publish();
      await arrived(AT_ONCE);
    }
  },

  async 'lines of a stream and a long poll arrive at once, too'() {
    await page.evaluate(() => {
      globalThis.line = (async () => {
        const { body } = await fetch('/topics/t', { headers: { Accept: 'application/x-ndjson' } });
        let text = '';
        for await (const piece of body.pipeThrough(new TextDecoderStream())) {
          text += piece;
          if (text.includes('"message"')) return text;
        }
      })();
      globalThis.poll = fetch('/topics/t?after=now&wait=50').then(answer => answer.json());
    });
    for (const via of ['stream', 'long-poll']) {
      await eventually(async () => (await metrics()).includes(`tidings_subscribers{transport="${via}"} 1\n`));
    }
    const data = await publish();
    const [line, poll] = await within(AT_ONCE, page.evaluate(() => Promise.all([line, poll])));
    assert.ok(line.includes(data), line);
    assert.equal(poll.events[0].data, data);
    await arrived(AT_ONCE);
  },

  async 'killed workers of nginx cost no event: the browser resumes by Last-Event-ID'() {
    for (let turn = 1; turn <= 2; turn += 1) {
      nginx.killWorkers();
      await page.waitForFunction(turn => seen.errors === turn, turn);
      for (let n = 0; n < 3; n += 1) await publish();
      await arrived(ARRIVES_WITHIN);
      assert.equal(await page.evaluate(() => seen.opened), turn + 1);
      await publish();
      await arrived(AT_ONCE);
    }
    assert.deepEqual(await page.evaluate(() => seen.resets), []);
  },

  async 'a server that comes back without its log is told by tidings.reset'() {
    await server.end('SIGTERM');
    await serve(server.port);
    await publish();
    await publish();
    await arrived(ARRIVES_WITHIN);
    const resets = await page.evaluate(() => seen.resets);
    assert.deepEqual(resets.map(reset => JSON.parse(reset).reset), ['epoch']);
    await publish();
    await arrived(AT_ONCE);
  },
};

/// In the page: everything that an EventSource says.
function listen() {
  globalThis.seen = { opened: 0, errors: 0, data: [], ids: [], resets: [] };
  const source = new EventSource('/topics/t');
  source.onopen = () => { seen.opened += 1; };
  source.onerror = () => { seen.errors += 1; };
  source.onmessage = event => { seen.data.push(event.data); seen.ids.push(event.lastEventId); };
  source.addEventListener('tidings.reset', event => seen.resets.push(event.data));
}

/// To the server itself: nginx is for those who listen.
async function publish() {
  const data = `message ${numbered += 1}`;
  const answer = await fetch(`http://127.0.0.1:${server.port}/topics/t`, { method: 'POST', body: data, signal: AbortSignal.timeout(ARRIVES_WITHIN) });
  assert.equal(answer.status, 201);
  published.push({ data, id: (await answer.json()).id });
  return data;
}

/// The EventSource has everything that was published, once and in order.
async function arrived(time) {
  await page.waitForFunction(last => seen.data.at(-1) === last, published.at(-1).data, { timeout: time, polling: 20 });
  const { data, ids } = await page.evaluate(() => seen);
  assert.deepEqual(data, published.map(message => message.data));
  assert.deepEqual(ids, published.map(message => message.id));
}

const metrics = async () => (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();

async function eventually(isSo) {
  for (const until = Date.now() + ARRIVES_WITHIN; !await isSo();) assert.ok(Date.now() < until, `not so: ${isSo}\n${await metrics()}`);
}

async function within(time, promise) {
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error(`not within ${time} ms`)), time); });
  try { return await Promise.race([promise, late]); } finally { clearTimeout(timer); }
}

function start(command, ...args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.ended = once(child, 'exit');
  children.push(child);
  return child;
}

async function serve(port) {
  const child = start(process.env.TIDINGS_BIN, 'serve', '--addr', `127.0.0.1:${port}`);
  const [line] = await within(ARRIVES_WITHIN, once(createInterface({ input: child.stdout }), 'line'));
  server = { port: Number(new URL(line.replace('listening on ', '')).port), async end(signal) { child.kill(signal); await within(ARRIVES_WITHIN, child.ended); } };
}

/// What Debian's nginx.conf says, as far as it has to do with serving, and a `proxy_pass` without more.
async function startNginx() {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  await new Promise(done => free.close(done));
  chmodSync(folder, 0o755); // the workers of a root's nginx are somebody else
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(kind => `${kind}_temp_path ${folder}/${kind};`);
  writeFileSync(join(folder, 'nginx.conf'), `
    daemon off;
    worker_processes auto;
    pid ${folder}/nginx.pid;
    events { worker_connections 768; }
    http {
      sendfile on;
      tcp_nopush on;
      types_hash_max_size 2048;
      default_type application/octet-stream;
      gzip on;
      access_log off;
      ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port};
        location / { proxy_pass http://127.0.0.1:${server.port}; }
      }
    }`);
  const master = start(process.env.NGINX_BIN, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr');
  const workers = () => readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  nginx = { url: path => `http://127.0.0.1:${port}${path}`, killWorkers: () => workers().forEach(pid => process.kill(pid, 'SIGKILL')) };
  await eventually(() => fetch(nginx.url('/healthz')).then(answer => answer.ok, () => false));
}

async function endAll() {
  for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGTERM');
    await within(ARRIVES_WITHIN, child.ended).catch(() => child.kill('SIGKILL'));
  }
  rmSync(folder, { recursive: true, force: true });
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: FLAGS });
try {
  await serve(0);
  await startNginx();
  page = await (await browser.newContext()).newPage();
  page.setDefaultTimeout(ARRIVES_WITHIN);
  for (const [name, check] of Object.entries(checks)) {
    await check();
    console.log(`ok  behind nginx: ${name}`);
  }
} catch (error) {
  console.error(`FAILED  ${error.stack}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  await endAll();
}
