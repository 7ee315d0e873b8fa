// What the server pushes (TRACE-SERVER.md, section 4): events of commits, numbered, so that a lost connection goes on where it was.
// A browser opens six connections to an origin, so of all tabs that watch the same, one has the stream and tells the others.
import { withParams } from './api';
import { Recent, type LiveEvent } from './recent';

/** An event may come twice, so each says how something is, never what was added to it. */
export interface LiveHandlers {
  trace?(data: unknown): void;
  span?(data: unknown): void;
  deleted?(data: unknown): void;
  /** Changes were missed: load everything again. */
  reset?(): void;
  /** Whether the connection stands; the browser restores it by itself. */
  connected?(yes: boolean): void;
}

const names = ['trace', 'span', 'deleted', 'reset'] as const;

/** Watches from behind a commit on (that of the reply which is shown; '' is now), until the function that it returns is called. */
export function watch(path: string, after: string, on: LiveHandlers): () => void {
  const tell = (e: LiveEvent) => {
    if (e.name === 'connected') on.connected?.(e.data === 'true');
    else if (e.name === 'reset') on.reset?.();
    else on[e.name as 'trace']?.(JSON.parse(e.data));
  };
  return navigator.locks && typeof BroadcastChannel === 'function' ? share(path, after, tell) : open(path, after, tell);
}

/** Has a stream of its own. The browser comes again after a lost connection, but not after an answer that is none: this does. */
function open(path: string, after: string, tell: (e: LiveEvent) => void): () => void {
  let source: EventSource;
  let timer = 0;
  const begin = () => {
    source = new EventSource(withParams(path, { after }));
    for (const name of names) {
      source.addEventListener(name, (e) => {
        const { data, lastEventId: id } = e as MessageEvent<string>;
        if (id) after = id;
        tell({ name, data, id });
      });
    }
    const state = (data: string) => tell({ name: 'connected', data, id: '' });
    source.onopen = () => state('true');
    source.onerror = () => {
      state('false');
      if (source.readyState === EventSource.CLOSED) timer = window.setTimeout(begin, 5000);
    };
  };
  begin();
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

type Message = { event: LiveEvent; to?: string } | { join: string; after: string } | { led: true };

/**
 * Shares a stream, and leaves it to another tab while this one is frozen or kept only for the back button: it would hold
 * the stream and tell nobody.
 */
function share(path: string, after: string, tell: (e: LiveEvent) => void): () => void {
  let seen = after;
  const hear = (event: LiveEvent) => {
    if (Number(event.id) > Number(seen)) seen = event.id;
    tell(event);
  };
  let leave: (() => void) | undefined;
  const rest = () => {
    leave?.();
    leave = undefined;
  };
  const wake = () => { leave ??= join(path, () => seen, hear); };
  const events = [[window, 'pagehide', rest], [window, 'pageshow', wake], [document, 'freeze', rest], [document, 'resume', wake]] as const;
  for (const [target, name, run] of events) target.addEventListener(name, run);
  wake();
  return () => {
    rest();
    for (const [target, name, run] of events) target.removeEventListener(name, run);
  };
}

/** Listens to the tab that has the stream, and has it once that tab goes: whoever holds the lock leads. */
function join(path: string, seen: () => string, hear: (e: LiveEvent) => void): () => void {
  const name = 'tailrace.live ' + path;
  const channel = new BroadcastChannel(name);
  const me = Math.random().toString(36);
  const stop = new AbortController();
  const ask = () => channel.postMessage({ join: me, after: seen() });
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if ('event' in data) {
      if ((data.to ?? me) === me) hear(data.event);
    } else if ('led' in data) ask(); // another tab leads now, and may have seen less or more than this one
  };
  const lead = () => new Promise<void>((done) => {
    if (stop.signal.aborted) return done();
    const recent = new Recent(seen());
    let connected: LiveEvent = { name: 'connected', data: 'false', id: '' };
    const close = open(path, seen(), (event) => {
      if (event.name === 'connected') connected = event;
      else recent.add(event);
      channel.postMessage({ event });
      hear(event);
    });
    channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (!('join' in data)) return;
      const reset: LiveEvent = { name: 'reset', data: '{}', id: '' };
      for (const event of [connected, ...recent.after(data.after) ?? (data.after ? [reset] : [])]) channel.postMessage({ event, to: data.join });
    };
    channel.postMessage({ led: true });
    stop.signal.addEventListener('abort', () => { close(); done(); });
  });
  navigator.locks.request(name, { signal: stop.signal }, lead).catch(() => {}); // it rejects when it is stopped while it waits
  ask();
  return () => {
    stop.abort();
    channel.close();
  };
}
