/** What a torture run came to: one piece, and all pieces of a file together. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { FaultKind } from './fault-kinds.ts';
import type { ReaderCounts } from './readers.ts';

/** Times are milliseconds since the piece's faults began. */
export interface FaultResult {
  readonly kind: FaultKind;
  readonly startMs: number;
  endMs: number | null;
  /** From its beginning, and from its end, until an answer held all that was acknowledged then; null where it never came to that. */
  freshAfterStartMs: number | null;
  freshAfterEndMs: number | null;
  /** No other fault was there from its beginning until figures were fresh after its end. */
  alone: boolean;
  /** The machine's load average over a minute when it began: others may work on it too. */
  readonly machineLoad: number;
}

export interface CheckResult {
  readonly atMs: number;
  /** Until both stores held the whole log, after everything was healed. */
  readonly caughtUpMs: number;
  readonly records: number;
  /** Acknowledged records that are not in the log where they were acknowledged, or missing in the archive, or not counted. */
  readonly lost: number;
  readonly countedTwice: number;
  /** Records that the log holds without an acknowledgement. */
  readonly unanswered: number;
  readonly comparedCells: number;
  readonly wrongCells: number;
  readonly sqlIntegers: number;
  readonly sqlWrong: number;
  /** The first differences, in words. */
  readonly differences: readonly string[];
}

export interface Piece {
  readonly seed: number;
  readonly startedAt: string;
  seconds: number;
  readonly rate: number;
  readonly actors: number;
  /** Records acknowledged. */
  events: number;
  /** Records of sends without an answer. */
  unanswered: number;
  readonly faults: FaultResult[];
  readonly checks: CheckResult[];
  readers: ReaderCounts;
  connectionsBroken: number;
  /** Services that ended by themselves and were started again. */
  readonly restarts: string[];
  /** What must never be. */
  readonly violations: string[];
}

export interface TortureFile {
  readonly pieces: readonly Piece[];
}

export function readPieces(file: string): readonly Piece[] {
  if (!existsSync(file)) return [];
  const { pieces }: TortureFile = JSON.parse(readFileSync(file, 'utf8'));
  return pieces;
}

/** Adds a piece, or replaces the one with its seed and start. */
export function savePiece(file: string, piece: Piece): void {
  const others = readPieces(file).filter(({ seed, startedAt }) => seed !== piece.seed || startedAt !== piece.startedAt);
  const all: TortureFile = { pieces: [...others, piece] };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(all, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

/** True when nothing was lost, counted twice, wrong or violated, and something was compared. */
export function isClean({ checks, violations }: Piece): boolean {
  const isExact = checks.every(({ lost, countedTwice, wrongCells, sqlWrong }) => lost + countedTwice + wrongCells + sqlWrong === 0);
  return checks.length > 0 && isExact && violations.length === 0;
}

/** Markdown: what was done and found, then recovery times by fault. */
export function reportOf(pieces: readonly Piece[]): string {
  const checks = pieces.flatMap((piece) => piece.checks);
  const faults = pieces.flatMap((piece) => piece.faults);
  const sum = (numbers: readonly number[]): string => numbers.reduce((total, number) => total + number, 0).toLocaleString('en-US');
  const of = <T>(from: readonly T[], value: (one: T) => number): string => sum(from.map(value));
  const readers = pieces.map((piece) => piece.readers);
  const rows: readonly (readonly [string, string])[] = [
    ['pieces, minutes', `${pieces.length}, ${(pieces.reduce((total, { seconds }) => total + seconds, 0) / 60).toFixed(1)}`],
    ['seeds', pieces.map(({ seed }) => seed).join(', ')],
    ['events acknowledged', of(pieces, ({ events }) => events)],
    ['sent without an answer', of(pieces, ({ unanswered }) => unanswered)],
    ['faults', faults.length.toLocaleString('en-US')],
    ["the machine's load average when they began, median and largest", loadOf(faults)],
    ['connections broken', of(pieces, ({ connectionsBroken }) => connectionsBroken)],
    ['comparisons', String(checks.length)],
    ['**lost**', `**${of(checks, ({ lost }) => lost)}**`],
    ['**counted twice**', `**${of(checks, ({ countedTwice }) => countedTwice)}**`],
    ['**wrong cells** of those compared', `**${of(checks, ({ wrongCells }) => wrongCells)}** of ${of(checks, ({ comparedCells }) => comparedCells)}`],
    [
      '**wrong integers** of those recomputed in SQL',
      `**${of(checks, ({ sqlWrong }) => sqlWrong)}** of ${of(checks, ({ sqlIntegers }) => sqlIntegers)}`,
    ],
    ['answers to the readers', `${of(readers, ({ answered }) => answered)} of ${of(readers, ({ asked }) => asked)}`],
    ['refused while both stores were away', of(readers, ({ refused }) => refused)],
    ['refused with a store there, on an overloaded machine', of(readers, ({ refusedUnderLoad }) => refusedUnderLoad)],
    [
      'from Redis, from ClickHouse, from both',
      [of(readers, (each) => each.fromRedis), of(readers, (each) => each.fromClickHouse), of(readers, (each) => each.mixed)].join(', '),
    ],
    ['said to be stale', of(readers, ({ stale }) => stale)],
    ['slowest answer', `${(Math.max(0, ...readers.map(({ slowestMs }) => slowestMs)) / 1_000).toFixed(1)} s`],
    ['services that ended by themselves', of(pieces, ({ restarts }) => restarts.length)],
    ['**violations**', `**${of(pieces, ({ violations }) => violations.length)}**`],
  ];
  const facts = ['| What | Count |', '|---|---|', ...rows.map(([what, count]) => `| ${what} | ${count} |`)];
  return [...facts, '', ...recoveryTable(faults)].join('\n');
}

function recoveryTable(faults: readonly FaultResult[]): readonly string[] {
  const kinds = [...new Set(faults.map(({ kind }) => kind))].sort();
  const rows = [
    ...kinds.map((kind) =>
      row(
        kind,
        faults.filter((fault) => fault.kind === kind),
      ),
    ),
    row('all', faults),
  ];
  return [
    '| Fault | times | alone | lasted, median | fresh after its beginning, p50 | p99 | fresh after its end, p50 | p99 | alone: after its beginning, p50 | p99 |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...rows,
  ];
}

function row(name: string, faults: readonly FaultResult[]): string {
  const alone = faults.filter((fault) => fault.alone);
  const present = (values: readonly (number | null)[]): readonly number[] => values.filter((value) => value !== null);
  const lasted = present(faults.map(({ startMs, endMs }) => (endMs === null ? null : endMs - startMs)));
  const start = present(faults.map(({ freshAfterStartMs }) => freshAfterStartMs));
  const end = present(faults.map(({ freshAfterEndMs }) => freshAfterEndMs));
  const aloneStart = present(alone.map(({ freshAfterStartMs }) => freshAfterStartMs));
  const cells = [
    faults.length,
    alone.length,
    ...[quantile(lasted, 0.5), quantile(start, 0.5), quantile(start, 0.99), quantile(end, 0.5), quantile(end, 0.99)],
    ...[quantile(aloneStart, 0.5), quantile(aloneStart, 0.99)],
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

function loadOf(faults: readonly FaultResult[]): string {
  const loads = faults.map(({ machineLoad }) => machineLoad).sort((left, right) => left - right);
  return `${(loads[loads.length >> 1] ?? 0).toFixed(1)}, ${(loads.at(-1) ?? 0).toFixed(1)}`;
}

/** In seconds, of milliseconds; the nearest rank. */
function quantile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((left, right) => left - right);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return value === undefined ? '–' : `${(value / 1_000).toFixed(1)} s`;
}
