// Not run with the tests: it is what they look like when they fail.
import { equal, test } from "../../../src/testing";

test("this one holds", () => equal(1, 1));

test("one and one are three", () => equal(1 + 1, 3));

test("a rejected promise", async () => {
  await Promise.resolve();
  throw new Error("rejected");
});

test("a promise that nobody settles", () => new Promise(() => {}));
