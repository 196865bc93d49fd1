/** The text of `--map`: which column, literal and time format makes which part of an event. */
import { nearestName } from '@tidemark/runtime';
import { timeFormatsInWords, timeReader } from './time-format.ts';

/** A cell of a column (with the format of a time), or the same text for every row. */
export type MapSource = { readonly column: string; readonly format?: string } | { readonly literal: string };

/** By target: `userId`, `anonymousId`, `event`, `timestamp`, `messageId`, `type`, or a dotted path such as `properties.plan`. */
export type EventMap = ReadonlyMap<string, MapSource>;

export type ParsedEventMap = { readonly ok: true; readonly map: EventMap } | { readonly ok: false; readonly problem: string };

/** What may stand on the left, and the field of the event that it means. */
const targets: Readonly<Record<string, string>> = {
  user: 'userId',
  userId: 'userId',
  anonymous: 'anonymousId',
  anonymousId: 'anonymousId',
  event: 'event',
  time: 'timestamp',
  timestamp: 'timestamp',
  id: 'messageId',
  messageId: 'messageId',
  type: 'type',
};
const nested = /^(?:properties|context|traits)(?:\.[^.\s]+)+$/;
const eventTypes = ['track', 'page', 'screen', 'identify', 'group', 'alias'];

/** Parses `user=customer,event='Purchase',time=date:yyyymmdd`. Double quotes hold a column's name with commas or colons, single quotes a literal; doubled, a quote stands for itself. */
export function parseEventMap(text: string): ParsedEventMap {
  const map = new Map<string, MapSource>();
  let rest = text.trim();
  while (rest !== '') {
    const [whole, key] = /^\s*([^=,'"\s]+)\s*=\s*/.exec(rest) ?? [];
    if (whole === undefined || key === undefined) return failed(`expected name=column or name='literal' at ${shown(rest)}`);
    const target = targetOf(key);
    if (target === undefined) return failed(unknownTarget(key));
    if (map.has(target)) return failed(`${key} is mapped twice`);
    const value = readSource(rest.slice(whole.length));
    if (typeof value === 'string') return failed(`${key}: ${value}`);
    const problem = sourceProblem(target, value.source);
    if (problem !== undefined) return failed(`${key}: ${problem}`);
    map.set(target, value.source);
    rest = value.rest;
  }
  return { ok: true, map };
}

function failed(problem: string): ParsedEventMap {
  return { ok: false, problem };
}

function targetOf(key: string): string | undefined {
  if (Object.hasOwn(targets, key)) return targets[key];
  return nested.test(key) ? key : undefined;
}

function unknownTarget(key: string): string {
  const near = nearestName(key, Object.keys(targets));
  const known = near === undefined ? 'known are user, anonymous, event, time, id, type and paths such as properties.plan' : `did you mean ${near}?`;
  return `unknown part of an event "${key}": ${known}`;
}

function sourceProblem(target: string, source: MapSource): string | undefined {
  if ('literal' in source) {
    if (target === 'type' && !eventTypes.includes(source.literal)) return `expected one of ${eventTypes.join(', ')}, got ${shown(source.literal)}`;
    return target === 'timestamp' || target === 'messageId' ? 'expected a column, since each event has its own' : undefined;
  }
  if (source.format === undefined) return undefined;
  if (target !== 'timestamp')
    return `only a time has a format, got ":${source.format}"; write the column's name in double quotes if it holds a colon`;
  const reader = timeReader(source.format);
  return typeof reader === 'function' ? undefined : reader.problem;
}

/** One value and what follows its comma; a text says what is wrong. */
function readSource(text: string): { readonly source: MapSource; readonly rest: string } | string {
  const literal = /^'((?:[^']|'')*)'\s*(?:,|$)/.exec(text);
  if (literal !== null) return { source: { literal: (literal[1] ?? '').replaceAll("''", "'") }, rest: text.slice(literal[0].length) };
  if (text.startsWith("'")) return `the literal ${shown(text)} does not end, or is followed by more than a comma`;
  const column = /^(?:"((?:[^"]|"")*)"|([^,:'"]*))(?::(?:'((?:[^']|'')*)'|([^,']*)))?\s*(?:,|$)/.exec(text);
  if (column === null) return `expected a column, or a literal in single quotes, at ${shown(text)}`;
  const [whole, quoted, bare = '', quotedFormat, bareFormat] = column;
  const name = quoted?.replaceAll('""', '"') ?? bare.trim();
  if (name === '') return 'the name of the column is missing';
  const format = quotedFormat?.replaceAll("''", "'") ?? bareFormat?.trim();
  if (format === '') return `the time format after ":" is missing: ${timeFormatsInWords}`;
  return { source: format === undefined ? { column: name } : { column: name, format }, rest: text.slice(whole.length) };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 39)}…` : text);
}
