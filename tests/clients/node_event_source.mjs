// EventSources of npm: node_event_source.mjs PACKAGE URL prints what arrives, a JSON object a line.

import { createRequire } from 'node:module';

const [name, url] = process.argv.slice(2);
const { EventSource } = createRequire(`${process.env.NODE_PACKAGES}/`)(name);
const source = new EventSource(url);
const print = (what) => console.log(JSON.stringify(what));
for (const type of ['message', 'greeting', 'tidings.reset']) {
  source.addEventListener(type, ({ lastEventId, data }) => print({ id: lastEventId, event: type, data }));
}
source.onopen = () => print({ open: true });
// undici's wait for a reconnection does not keep Node alive.
setInterval(() => {}, 60_000);
