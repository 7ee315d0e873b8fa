// What the server pushes (TRACE-SERVER.md, section 4): events of commits, numbered, so that a lost connection goes on where it was.
import { withParams } from './api';

export interface LiveHandlers {
  trace?(data: unknown): void;
  span?(data: unknown): void;
  deleted?(data: unknown): void;
  /** Changes were missed: load everything again. */
  reset?(): void;
  /** Whether the connection stands; the browser restores it by itself. */
  connected?(yes: boolean): void;
}

/** Watches from behind a commit on (that of the reply which is shown; '' is now), until the function that it returns is called. */
export function watch(path: string, after: string, on: LiveHandlers): () => void {
  const source = new EventSource(withParams(path, { after }));
  const hear = (name: string, run?: (data: unknown) => void) => {
    if (run) source.addEventListener(name, (e) => run(JSON.parse((e as MessageEvent<string>).data)));
  };
  hear('trace', on.trace);
  hear('span', on.span);
  hear('deleted', on.deleted);
  hear('reset', on.reset && (() => on.reset!()));
  source.onopen = () => on.connected?.(true);
  source.onerror = () => on.connected?.(false);
  return () => source.close();
}
