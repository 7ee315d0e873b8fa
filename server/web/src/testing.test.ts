import { equal, test, throws } from "./testing";

test("what is equal", () => {
  equal(1, 1);
  equal(NaN, NaN);
  equal({ a: [1, { b: null }] }, { a: [1, { b: null }] });
  equal(new Map([["a", new Set([1])]]), new Map([["a", new Set([1])]]));
  equal(new Date(5), new Date(5));
  equal(Object.assign(Object.create(null), { a: 1 }), Object.assign(Object.create(null), { a: 1 }));
  equal(10n, 10n);
});

test("what is not", () => {
  const pairs: [unknown, unknown][] = [
    [1, "1"], [0, -0], [null, undefined], [[1], [1, 2]], [{ a: 1 }, { b: 1 }], [{ a: undefined }, {}], [{}, []],
    [new Map([["a", 1]]), new Map([["a", 2]])], [new Set([1]), new Set([2])], [new Date(1), new Date(2)], [1n, 2n],
  ];
  for (const [a, b] of pairs) {
    throws(() => equal(a, b), "want");
    throws(() => equal(b, a), "want");
  }
});

test("a difference names its place", () => {
  throws(() => equal({ a: [0, { b: 1 }] }, { a: [0, { b: 2 }] }, "the answer"), "the answer: got");
  throws(() => equal({ a: [0, { b: 1 }] }, { a: [0, { b: 2 }] }), "first at .a.1.b");
});

test("what does not throw is a failure", () => {
  throws(() => throws(() => 1), "did not throw");
  throws(() => throws(() => { throw new Error("one"); }, "two"), "threw");
});

test("a promise is waited for", async () => {
  await Promise.resolve();
  equal(await Promise.all([1, Promise.resolve(2)]), [1, 2]);
});
