// What the page asks for. Every panel asks for itself, so that none waits for another.
import type { SeriesReply, TraceList, TraceSummary, ValuesReply } from '../../api.gen';
import type { Params } from '../../app/api';
import { get, inProject, withParams } from '../../app/api';
import { useResource, type Resource } from '../../app/resource';
import { kindOf, type Kind } from '../../lib/kinds';
import { maxKeys, rowsByUser, rowsOf, type Row } from './rows';

export type Metric = 'count' | 'errors' | 'latency' | 'tokens' | 'cost';

const series = (project: string, params: Params, signal?: AbortSignal) => get<SeriesReply>(inProject(project, 'series'), params, signal);

export function useSeries(project: string, params: Params | null): Resource<SeriesReply> {
  return useResource(params && withParams(project, params), (signal) => series(project, params!, signal));
}

export function useValues(project: string, key: string): readonly string[] {
  return useResource(project + ' ' + key, (signal) => get<ValuesReply>(inProject(project, 'values', key), { limit: 1000 }, signal)).data?.values ?? [];
}

export type Group = 'service' | 'run' | 'agent' | 'model' | 'tool' | 'user';

interface Shape {
  label: string;
  of: 'traces' | 'spans';
  by: 'service' | 'name' | 'model';
  /** Only spans of this kind. */
  kind?: Kind;
  /** Tokens and cost are counted at model calls, so they have a service and a model, and no agent or tool. */
  tokens: boolean;
  /** What one row is, for the links to it. */
  counts: string;
}

export const groups: Record<Group, Shape> = {
  service: { label: 'Service', of: 'traces', by: 'service', tokens: true, counts: 'Runs' },
  run: { label: 'Name', of: 'traces', by: 'name', tokens: false, counts: 'Runs' },
  agent: { label: 'Agent', of: 'spans', by: 'name', kind: 'agent', tokens: false, counts: 'Agent runs' },
  model: { label: 'Model', of: 'spans', by: 'model', kind: 'model', tokens: true, counts: 'Calls' },
  tool: { label: 'Tool', of: 'spans', by: 'name', kind: 'tool', tokens: false, counts: 'Calls' },
  user: { label: 'User', of: 'traces', by: 'name', tokens: true, counts: 'Runs' },
};

export interface Rows { rows: Row[]; /** Runs that were looked at, where that is not all. */ of?: number; partial?: boolean }

export function useRows(project: string, group: Group, params: Params): Resource<Rows> {
  return useResource(withParams(project + group, params), (signal) => (group === 'user' ? byUser(project, params, signal) : bySeries(project, groups[group], params, signal)));
}

async function bySeries(project: string, { of, by, kind, tokens }: Shape, params: Params, signal: AbortSignal): Promise<Rows> {
  const types = kind ? (await get<ValuesReply>(inProject(project, 'values', 'type'), { limit: 1000 }, signal)).values.filter((t) => kindOf(t) === kind) : [''];
  const parts = await Promise.all(types.map(async (type) => {
    const ask = (metric: Metric, of: string) => series(project, { ...params, metric, of, by, type, max_keys: maxKeys }, signal);
    const [count, errors, latency, used, cost] = await Promise.all([
      ask('count', of), ask('errors', of), ask('latency', of), tokens ? ask('tokens', 'spans') : undefined, tokens ? ask('cost', 'spans') : undefined,
    ]);
    return rowsOf({ count, errors, latency, tokens: used, cost }, type);
  }));
  return { rows: parts.flat() };
}

/** The interface has no series by user: the newest runs are added up here, and the page says how many they are. */
async function byUser(project: string, params: Params, signal: AbortSignal): Promise<Rows> {
  const all: TraceSummary[] = [];
  let cursor: string | null = null;
  do {
    const page: TraceList = await get(inProject(project, 'traces'), { ...params, limit: 200, cursor }, signal);
    all.push(...page.traces);
    cursor = page.next;
  } while (cursor && all.length < 1000);
  return { rows: rowsByUser(all), of: all.length, partial: cursor !== null };
}
