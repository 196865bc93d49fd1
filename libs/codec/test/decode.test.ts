/** What the fast decoder does beside agreeing with the plain one: it forgets in time, learns shapes, follows its vocabulary. */
import { COMPOSITE, type EventView, Vocabulary } from '@tidemark/core';
import { expect, test, vi } from 'vitest';
import { createDecoder, createPlainDecoder, type Decoder } from '../src/index.ts';

const key = Buffer.from('u1');

function decoded(decoder: Decoder, members: string): EventView {
  const event = decoder.decode(key, Buffer.from(`{"type":"track","event":"Bought","userId":"u1","messageId":"m","timestamp":0${members}}`));
  if (event === null) throw new Error(decoder.reason);
  return event;
}

test.each([
  ['fast', createDecoder],
  ['plain', createPlainDecoder],
])('the %s decoder reads values as the event says', (_, create) => {
  const vocabulary = new Vocabulary();
  const plan = vocabulary.path(['properties', 'plan']);
  const decoder = create(vocabulary);
  const read = (value: string): unknown[] => {
    const event = decoded(decoder, `,"properties":{"plan":${value}}`);
    return [event.property(plan), event.sliceText(plan), event.numberText(plan)];
  };
  expect(read('"pro"')).toStrictEqual(['pro', 'pro', null]);
  expect(read('"5"')).toStrictEqual(['5', '5', null]);
  expect(read('5.50')).toStrictEqual([5.5, '5.5', '5.5']);
  expect(read('-0')).toStrictEqual([-0, '0', '0']);
  expect(read('1E21')).toStrictEqual([1e21, '1e+21', '1e+21']);
  expect(read('1e999')).toStrictEqual([Number.POSITIVE_INFINITY, '', null]);
  expect(read('true')).toStrictEqual([true, 'true', null]);
  expect(read('null')).toStrictEqual([null, '', null]);
  expect(read('["pro"]')).toStrictEqual([COMPOSITE, '', null]);
  expect(read('{}')).toStrictEqual([COMPOSITE, '', null]);
  expect(read(`"${'я'.repeat(250)}"`)[1]).toBe('я'.repeat(200));
  expect(read(`"${'x'.repeat(199)}😀"`)[1]).toBe('x'.repeat(199));
  expect(read('"a\\ud800"')[1]).toBe('a\ufffd');
  expect(decoded(decoder, '').property(plan)).toBeUndefined();
  expect(() => decoded(decoder, '').property(plan + 1)).toThrow(RangeError);
});

test('names and paths that come after the first event are followed', () => {
  const vocabulary = new Vocabulary();
  const decoder = createDecoder(vocabulary);
  expect(decoded(decoder, ',"properties":{"plan":"pro"}').nameId).toBe(0);
  const name = vocabulary.name('Bought');
  const plan = vocabulary.path(['properties', 'plan']);
  const event = decoded(decoder, ',"properties":{"plan":"pro"}');
  expect(event.nameId).toBe(name);
  expect(event.sliceText(plan)).toBe('pro');
});

test('slice values stay right when more of them pass than are remembered', () => {
  const vocabulary = new Vocabulary();
  const plan = vocabulary.path(['properties', 'plan']);
  const decoder = createDecoder(vocabulary);
  let wrong = 0;
  for (let index = 0; index < 150_000; index += 1) {
    const text = `value ${index % 70_001}`;
    if (decoded(decoder, `,"properties":{"plan":"${text}"}`).sliceText(plan) !== text) wrong += 1;
  }
  expect(wrong).toBe(0);
});

test('properties stay right when more shapes pass than are learned', () => {
  const vocabulary = new Vocabulary();
  const plan = vocabulary.path(['properties', 'plan']);
  const decoder = createDecoder(vocabulary);
  let wrong = 0;
  for (let index = 0; index < 60_000; index += 1) {
    const members = Array.from({ length: 1 + (index % 90) }, (_, member) => `"k${index % 7}_${member}":${member}`);
    members.splice(index % 90, 0, `"plan":"p${index % 5}"`);
    if (decoded(decoder, `,"properties":{${members.join(',')}}`).sliceText(plan) !== `p${index % 5}`) wrong += 1;
  }
  expect(wrong).toBe(0);
});

test('records of known tokens are decoded without JSON.parse, whether their shape is known or new', () => {
  const vocabulary = new Vocabulary();
  const plan = vocabulary.path(['properties', 'plan']);
  const decoder = createDecoder(vocabulary);
  const read = (shape: number): string =>
    decoded(decoder, `,"properties":{"k${shape}":1,"plan":"pro \\u0041 план"},"context":{"list":[1,"\\n"]}`).sliceText(plan);
  expect(read(0)).toBe('pro A план');
  const parse = vi.spyOn(JSON, 'parse');
  for (let shape = 0; shape < 300; shape += 1) expect(read(shape % 200)).toBe('pro A план');
  expect(parse).not.toHaveBeenCalled();
  parse.mockRestore();
});
