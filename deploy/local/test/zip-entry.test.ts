// One file out of a zip, stored or deflated, and a clear error for anything else.
import { deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { findZipEntry } from '../src/zip-entry.ts';

function makeZip(entries: readonly { name: string; content: string; method: number }[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, method } of entries) {
    const packed = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    files.push(header, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    at += header.length + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, ...directory, end]);
}

const zip = makeZip([
  { name: 'stored', content: 'as it is', method: 0 },
  { name: 'deflated', content: 'x'.repeat(1_000), method: 8 },
  { name: 'strange', content: 'y', method: 99 },
]);

test('stored and deflated entries come out whole', () => {
  expect(findZipEntry(zip, 'stored').toString()).toBe('as it is');
  expect(findZipEntry(zip, 'deflated').toString()).toBe('x'.repeat(1_000));
});

test('an absent entry, an unknown method and a file that is no zip are errors', () => {
  expect(() => findZipEntry(zip, 'absent')).toThrow('no entry absent');
  expect(() => findZipEntry(zip, 'strange')).toThrow('compression method 99');
  expect(() => findZipEntry(Buffer.from('short'), 'x')).toThrow('not a zip archive');
});
