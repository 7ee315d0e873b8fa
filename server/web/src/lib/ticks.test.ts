import { clockSteps, timeTicks, valueTicks } from './ticks';
import { equal, test } from '../testing';

test('values are round', () => {
  equal(valueTicks(38), [0, 10, 20, 30]);
  equal(valueTicks(950), [0, 200, 400, 600, 800]);
  equal(valueTicks(5), [0, 1, 2, 3, 4, 5]);
  equal(valueTicks(1).length, 6);
  equal([valueTicks(0).length > 1, valueTicks(NaN).length > 1], [true, true]);
  equal(valueTicks(148e9, clockSteps), [0, 30e9, 60e9, 90e9, 120e9]);
  equal(valueTicks(1e19, clockSteps).length < 12, true);
});

test('moments are round on the local clock', () => {
  const noon = Date.parse('2026-11-23T12:00:00Z') / 1e3;
  equal(timeTicks(noon + 60, noon + 3600, 6, 0), { at: [600, 1200, 1800, 2400, 3000, 3600].map((s) => noon + s), step: 600 });
  equal(timeTicks(noon - 86400, noon + 86400, 2, 19800), { at: [noon - 86400 + 43200 - 19800, noon + 43200 - 19800], step: 86400 });
  equal(timeTicks(0, 4e9, 8, 0).at.length < 10, true);
});
