import { stacked } from './stack';
import { equal, test } from '../testing';

test('lines lie upon each other, the last at the bottom', () => {
  equal(stacked([[1, 2], [10, null], [100, 200]]), [[111, 202], [110, 200], [100, 200]]);
  equal(stacked([]), []);
});
