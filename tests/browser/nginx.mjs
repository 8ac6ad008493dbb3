// nginx as Debian packages it, and `tidings serve` behind it, for the tests that have them. Whatever was started here,
// `endAll` ends.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const WITHIN = 20_000;    // ms; the slowest is a browser's reconnection
export const folder = mkdtempSync(join(tmpdir(), 'tidings-nginx-'));
const children = [];             // whoever was started, to be ended by its PID

/// The server to test, at a port or anywhere.
export async function serve(port = 0, ...options) {
  const child = start(process.env.TIDINGS_BIN, 'serve', '--addr', `127.0.0.1:${port}`, ...options);
  const [line] = await within(WITHIN, once(createInterface({ input: child.stdout }), 'line'));
  return {
    port: Number(new URL(line.replace('listening on ', '')).port),
    async end(signal) { child.kill(signal); await within(WITHIN, child.ended); },
  };
}

/// What Debian's nginx.conf says, as far as it has to do with serving, and these `server` blocks. Runs as soon as `url` is
/// answered.
export async function startNginx(servers, url) {
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
      ${servers}
    }`);
  const master = start(process.env.NGINX_BIN, '-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr');
  const workers = () => readFileSync(`/proc/${master.pid}/task/${master.pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  await eventually(() => fetch(url).then(answer => answer.ok, () => false));
  return { killWorkers: () => workers().forEach(pid => process.kill(pid, 'SIGKILL')) };
}

export async function freePort() {
  const free = createServer().listen(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  await new Promise(done => free.close(done));
  return port;
}

export async function eventually(isSo) {
  for (const until = Date.now() + WITHIN; !await isSo();) assert.ok(Date.now() < until, `not so: ${isSo}`);
}

export async function within(time, promise) {
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

export async function endAll() {
  for (const child of children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
    child.kill('SIGTERM');
    await within(WITHIN, child.ended).catch(() => child.kill('SIGKILL'));
  }
  rmSync(folder, { recursive: true, force: true });
}
