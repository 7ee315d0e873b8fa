// Accounts: what came in must be what became of it. Where it is not, the page says by how much.
import type { Exporter, IngestCounts } from '../../api.gen';

export interface Term { name: string; n: number; /** What it means, in plain words. */ about: string }

export interface Account {
  /** What came in, and what became of it. */
  left: Term[];
  right: Term[];
  /** left less right: 0 if everything is accounted for. */
  difference: number;
}

const sum = (terms: readonly Term[]) => terms.reduce((n, t) => n + t.n, 0);

function account(left: Term[], right: Term[]): Account {
  return { left, right, difference: sum(left) - sum(right) };
}

export const total = (counts: { [key: string]: number }) => Object.values(counts).reduce((n, k) => n + k, 0);

/** Of the server, of the store or of one project: all three have the same law. */
export const received = (s: Pick<IngestCounts, 'received' | 'stored' | 'repeated' | 'rejected'>) => account(
  [{ name: 'received', n: s.received, about: 'spans and records that were read from requests' }],
  [
    { name: 'stored', n: s.stored, about: 'new, and on disk before the sender was answered' },
    { name: 'repeated', n: s.repeated, about: 'known already: a sender tried again after an answer got lost' },
    { name: 'rejected', n: total(s.rejected), about: 'could not be kept; each has a reason' },
  ],
);

export const sent = (e: Exporter) => account(
  [
    { name: 'accepted', n: e.accepted, about: 'handed over by the program' },
    { name: 'made', n: e.made, about: 'made of others on the way' },
  ],
  [
    { name: 'delivered', n: e.delivered, about: 'the server has confirmed them' },
    { name: 'filtered', n: e.filtered, about: 'turned away on purpose' },
    { name: 'dropped', n: e.dropped, about: 'there was no room' },
    { name: 'failed', n: e.failed, about: 'an error ended them' },
    { name: 'abandoned', n: e.abandoned, about: 'given up when the program ended' },
    { name: 'spooled', n: e.spooled, about: 'on the sender’s disk, to be sent later' },
    { name: 'in flight', n: e.queued, about: 'on their way' },
  ],
);

/** Why something was rejected, and what to do about it. */
const reasons = new Map<string, [what: string, todo: string]>([
  ['trace_id', ['The trace id is not 1 to 32 hex digits, or all zero.', 'Look at what makes the ids: a span without a trace cannot be shown.']],
  ['span_id', ['The span id is not 1 to 16 hex digits, or all zero.', 'Look at what makes the ids.']],
  ['no_op', ['A span of Mastra 0.x that was not sampled.', 'Nothing: it carries no data. Raise the sampling rate to see these runs.']],
  ['encode', ['A value is not JSON.', 'Send what JSON can say: no NaN, no broken UTF-16.']],
  ['too_large', ['The span is larger than the server takes.', 'Shorten inputs and outputs before they are sent, or raise the limit of the server.']],
  ['record_id', ['A log, metric, score or feedback without an id.', 'Give each record an id: it tells a repetition from a new one.']],
  ['kind', ['A record that is no log, metric, score or feedback.', 'Send it to the route of its kind.']],
  ['syntax', ['Not JSON, or broken protobuf.', 'Look for something that changes or cuts bodies on the way, such as a proxy.']],
  ['type', ['A field has another type than it should.', 'Bring the sender up to date; the answer to its request names the field.']],
  ['missing', ['A field that must be there is not.', 'Bring the sender up to date; the answer to its request names the field.']],
  ['date', ['A time that is none.', 'Send RFC 3339 or milliseconds since 1970.']],
  ['too_deep', ['A value is nested deeper than the server takes.', 'Send it flatter, or as a text.']],
  ['quota', ['The project’s quota of spans for the day was used up.', 'Raise the quota in the project’s settings, or sample.']],
]);

export const reasonOf = (code: string) => reasons.get(code) ?? ['The server names no more than this word.', 'Look at the answers that the sender gets.'] as const;

const statuses = new Map<string, string>([
  ['200', 'taken'], ['202', 'taken'], ['204', 'taken: the quota is used up, or there was nothing to store'], ['400', 'not readable: nothing of the body was kept'], ['401', 'no token, or none that works'],
  ['402', 'the quota of the project is used up'], ['403', 'the token may not send'], ['404', 'there is no such route'], ['408', 'the body came too slowly'], ['413', 'the body is too large: the sender splits it'],
  ['415', 'a type or encoding that the server does not take'], ['429', 'the quota is used up: the sender waits'], ['500', 'the server’s own fault; its log says more'], ['503', 'busy: the sender tries again'],
  ['507', 'the project has used its disk space of the day'],
]);

export const statusOf = (code: string) => statuses.get(code) ?? (code < '3' ? 'taken' : code < '5' ? 'refused' : 'the server could not take it');

/** The counts of a map, most first. */
export const falling = (counts: { [key: string]: number }) => Object.entries(counts).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
