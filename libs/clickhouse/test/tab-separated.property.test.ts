// TabSeparated as written here reads back as ClickHouse reads it: a field's bytes, whatever they are.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TabSeparatedRows } from '../src/tab-separated.ts';

/** ClickHouse's own rules: rows end at newlines, fields at tabs, a backslash gives the next letter a meaning. */
function parse(bytes: Buffer): (string | null)[][] {
  const letters: Record<string, string> = { t: '\t', n: '\n', r: '\r', '0': '\0', '\\': '\\' };
  const field = (text: string): string | null =>
    text === '\\N' ? null : text.replaceAll(/\\(.)/gs, (_, letter: string) => letters[letter] ?? letter);
  const lines = bytes.toString('latin1').split('\n').slice(0, -1);
  return lines.map((line) => line.split('\t').map(field));
}

const bytes = fc.option(
  fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom('\\N', '\t', '\n\\', '\0', '').map((text) => Uint8Array.from(Buffer.from(text))),
  ),
);

describe('TabSeparated rows', () => {
  test('any bytes, null included, survive', () => {
    fc.assert(
      fc.property(fc.array(fc.array(bytes, { minLength: 1, maxLength: 4 }), { maxLength: 10 }), (rows) => {
        const writer = new TabSeparatedRows(8);
        for (const row of rows) {
          for (const field of row) writer.raw(field);
          writer.end();
        }
        expect(writer.count).toBe(rows.length);
        expect(parse(writer.toBuffer())).toEqual(
          rows.map((row) => row.map((field) => (field === null ? null : Buffer.from(field).toString('latin1')))),
        );
      }),
    );
  });

  test('numbers stand as digits', () => {
    const writer = new TabSeparatedRows();
    writer.number(-62_135_596_800_000).number(0).text('ß\t').end();
    expect(writer.toBuffer().toString()).toBe('-62135596800000\t0\tß\\t\n');
  });
});
