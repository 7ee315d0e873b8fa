import { markdown, type Block, type Inline } from './markdown';
import { equal, test } from '../../../testing';

const p = (...c: Inline[]): Block => ({ t: 'p', c });
const line = (s: string) => { const [b] = markdown(s); return b && b.t === 'p' ? b.c : [JSON.stringify(b)]; };

test('paragraphs, headings, rules, quotes', () => {
  equal(markdown('# One\n\ntwo\nthree\n\n---\n> four\n> # five'), [
    { t: 'h', level: 1, c: ['One'] }, p('two\nthree'), { t: 'hr' }, { t: 'quote', c: [p('four'), { t: 'h', level: 1, c: ['five'] }] },
  ]);
  equal(markdown('#tag'), [p('#tag')]);
  equal(markdown(''), []);
});

test('code is as it was written', () => {
  equal(markdown('```go\na := "*x*"\n\n# no\n```\nafter'), [{ t: 'pre', lang: 'go', s: 'a := "*x*"\n\n# no' }, p('after')]);
  equal(markdown('~~~\n```\nopen to the end'), [{ t: 'pre', lang: '', s: '```\nopen to the end' }]);
  equal(line('a `b*c*` ``d`e`` `f'), ['a ', { t: 'code', s: 'b*c*' }, ' ', { t: 'code', s: 'd`e' }, ' `f']);
});

test('lists', () => {
  equal(markdown('3. one\n4. two\n   - in\n   - side\n\n   more\n\nend'), [
    { t: 'list', start: 3, items: [[p('one')], [p('two'), { t: 'list', start: null, items: [[p('in')], [p('side')]] }, p('more')]] }, p('end'),
  ]);
  equal(markdown('- a\n* b\n\n- c'), [{ t: 'list', start: null, items: [[p('a')], [p('b')], [p('c')]] }]);
  equal(markdown('- x\n  ```\n  code\n  ```'), [{ t: 'list', start: null, items: [[p('x'), { t: 'pre', lang: '', s: 'code' }]] }]);
});

test('tables', () => {
  equal(markdown('| a | **b** |\n|:--|--:|\n| 1 | 2 |\nend'), [{ t: 'table', rows: [[['a'], [{ t: 'strong', c: ['b'] }]], [['1'], ['2']]] }, p('end')]);
  equal(markdown('a | b'), [p('a | b')]);
});

test('emphasis', () => {
  equal(line('**a** *b* _c_ ~~d~~ ***e***'), [{ t: 'strong', c: ['a'] }, ' ', { t: 'em', c: ['b'] }, ' ', { t: 'em', c: ['c'] }, ' ', { t: 'del', c: ['d'] }, ' ', { t: 'strong', c: [{ t: 'em', c: ['e'] }] }]);
  equal(line('2 * 3 * 4 snake_case_name **open \\*no\\*'), ['2 * 3 * 4 snake_case_name **open *no*']);
  equal(line('**a *b* c**'), [{ t: 'strong', c: ['a ', { t: 'em', c: ['b'] }, ' c'] }]);
});

test('only http links are links', () => {
  equal(line('[a](https://x.example/p_(q)?r=1 "title") https://y.example/z.'), [{ t: 'a', href: 'https://x.example/p_(q)?r=1', c: ['a'] }, ' ', { t: 'a', href: 'https://y.example/z', c: ['https://y.example/z'] }, '.']);
  for (const bad of ['[a](javascript:alert(1))', '[a](data:text/html,x)', '[a](//x.example)', '[a](JaVaScRiPt:x)', '<a href="javascript:x">a</a>', '[a] (b)', '[REDACTED]', 'xhttps://']) equal(line(bad).filter((x) => typeof x === 'object' && x.t === 'a'), [], bad);
  equal(line('[javascript:x](https://x.example)')[0], { t: 'a', href: 'https://x.example', c: ['javascript:x'] });
  equal(line('[a [b](https://x.example) c](/y)'), ['[a ', { t: 'a', href: 'https://x.example', c: ['b'] }, ' c](/y)']);
});

test('pictures are words', () => {
  equal(line('![a *cat*](https://x.example/cat.png)!'), ['[image: a cat] https://x.example/cat.png!']);
  equal(line('<img src=x onerror=alert(1)>'), ['<img src=x onerror=alert(1)>']);
});

test('marks of redaction stay in one piece', () => equal(line('key [REDACTED] and _more…[truncated]'), ['key [REDACTED] and _more…[truncated]']));

test('no text takes longer than its length is worth', () => {
  const n = 8000; // enough to see what grows with its square: the engine of the tests is slow
  for (const unit of ['[', '*', '_', '`', '``` `', '![', '](', '[a](', '*a ', '**a *', '_a_ *', '~~a', '<', '> ', '- ', '1. ', '|', '| - |\n', '\\', '[a](https://x "', '*a**b', 'https://', 'https://(((', 'https://x)))', '`a``', '#', '\n', ' \n', '  - a\n', '[[](https://x.example)', '([', '*_', '\t']) {
    markdown(unit.repeat(Math.ceil(n / unit.length)));
  }
  let nested = '';
  for (let i = 0; i < 200; i++) nested += ' '.repeat(Math.min(i * 2, 200)) + '- x\n';
  markdown(nested + '>'.repeat(n));
  markdown('*a _b '.repeat(n / 12) + 'c_ d* '.repeat(n / 12));
});

test('whatever the text, all of it is there', () => {
  let seed = 7;
  const random = (k: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % k;
  const units = ['*', '**', '_', '`', '[', '](', ')', 'word', ' ', '\n', '- ', '> ', '# ', '|', '~~', '!', 'https://x.example ', '\n\n', '```\n', '1. '];
  const words = (x: unknown): number => (typeof x === 'string' ? x.split('word').length - 1 : Array.isArray(x) ? x.reduce((s: number, y) => s + words(y), 0) : x && typeof x === 'object' ? Object.values(x).reduce((s: number, y) => s + words(y), 0) : 0);
  for (let round = 0; round < 300; round++) {
    let s = '';
    for (let i = 0; i < 40; i++) s += units[random(units.length)];
    // The name of a fence's language is not shown, and the address of a link in href.
    if (!/[`~]{3,} *\w/.test(s)) equal(words(markdown(s)), s.split('word').length - 1, s);
  }
});
