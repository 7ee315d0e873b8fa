import { ago, bytes, clock, cost, duration, percent, plural, short } from './format';
import { equal, test } from '../testing';

test('durations keep three digits', () => {
  for (const [ns, text] of [
    [0, '0 ns'], [999, '999 ns'], [1500, '1.50 µs'], [3_240_000, '3.24 ms'], [412_000_000, '412 ms'], [1_840_000_000, '1.84 s'],
    [59_940_000_000, '59.9 s'], [59_960_000_000, '1 m 00 s'], [125_000_000_000, '2 m 05 s'], [11_520_000_000_000, '3 h 12 m'], [-1, '–'],
  ] as const) equal(duration(ns), text);
});

test('counts in little room', () => {
  for (const [n, text] of [[0, '0'], [950, '950'], [999.6, '1k'], [1000, '1k'], [12_345, '12.3k'], [4_512_000, '4.51M'], [-1200, '−1.20k'], [1050, '1.05k']] as const) equal(short(n), text);
});

test('an unknown cost is no cost of zero', () => {
  equal([cost(null), cost(0), cost(0.00001), cost(0.0123), cost(12.5), cost(1234)], ['–', '$0', '<$0.0001', '$0.0123', '$12.50', '$1,234']);
});

test('bytes, shares, words', () => {
  equal([bytes(812), bytes(1024), bytes(1023.6 * 1024), bytes(3.04 * 2 ** 30)], ['812 B', '1.00 KiB', '1.00 MiB', '3.04 GiB']);
  equal([percent(0), percent(0.0001), percent(0.5), percent(1), percent(null)], ['0 %', '<0.1 %', '50 %', '100 %', '–']);
  equal([plural(1, 'span'), plural(2, 'span'), plural(0, 'try', 'tries')], ['1 span', '2 spans', '0 tries']);
});

test('times', () => {
  const now = new Date(2026, 10, 23, 15, 0, 0);
  equal(clock(new Date(2026, 10, 23, 4, 5, 6, 7), { ms: true, now }), '04:05:06.007');
  equal(clock(new Date(2026, 10, 22, 4, 5, 6), { now }), '22 Nov 04:05:06');
  equal([ago(+now - 90_000, +now), ago(+now - 500, +now), ago(+now + 7200_000, +now), ago(+now + 7 * 86400_000 - 5000, +now)], ['1 m ago', 'now', 'in 2 h', 'in 7 d']);
});
