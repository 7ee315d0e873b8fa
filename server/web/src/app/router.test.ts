import { changed, match, to } from './router';
import { equal, test } from '../testing';

test('a path names a page and its parts', () => {
  equal(match('/'), { page: 'home', params: {} });
  equal(match('/p/a%2Fb/traces/'), { page: 'traces', params: { project: 'a/b' } });
  equal(match('/p/x/traces/1/2'), { page: 'trace', params: { project: 'x', trace: '1', span: '2' } });
  equal(match('/p/x/settings/tokens').params['section'], 'tokens');
  equal(match('/p/x').page, 'lost');
  equal(match('/p//traces').page, 'lost');
  equal(match('/p/%E0%A4%A/traces').params['project'], '%E0%A4%A');
});

test('what is built is escaped', () => {
  equal(to('p', 'a/b ?', 'traces'), '/p/a%2Fb%20%3F/traces');
});

test('parameters that are not named stay', () => {
  const now = new URLSearchParams('service=a&tag=x&tag=y&new=1');
  equal(changed(now, { service: null, tag: ['z'], q: 'a b' }), '?new=1&tag=z&q=a+b');
  equal(changed(new URLSearchParams('a=1'), { a: '' }), '');
});
