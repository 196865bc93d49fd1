/** Shapes: what was learned is recognised by its gaps alone, and nothing else is. */
import { expect, test } from 'vitest';
import { emptyLayout } from '../src/decode-layout.ts';
import { MemberScan } from '../src/decode-scan.ts';
import { ShapeTree } from '../src/decode-shape.ts';
import { ValueText } from '../src/decode-text.ts';

const text = new ValueText();
const scan = new MemberScan(text);

function learn(tree: ShapeTree, value: string): void {
  text.openCopy(Buffer.from(value));
  expect(scan.read(3)).toBe(true);
  tree.learn(scan, emptyLayout(0));
}

/** The scalars of a value, or null when its shape is not known. */
function scalarsOf(tree: ShapeTree, value: string): string[] | null {
  text.openCopy(Buffer.from(value));
  if (tree.match() === null) return null;
  expect(scan.read(3)).toBe(true);
  const spans = Array.from({ length: scan.scalarCount }, (_, index) => [scan.scalarStarts[index], scan.scalarEnds[index]]);
  tree.match();
  expect(spans).toStrictEqual(spans.map((_, index) => [text.starts[index], text.ends[index]]));
  return spans.map(([start, end]) => text.bytes.toString('utf8', start, end));
}

test('a learned shape is recognised with other values of other kinds and lengths', () => {
  const tree = new ShapeTree(text);
  learn(tree, '{"a":1,"bcd":{"e":"x"},"f":[true,{"g":null}]}');
  expect(scalarsOf(tree, '{"a":"long \\" text","bcd":{"e":-1.5e3},"f":["",{"g":false}]}')).toStrictEqual([
    '"long \\" text"',
    '-1.5e3',
    '""',
    'false',
  ]);
});

test('a gap that another one begins with does not hide it', () => {
  const tree = new ShapeTree(text);
  for (const value of ['{"a":1,"b":2}', '{"a":1,"b":{"c":2}}', '{"a":1,"b":[2]}', '{"a":1,"b": 2}', '{"a":1}']) learn(tree, value);
  for (const value of ['{"a":1,"b":2}', '{"a":1,"b":{"c":2}}', '{"a":1,"b":[2]}', '{"a":1,"b": 2}', '{"a":1}'])
    expect(scalarsOf(tree, value)).not.toBeNull();
});

test.each([
  '{"a":1,"b":2}}',
  '{"a":1,"b":2',
  '{"a":1,"b":2} ',
  '{"a":1,"b":2}\0',
  '{"a":1,"b":02}',
  '{"a":1,"b":"\tn"}',
  '{"a":1,"b":"\u0001"}',
  '{"a":1,"c":2}',
  '{"a":1,"b":}',
  '',
])('no shape is seen in %j', (value) => {
  const tree = new ShapeTree(text);
  learn(tree, '{"a":1,"b":2}');
  expect(scalarsOf(tree, value)).toBeNull();
});
