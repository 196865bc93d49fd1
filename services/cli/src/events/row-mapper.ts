/** Turns the rows of a CSV file into events: mapped columns become the event's parts, all others its properties. */
import { isoInstant } from '@tidemark/core';
import { nearestName } from '@tidemark/runtime';
import type { EventMap, MapSource } from './event-map.ts';
import { type TimeReader, timeFormatsInWords, timeReader } from './time-format.ts';

/** The record of an event: `key` is the actor id, `value` its JSON text. */
export interface MappedRow {
  readonly key: string;
  readonly value: string;
}

/** The record of a row, or why the row makes none. `line` counts from 1, the header included. */
export type RowMapper = (cells: readonly string[], line: number) => MappedRow | { readonly reason: string };

/** Raw JSON text of a value of a row, or undefined when there is none. */
type Writer = (cells: readonly string[]) => string | undefined;

/** Throws an Error of one sentence when the map and the header do not fit together. */
export function createRowMapper(options: { readonly header: readonly string[]; readonly map: EventMap; readonly fileName: string }): RowMapper {
  const { header, fileName } = options;
  const columns = columnsOf(header);
  const map = withNamesakes(options.map, columns);
  for (const source of map.values()) if ('column' in source) indexOf(columns, source.column);
  const user = textOf(map.get('userId'), columns);
  const anonymous = textOf(map.get('anonymousId'), columns);
  const event = textOf(map.get('event'), columns);
  const type = textOf(map.get('type'), columns) ?? (() => 'track');
  const id = textOf(map.get('messageId'), columns);
  const time = timeOf(map.get('timestamp'), columns);
  if (user === undefined && anonymous === undefined) throw new Error(missing('user', 'who did it', header));
  if (time === undefined) throw new Error(missing('time', 'when it happened', header));
  if (event === undefined && !map.has('type')) throw new Error(missing('event', "what happened, such as event='Purchase'", header));
  const rest = restWriter(map, header, columns);
  const idPrefix = `${fileName}:`;
  return (cells, line) => {
    if (cells.length !== header.length) return { reason: `${cells.length} cells where the header has ${header.length}` };
    const timeText = time.cell(cells);
    const timeMs = time.read(timeText);
    if (Number.isNaN(timeMs)) return { reason: `${JSON.stringify(timeText.slice(0, 40))} is no time of the format ${time.format}` };
    const userId = user?.(cells) ?? '';
    const key = userId === '' ? (anonymous?.(cells) ?? '') : userId;
    if (key === '') return { reason: 'no actor: the cell of the user is empty' };
    const messageId = id === undefined ? idPrefix + line : id(cells);
    const name = event === undefined ? '' : `,"event":${JSON.stringify(event(cells))}`;
    const actor = `"${userId === '' ? 'anonymousId' : 'userId'}":${JSON.stringify(key)}`;
    const head = `"type":${JSON.stringify(type(cells))}${name},"messageId":${JSON.stringify(messageId)},${actor},"timestamp":"${isoInstant(timeMs)}"`;
    return { key, value: `{${head}${rest(cells)}}` };
  };
}

function columnsOf(header: readonly string[]): ReadonlyMap<string, number> {
  const columns = new Map<string, number>();
  for (const [index, name] of header.entries()) {
    if (columns.has(name)) throw new Error(`the header names the column "${name}" twice: rename one of them`);
    columns.set(name, index);
  }
  return columns;
}

/** A column that is called as the part of an event that it is needs no mapping. */
function withNamesakes(map: EventMap, columns: ReadonlyMap<string, number>): EventMap {
  const whole = new Map(map);
  for (const target of ['userId', 'anonymousId', 'event', 'timestamp', 'messageId'])
    if (!whole.has(target) && columns.has(target)) whole.set(target, { column: target });
  return whole;
}

function missing(part: string, meaning: string, header: readonly string[]): string {
  const columns = header.map((name) => JSON.stringify(name)).join(', ');
  return `nothing says ${meaning}: add ${part}=COLUMN to --map; the columns are ${columns}`;
}

function indexOf(columns: ReadonlyMap<string, number>, name: string): number {
  const index = columns.get(name);
  if (index !== undefined) return index;
  const near = nearestName(name, [...columns.keys()]);
  const fix = near === undefined ? `the columns are ${[...columns.keys()].join(', ')}` : `did you mean ${near}?`;
  throw new Error(`the file has no column "${name}": ${fix}`);
}

function textOf(source: MapSource | undefined, columns: ReadonlyMap<string, number>): ((cells: readonly string[]) => string) | undefined {
  if (source === undefined) return undefined;
  if ('literal' in source) return () => source.literal;
  const index = indexOf(columns, source.column);
  return (cells) => cells[index] ?? '';
}

interface TimeColumn {
  readonly format: string;
  readonly read: TimeReader;
  cell(cells: readonly string[]): string;
}

function timeOf(source: MapSource | undefined, columns: ReadonlyMap<string, number>): TimeColumn | undefined {
  const cell = textOf(source, columns);
  if (source === undefined || cell === undefined || 'literal' in source) return undefined;
  const format = source.format ?? 'iso';
  const read = timeReader(format);
  if (typeof read !== 'function') throw new Error(`${read.problem}; known are ${timeFormatsInWords}`);
  return { format, read, cell };
}

interface Branch {
  readonly members: Map<string, Branch | Writer>;
}

/** Writes `,"properties":{…},"context":{…}`. */
function restWriter(map: EventMap, header: readonly string[], columns: ReadonlyMap<string, number>): (cells: readonly string[]) => string {
  const root: Branch = { members: new Map() };
  const used = new Set<string>();
  for (const [target, source] of map) {
    if ('column' in source) used.add(source.column);
    if (target.includes('.'))
      graft(root, target.split('.'), 'literal' in source ? literalWriter(source.literal) : cellWriter(indexOf(columns, source.column)));
  }
  for (const [index, name] of header.entries()) if (!used.has(name) && name !== '') graft(root, ['properties', name], cellWriter(index));
  const write = branchWriter(root);
  return (cells) => {
    const text = write(cells);
    return text === undefined ? '' : `,${text.slice(1, -1)}`;
  };
}

function graft(branch: Branch, path: readonly string[], writer: Writer): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    branch.members.set(name, writer);
    return;
  }
  const known = branch.members.get(name);
  if (typeof known === 'function') throw new Error(`"${name}" is mapped to a value and to a path below it`);
  const below = known ?? { members: new Map() };
  branch.members.set(name, below);
  graft(below, rest, writer);
}

function branchWriter(branch: Branch): Writer {
  const members = [...branch.members].map(([name, member]) => ({
    label: `${JSON.stringify(name)}:`,
    write: typeof member === 'function' ? member : branchWriter(member),
  }));
  return (cells) => {
    let text = '';
    for (const { label, write } of members) {
      const value = write(cells);
      if (value !== undefined) text += (text === '' ? '' : ',') + label + value;
    }
    return text === '' ? undefined : `{${text}}`;
  };
}

function literalWriter(literal: string): Writer {
  const text = JSON.stringify(literal);
  return () => text;
}

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?$/;

/** A number keeps its digits; one that a double cannot hold whole, such as a long id, stays a text, and so does 007. An empty cell is no property. */
function cellWriter(index: number): Writer {
  return (cells) => {
    const cell = cells[index] ?? '';
    if (cell === '') return undefined;
    return NUMBER.test(cell) && isHeldWhole(cell) ? cell : JSON.stringify(cell);
  };
}

function isHeldWhole(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value));
}
