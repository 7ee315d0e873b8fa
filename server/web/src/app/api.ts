// The server's interface (server/api/openapi.json). The dashboard uses nothing else, so a script can do all that it does.
import type { ErrorReply } from '../api.gen';

/** An answer that is not a success, or none at all (status 0). */
export class ApiError extends Error {
  /** retryAfter: in so many seconds it may be tried again; 0 is not known. */
  constructor(readonly status: number, readonly code: string, message: string, readonly field = '', readonly retryAfter = 0) {
    super(message);
  }
}

export type Params = Record<string, string | number | boolean | readonly string[] | null | undefined>;

/** Appends parameters to a path; null, undefined and '' are left out. */
export function withParams(path: string, params: Params = {}): string {
  const q = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value == null || value === '') continue;
    if (typeof value === 'object') for (const v of value) q.append(key, v);
    else q.append(key, String(value));
  }
  const s = q.toString();
  return s ? path + '?' + s : path;
}

/** The path of a project's part of the interface. */
export const inProject = (project: string, ...parts: string[]) =>
  '/api/projects/' + [project, ...parts].map(encodeURIComponent).join('/');

/** What to do when the server asks who is there. main.tsx sets it. */
export const onUnauthorized = { call: () => {} };

/** The reply to a request, and the commit that it shows (from its ETag), behind which a live view can go on. */
export interface Reply<T> { body: T; commit: string }

export async function request<T>(method: string, path: string, { body, signal, quiet }: { body?: unknown; signal?: AbortSignal; quiet?: boolean } = {}): Promise<Reply<T>> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method, signal,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (e) {
    if ((e as Error).name === 'AbortError') throw e;
    throw new ApiError(0, 'unreachable', 'The server does not answer. Is it running?');
  }
  if (!answer.ok) {
    if (answer.status === 401 && !quiet) onUnauthorized.call();
    throw await failure(answer);
  }
  const commit = /(\d+)/.exec(answer.headers.get('ETag') ?? '')?.[1] ?? '';
  return { body: (answer.status === 204 ? undefined : await answer.json()) as T, commit };
}

async function failure(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as ErrorReply;
    return new ApiError(answer.status, error.code, error.message, error.field, Number(answer.headers.get('Retry-After')) || 0);
  } catch {
    return new ApiError(answer.status, 'http', `The server answered ${answer.status}.`);
  }
}

export const get = async <T>(path: string, params?: Params, signal?: AbortSignal) =>
  (await request<T>('GET', withParams(path, params), { signal })).body;
export const post = async <T>(path: string, body?: unknown) => (await request<T>('POST', path, { body })).body;
export const put = async <T>(path: string, body: unknown) => (await request<T>('PUT', path, { body })).body;
export const patch = async <T>(path: string, body: unknown) => (await request<T>('PATCH', path, { body })).body;
export const del = async <T = void>(path: string) => (await request<T>('DELETE', path)).body;
