import { equal, test } from '../../testing';
import { chips, cleared, listParams, longer, millis, parseMillis, spanMillis, traceDigits } from './filters';

const q = (s: string) => new URLSearchParams(s);

test('the address becomes parameters of the API, and what is not ours stays out of it', () => {
  equal(listParams(q('')), { last: '24h' });
  equal(listParams(q('last=7d&service=a&tag=x&tag=y&meta.k=v&cols=cost&group=thread&new=1&sort=start')), { last: '7d', service: 'a', tag: ['x', 'y'], 'meta.k': 'v' });
  equal(listParams(q('from=2026-01-01T00:00:00Z&last=1h&status=error&sort=cost')), { from: '2026-01-01T00:00:00Z', to: null, status: 'error', sort: 'cost' });
});

test('a search in content needs a text, and goes by start', () => {
  equal(listParams(q('in=content')), { last: '24h' });
  equal(listParams(q('q=refund&in=content&sort=cost')), { last: '24h', q: 'refund', in: 'content' });
});

test('an empty parameter is no filter, and one that is given twice counts once', () => {
  equal(listParams(q('service=&user=a&user=b&meta.=x')), { last: '24h', user: 'a' });
});

test('each filter is a chip that can be taken away alone', () => {
  const query = q('tag=a&tag=b&status=error&min_ms=1500&q=x&in=content&meta.plan=pro&last=1h');
  equal(chips(query).map((c) => c.text), ['tag: a', 'tag: b', 'run failed', 'at least: 1.5 s', 'text: x', 'plan: pro']);
  equal(chips(query)[0]!.without, { tag: ['b'], cursor: null });
  equal(chips(query)[4]!.without, { in: null, q: null, cursor: null });
  equal(cleared(query), { tag: null, status: null, min_ms: null, q: null, 'meta.plan': null, in: null, cursor: null });
});

test('durations as people write them', () => {
  equal(['250', '500ms', '1.5 s', '2m', '1h', 'soon', '-1', ''].map(parseMillis), [250, 500, 1500, 120000, 3600000, null, null, null]);
  equal([250, 1500, 120000, 90000].map(millis), ['250 ms', '1.5 s', '2 m', '90 s']);
  equal(['15m', '24h', '7d', 'x'].map(spanMillis), [900000, 86400000, 604800000, NaN]);
});

test('a trace id as people paste it', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  for (const text of [id, ' ' + id.toUpperCase() + '\n', `00-${id}-00f067aa0ba902b7-01`, `http://x/p/a/traces/${id}?tab=1`, '4bf92f35-77b3-4da6-a3ce-929d0e0e4736']) equal(traceDigits(text), id);
  equal([traceDigits('4BF9'), traceDigits(''), traceDigits('hello')], ['4bf9', '', null]);
});

test('longer ranges are offered, the next first', () => {
  equal(longer(q('')), ['3d', '7d', '30d']);
  equal(longer(q('last=7d')), ['30d', '365d']);
  equal(longer(q('from=2026-01-01T00:00:00Z')), ['24h', '3d', '7d']);
});
