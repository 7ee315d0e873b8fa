import { ageText, parseAge, parseSize, sizeText } from './limits';
import { equal, test } from '../../testing';

const day = 24 * 3600e9;

test('limits are read as they are written', () => {
  for (const ns of [day, 30 * day, 36 * 3600e9]) equal(parseAge(ageText(ns)), ns);
  for (const n of [2 ** 20, 10 * 2 ** 30, 1.5 * 2 ** 40]) equal(parseSize(sizeText(n)), n);
  equal([ageText(-1), sizeText(-1), ageText(day), ageText(3600e9)], ['for ever', 'no limit', '1 day', '1 hour']);
});

test('people write units in many ways', () => {
  equal(['30', '30d', '30 days', '2 weeks', '1y', '12 h'].map(parseAge), [30 * day, 30 * day, 30 * day, 14 * day, 365 * day, day / 2]);
  equal(['10', '10g', '10 GB', '10GiB', '512 m'].map(parseSize), [10 * 2 ** 30, 10 * 2 ** 30, 10 * 2 ** 30, 10 * 2 ** 30, 2 ** 29]);
  equal(['', 'x', '-1', '0', '0.5 h', '3 q', '30 min'].map(parseAge), Array(7).fill(undefined));
  equal(['', 'x', '-1', '0', '1 kb', '0.5 mb', '99999999 tb'].map(parseSize), Array(7).fill(undefined));
});
