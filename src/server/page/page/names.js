// The event names seen so far. EventSource dispatches an event only to those who listen to its very name, so whoever meets
// a new one tells the others.

const MOST = 1000;   // names; a topic that makes up a name for each message must not fill memory

export class Names {
  known = new Set();
  #watchers = new Set();

  /// `id` is the message that bears the name, or null if it is not yet published.
  add(name, id) {
    if (this.known.has(name) || this.known.size >= MOST) return;
    this.known.add(name);
    this.#watchers.forEach(watcher => watcher(name, id));
  }

  /// Calls `watcher(name, id)` for each new name until the function that is returned is called.
  watch(watcher) {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}
