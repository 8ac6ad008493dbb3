// Servers in Node: node_server.mjs KIND WHAT prints where it listens, and then what it sees, a line each.
//
//   echo OPTIONS      npm `ws`, the options being those of its perMessageDeflate; /fragments answers in fragments
//   feed CONNECTIONS  npm `ws`: what each connection is sent; {"hex"} is a binary message, a number closes
//   events STREAMS    an event stream: for each request the pieces that are written, {"hex"} as bytes; null ends it
//   express STREAMS   the same at /news, from an Express application

import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(`${process.env.NODE_PACKAGES}/`);

const [kind, what] = process.argv.slice(2);
const plan = JSON.parse(what);
const say = (...words) => console.log(words.join(' ').trim());

function echo(socket, request) {
  say('extensions', socket.extensions);
  socket.on('ping', () => say('ping'));
  socket.on('close', (code, reason) => say('close', code, reason));
  socket.on('message', (data, binary) => {
    if (request.url !== '/fragments') return socket.send(data, { binary });
    const third = Math.ceil(data.length / 3);
    socket.send(data.subarray(0, third), { binary, fin: false });
    socket.ping('between the fragments');
    socket.send(data.subarray(third, 2 * third), { fin: false });
    socket.send(data.subarray(2 * third), { fin: true });
  });
  socket.on('pong', (data) => say('pong', data));
}

function feed(socket, request) {
  say('connection', request.url);
  for (const message of plan.shift() ?? []) {
    if (typeof message === 'number') socket.close(message);
    else if (typeof message === 'string') socket.send(message);
    else socket.send(Buffer.from(message.hex, 'hex'));
  }
}

async function events(request, response) {
  say('request', request.headers.accept, Buffer.from(request.headers['last-event-id'] ?? '-', 'latin1'));
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' });
  for (const piece of plan.shift() ?? []) {
    if (piece === null) return response.end();
    await new Promise((written) => response.write(piece.hex ? Buffer.from(piece.hex, 'hex') : piece, written));
  }
}

const http = createServer();
if (kind === 'events') {
  http.on('request', events);
} else if (kind === 'express') {
  http.on('request', require('express')().get('/news', events));
} else {
  const { WebSocketServer } = require('ws');
  const perMessageDeflate = kind === 'echo' ? plan : false;
  new WebSocketServer({ server: http, perMessageDeflate }).on('connection', kind === 'echo' ? echo : feed);
}
http.listen(0, '127.0.0.1', () => {
  say(`listening on ${['events', 'express'].includes(kind) ? 'http' : 'ws'}://127.0.0.1:${http.address().port}/`);
});
