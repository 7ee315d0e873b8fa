import { expiryOf, stateOf } from './expiry';
import { equal, test } from '../../testing';

const now = Date.UTC(2026, 10, 22, 12);

test('a period is a time', () => {
  equal([expiryOf('1h', '', now), expiryOf('30d', '', now), expiryOf('never', '', now)], ['2026-11-22T13:00:00.000Z', '2026-12-22T12:00:00.000Z', null]);
  equal(expiryOf('custom', new Date(now).toISOString()), '2026-11-22T12:00:00.000Z');
  equal([expiryOf('custom', ''), expiryOf('custom', 'x')], [undefined, undefined]);
});

test('what has ended', () => {
  const at = (ms: number) => new Date(now + ms).toISOString();
  equal(stateOf({ expires: null }, now), 'active');
  equal(stateOf({ expires: at(1) }, now), 'active');
  equal(stateOf({ expires: at(0) }, now), 'expired');
  equal(stateOf({ expires: at(-1), revoked: at(-2) }, now), 'revoked');
});
