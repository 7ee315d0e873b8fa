// Where a trace comes from: a project, for who may read it, or a share link, for who has it. What is shown is the same code.
import type { FoundSpans, FullSpan, SharedTrace, Skeleton } from '../../api.gen';
import { get, inProject, request, withParams, type Reply } from '../../app/api';
import { to, tracePath } from '../../app/router';

export interface TraceSource {
  /** Distinguishes it from every other, for caches. */
  key: string;
  /** The trace in the interface; its spans are at path + '/spans/' + id. */
  path: string;
  /** The spans without payloads, the first maxSpans of them in breadth-first order of the server. */
  skeleton(maxSpans: number, signal: AbortSignal): Promise<Reply<Skeleton>>;
  span(id: string, signal?: AbortSignal): Promise<FullSpan>;
  /** The address of the page that shows the trace, with a span selected. */
  href(span?: string): string;
  /** What only a project offers; a share has none of these. */
  project?: {
    name: string;
    live: string;
    find(text: string, signal: AbortSignal): Promise<FoundSpans>;
    exportPath(format: 'json' | 'otlp' | 'html'): string;
  };
  /** Whether inputs, outputs and metadata are there at all. */
  content: boolean;
}

export function fromProject(project: string, trace: string): TraceSource {
  const path = inProject(project, 'traces', trace);
  return {
    key: project + '/' + trace,
    path,
    skeleton: (max_spans, signal) => request('GET', withParams(path, { max_spans }), { signal }),
    span: (id, signal) => get(path + '/spans/' + encodeURIComponent(id), {}, signal),
    href: (span) => tracePath(project, trace, span),
    content: true,
    project: {
      name: project,
      live: path + '/live',
      find: (q, signal) => get(path + '/find', { q }, signal),
      exportPath: (format) => withParams(path + '/export', { format }),
    },
  };
}

/** content is known from the share itself, which its page loads first: counting a view for each look at a span would be wrong. */
export function fromShare(secret: string, shared: SharedTrace): TraceSource {
  const path = '/api/share/' + encodeURIComponent(secret);
  return {
    key: 'share/' + shared.trace.trace_id,
    path,
    skeleton: () => Promise.resolve({ body: shared, commit: '' }),
    span: (id, signal) => get(path + '/spans/' + encodeURIComponent(id), {}, signal),
    href: (span) => (span ? to('s', secret, span) : to('s', secret)),
    content: shared.share.content,
  };
}
