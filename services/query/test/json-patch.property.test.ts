// Deltas: what the service takes apart, the client puts together.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyPatch } from '../src/client/apply-patch.ts';
import { jsonPatch } from '../src/live/json-patch.ts';

/** A value and another one that shares much of it. */
const neighbours = fc.jsonValue({ maxDepth: 4 }).chain((from) => fc.tuple(fc.constant(from), fc.oneof(fc.jsonValue({ maxDepth: 4 }), changed(from))));

function changed(value: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(value)) return fc.tuple(...value.map((item) => fc.oneof(fc.constant(item), changed(item))));
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, item]) =>
      fc.tuple(fc.constant(name), fc.oneof({ weight: 3, arbitrary: fc.constant(item) }, changed(item))),
    );
    return fc.tuple(...members).chain((kept) => fc.subarray(kept).map((entries) => Object.fromEntries(entries)));
  }
  return fc.jsonValue({ maxDepth: 1 });
}

describe('a delta', () => {
  it('turns the one value into the other, leaves the first as it was, and is empty between equals', () => {
    fc.assert(
      fc.property(neighbours, ([from, to]) => {
        const before = JSON.stringify(from);
        expect(JSON.stringify(sorted(applyPatch(from, jsonPatch(from, to))))).toBe(JSON.stringify(sorted(to)));
        expect(JSON.stringify(from)).toBe(before);
        expect(jsonPatch(from, structuredClone(from))).toEqual([]);
      }),
    );
  });

  it('names the cells that changed, and nothing else', () => {
    const from = {
      total: 3,
      buckets: [
        { bucket: 'a', value: 1 },
        { bucket: 'b', value: 2 },
      ],
      'a/b~c': 1,
      gone: true,
    };
    const to = {
      total: 4,
      buckets: [
        { bucket: 'a', value: 1 },
        { bucket: 'b', value: 3 },
      ],
      'a/b~c': 2,
      come: [],
    };
    expect(jsonPatch(from, to)).toEqual([
      { op: 'remove', path: '/gone' },
      { op: 'replace', path: '/total', value: 4 },
      { op: 'replace', path: '/buckets/1/value', value: 3 },
      { op: 'replace', path: '/a~1b~0c', value: 2 },
      { op: 'add', path: '/come', value: [] },
    ]);
  });

  it('reaches no prototype, and refuses a path that leads nowhere', () => {
    const hostile: object = JSON.parse('{"__proto__":{"polluted":1}}');
    expect(JSON.stringify(applyPatch({}, jsonPatch({}, hostile)))).toBe('{"__proto__":{"polluted":1}}');
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(() => applyPatch({}, [{ op: 'add', path: '/__proto__/polluted', value: 1 }])).toThrow('leads nowhere');
    expect(() => applyPatch({ a: 1 }, [{ op: 'replace', path: '/b', value: 1 }])).toThrow('leads nowhere');
  });
});

/** Members by name: their order is no part of a JSON value. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return members.map(([name, item]) => [name, sorted(item)]);
}
