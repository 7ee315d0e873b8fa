// The list of traces, kept up to date: what is shown changes in place, what is new waits until it is asked for.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { get, inProject, request, withParams, type ApiError, type Params } from '../../app/api';
import { watch } from '../../app/live';
import { useResource, type Resource } from '../../app/resource';
import type { Searched, TraceList, TraceSummary } from '../../api.gen';
import { judge, merge, within } from './match';
import type { Sort } from './filters';

const pageSize = 50;
/** Rows on one page; what comes behind them is the next page. */
export const mostRows = 200;

interface Loaded {
  rows: TraceSummary[];
  next: string | null;
  searched: Searched;
  commit: string;
}

/** What was shown when the user went to a trace, for when they come back. */
let left: { key: string; data: Loaded; at: number } | undefined;

export interface List {
  res: Resource<Loaded>;
  rows: readonly TraceSummary[];
  /** New traces that wait. */
  waiting: number;
  show(): void;
  more(): void;
  loadingMore: boolean;
  moreError?: ApiError;
  connected: boolean;
  /** Counts the events, for what else depends on them. */
  beat: number;
}

export function useTraces(project: string, params: Params, sort: Sort, cursor: string | null, paused: boolean): List {
  const path = inProject(project, 'traces');
  const key = withParams(path, { ...params, cursor, limit: pageSize });
  const res = useResource<Loaded>(key, async (signal) => {
    const back = left;
    left = undefined;
    if (back?.key === key && Date.now() - back.at < 600_000) return back.data;
    const { body, commit } = await request<TraceList>('GET', key, { signal });
    return { rows: body.traces, next: body.next, searched: body.searched, commit };
  });
  const [pending, setPending] = useState<ReadonlyMap<string, TraceSummary>>(new Map());
  const [loadingMore, setLoadingMore] = useState(false);
  const [moreError, setMoreError] = useState<ApiError>();
  const [connected, setConnected] = useState(false);
  const [beat, setBeat] = useState(0);

  // What the handlers of events see: as it is when they run, not as it was when they were made.
  const data = useRef<Loaded | undefined>(undefined);
  data.current = res.stale ? undefined : res.data;
  const set = (d: Loaded) => {
    data.current = d;
    res.set(d);
  };
  useEffect(() => {
    setPending(new Map());
    setMoreError(undefined);
    setLoadingMore(false);
  }, [key]);
  useEffect(() => () => { if (data.current) left = { key, data: data.current, at: Date.now() }; }, [key]);

  const ask = useAsk(path, params, key, (found) => hold(found));
  const hold = (found: readonly TraceSummary[]) => {
    const d = data.current;
    if (!d || cursor) return;
    const known = new Set(d.rows.map((r) => r.trace_id));
    const fresh = found.filter((t) => !known.has(t.trace_id));
    if (fresh.length === 0) return;
    if (d.rows.length === 0) set({ ...d, rows: merge([], fresh, sort) }); // there is nothing that could jump
    else setPending((p) => new Map([...p, ...fresh.map((t) => [t.trace_id, t] as const)]));
  };
  const drop = (ids: readonly string[]) => setPending((p) => (ids.some((id) => p.has(id)) ? new Map([...p].filter(([id]) => !ids.includes(id))) : p));
  const apply = (changes: readonly Change[]) => {
    const d = data.current;
    if (!d) return; // they are still to come
    const now = Date.now();
    const news: TraceSummary[] = [];
    const out: string[] = [];
    const shown = new Set(d.rows.map((r) => r.trace_id));
    const changed: TraceSummary[] = [];
    for (const [id, t] of changes) {
      const verdict = t && judge(t, params, now);
      if (t && shown.has(id)) changed.push(t);
      else if (!t || verdict === 'no' || d.next && !within(t, d.rows, sort)) out.push(id);
      else if (verdict === 'yes') news.push(t);
      else ask(t);
    }
    const gone = out.some((id) => shown.has(id));
    if (changed.length || gone) set({ ...d, rows: merge(d.rows, changed, sort).filter((r) => !gone || !out.includes(r.trace_id)) });
    if (out.length) drop(out);
    hold(news);
    setBeat((n) => n + 1);
  };
  const queue = useQueue(apply, data);
  useEffect(() => {
    if (data.current) drop(data.current.rows.map((r) => r.trace_id)); // a list that was loaded again has what waited
    queue.flush();
  }, [res.data, res.stale]);
  const reload = useRef(res.reload);

  const begun = res.data !== undefined;
  const after = res.data?.commit ?? '';
  useEffect(() => {
    if (!begun || paused) return;
    const stop = watch(inProject(project, 'live'), after, {
      trace: (t) => queue.add((t as TraceSummary).trace_id, t as TraceSummary),
      deleted: (t) => queue.add((t as { trace_id: string }).trace_id, null),
      reset: () => reload.current(),
      connected: setConnected,
    });
    return () => {
      stop();
      setConnected(false);
    };
  }, [project, begun, paused]);
  useEffect(() => { if (begun && !paused) res.reload(); }, [paused]); // what happened while it rested

  return {
    res, rows: res.data?.rows ?? [], waiting: pending.size, loadingMore, moreError, connected, beat,
    show() {
      const d = data.current;
      if (!d) return;
      if (d.rows.length + pending.size > mostRows) res.reload();
      else set({ ...d, rows: merge(d.rows, pending.values(), sort) });
      setPending(new Map());
    },
    more() {
      const from = data.current;
      if (!from?.next || loadingMore) return;
      setLoadingMore(true);
      setMoreError(undefined);
      get<TraceList>(path, { ...params, limit: pageSize, cursor: from.next }).then((page) => {
        const d = data.current;
        if (d?.next === from.next) {
          const known = new Set(d.rows.map((r) => r.trace_id));
          set({ ...d, rows: [...d.rows, ...page.traces.filter((t) => !known.has(t.trace_id))], next: page.next, searched: page.searched });
        }
      }, (e: ApiError) => { if (data.current?.next === from.next) setMoreError(e); }).finally(() => setLoadingMore(false));
    },
  };
}

/** A trace as it is now; null: it was deleted. */
type Change = readonly [id: string, t: TraceSummary | null];

/** Gathers what arrives, so that many events in one moment are one change of the page, and keeps it while the list is on its way. */
function useQueue(apply: (changes: readonly Change[]) => void, ready: { current: unknown }) {
  const latest = useRef(apply);
  latest.current = apply;
  const queue = useMemo(() => {
    let waiting = new Map<string, TraceSummary | null>();
    let timer = 0;
    const flush = () => {
      timer = 0;
      if (!ready.current || waiting.size === 0) return;
      const all = [...waiting];
      waiting = new Map();
      latest.current(all);
    };
    return {
      flush,
      add(id: string, t: TraceSummary | null) {
        waiting.set(id, t);
        timer ||= window.setTimeout(flush, 150);
      },
      stop: () => clearTimeout(timer),
    };
  }, []);
  useEffect(() => queue.stop, []);
  return queue;
}

/** Asks the server, at most once in 2 s, which of the traces that arrived pass the filters. */
function useAsk(path: string, params: Params, key: string, found: (traces: readonly TraceSummary[]) => void) {
  const asked = useRef(new Map<string, TraceSummary>());
  const timer = useRef(0);
  const latest = useRef(found);
  latest.current = found;
  useEffect(() => () => {
    clearTimeout(timer.current);
    timer.current = 0;
    asked.current.clear();
  }, [key]);
  return useMemo(() => (t: TraceSummary) => {
    asked.current.set(t.trace_id, t);
    if (timer.current) return;
    const mine = timer.current = window.setTimeout(async () => {
      const some = asked.current;
      asked.current = new Map();
      const from = [...some.values()].map((s) => s.start).sort()[0];
      try {
        const page = await get<TraceList>(path, { ...params, last: null, sort: null, from, limit: pageSize });
        if (timer.current === mine) latest.current(page.traces.filter((s) => some.has(s.trace_id)));
      } catch {
        // They come with the next reload.
      }
      if (timer.current === mine) timer.current = 0;
    }, 2000);
  }, [key]);
}
