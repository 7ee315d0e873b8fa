// Loads a trace and keeps it up to date.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TraceSummary } from '../../api.gen';
import { watch } from '../../app/live';
import { useResource } from '../../app/resource';
import { follow, running, type News, type PushedSpan, type Running } from './follow';
import { readSkeleton, type TraceModel } from './model';
import type { TraceSource } from './source';

/** What is loaded at first; "load all" is the most that the server gives. */
export const someSpans = 20_000;
export const allSpans = 1_000_000;

/** News are put in together, so that a busy trace does not draw with each of them. */
const gather = 150;

export function useTrace(source: TraceSource) {
  const [most, setMost] = useState(someSpans);
  const [deleted, setDeleted] = useState(false);
  const loaded = useResource(source.key + ' ' + most, async (signal) => {
    const { body, commit } = await source.skeleton(most, signal);
    return { model: readSkeleton(body), commit };
  });
  const data = useRef(loaded);
  data.current = loaded;
  const live = source.project?.live;
  const commit = loaded.data?.commit;
  useEffect(() => {
    if (!live || commit === undefined) return;
    let news: News = { trace: null, spans: [] };
    let timer = 0;
    const put = () => {
      const { data: now, set, reload } = data.current;
      const model = now && follow(now.model, news);
      news = { trace: null, spans: [] };
      timer = 0;
      if (model) set({ model, commit: now.commit });
      else reload();
    };
    const add = (change: Partial<News>) => {
      news = { ...news, ...change };
      timer ||= window.setTimeout(put, gather);
    };
    const stop = watch(live, commit, {
      trace: (t) => add({ trace: t as TraceSummary }),
      span: (s) => add({ spans: [...news.spans, s as PushedSpan] }),
      deleted: () => setDeleted(true),
      reset: () => data.current.reload(),
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [live, commit]);
  return { ...loaded, model: loaded.data?.model, deleted, loadAll: () => setMost(allSpans) };
}

/** The time for what runs, ten times a second as long as something does. Slower for who wants less motion. */
export function useNow(model: TraceModel): Running {
  const [clock, setClock] = useState(Date.now());
  const state = useMemo(() => running(model, clock), [model, clock]);
  useEffect(() => {
    if (!state.grows) return;
    const every = matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 100;
    let last = performance.now();
    let frame = requestAnimationFrame(function tick(t) {
      if (t - last >= every) {
        last = t;
        setClock(Date.now());
      }
      frame = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(frame);
  }, [state.grows]);
  return state;
}
