/** A head as Redis holds it: the note, and beside it the part that moves while nothing new is there. */
import { type Head, type HeadNote, NO_VERSION } from '@tidemark/pipeline';
import type { Reply } from './connection.ts';

type Confirmation = Pick<HeadNote, 'confirmedAtMs' | 'atEnd' | 'halted'>;

/** `note` is stored once, when the head closes; `confirmation` again whenever the owner says that it is still there. */
export function encodeNote(note: HeadNote): { note: string; confirmedAtMs: number; confirmation: string } {
  const { confirmedAtMs, atEnd, halted, ...rest } = note;
  const confirmation: Confirmation = { confirmedAtMs, atEnd, ...(halted === undefined ? {} : { halted }) };
  return { note: JSON.stringify(rest), confirmedAtMs, confirmation: JSON.stringify(confirmation) };
}

/** From the fields closed, target, note, confirmation, announced. */
export function decodeHead(fields: Reply | undefined): Head {
  if (!Array.isArray(fields)) throw new TypeError('Redis answered a head that is no list');
  const [stored, announcedTarget, note, confirmation, log] = fields.map((field) => (Buffer.isBuffer(field) ? field.toString() : null));
  const closed = stored ?? NO_VERSION;
  const target = announcedTarget ?? closed;
  const announced = log && target > closed ? { announced: log } : {};
  return { closed, target, note: note && confirmation ? decodeNote(note, confirmation) : null, ...announced };
}

function decodeNote(note: string, confirmation: string): HeadNote {
  const whole: Omit<HeadNote, keyof Confirmation> = JSON.parse(note);
  const moving: Confirmation = JSON.parse(confirmation);
  return { ...whole, ...moving };
}
