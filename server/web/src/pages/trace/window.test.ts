import { rowHeight, rowsAt, scrollTo } from './window';
import { equal, test } from '../../testing';

test('few rows are there, at any size', () => {
  equal(rowsAt(0, 600, 3), { first: 0, last: 3, top: 0, height: 72 });
  equal(rowsAt(0, 600, 0), { first: 0, last: 0, top: 0, height: 0 });
  equal(rowsAt(240_000 - 600, 600, 10_000), { first: 9967, last: 10_000, top: 9967 * 24, height: 240_000 });
  equal(rowsAt(2400, 600, 10_000), { first: 92, last: 133, top: 92 * 24, height: 240_000 });
});

test('beyond what a browser can scroll, the ends are still the ends', () => {
  const count = 2_000_000;
  const { height } = rowsAt(0, 600, count);
  equal(height, 12_000_000);
  equal(rowsAt(0, 600, count).first, 0);
  const end = rowsAt(height - 600, 600, count);
  equal([end.last, end.last - end.first], [count, 33]);
  const index = 1_234_567;
  const rows = rowsAt(scrollTo(index, 0, 600, count), 600, count);
  equal(rows.first < index && index < rows.last, true);
});

test('a row that is far away comes to the middle, a near one just into sight', () => {
  equal(scrollTo(10, 0, 600, 1000), 0);
  equal(scrollTo(25, 0, 600, 1000), 26 * rowHeight - 600);
  equal(scrollTo(500, 0, 600, 1000), 500 * rowHeight - 300);
  equal(scrollTo(0, 9000, 600, 1000), 0);
});
