import { equal, test } from '../testing';
import { Recent } from './recent';

const event = (id: string) => ({ name: 'trace', data: id, id });

test('a tab that joins gets what came behind its commit, and that commit again', () => {
  const r = new Recent('4');
  for (const id of ['4', '5', '5', '6']) r.add(event(id));
  equal(r.after('5')!.map((e) => e.id), ['5', '5', '6']);
  equal(r.after('7'), []);
  equal(r.after('3'), null);
  equal(r.after(''), null);
});

test('it forgets the oldest, and knows that it did', () => {
  const r = new Recent('0', 2);
  for (const id of ['1', '2', '3']) r.add(event(id));
  equal(r.after('0'), null);
  equal(r.after('2')!.length, 2);
  equal(new Recent('').after('1'), null);
});
