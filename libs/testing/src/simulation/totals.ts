/** What many seeds came to: totals that can be put by and gone on with, and the table of steps and faults as Markdown. */
import { FAULT_KINDS, isFaultName } from './faults.ts';
import type { SimulationResult } from './simulate.ts';
import { isStep, STEPS, type Step, whyNot } from './steps.ts';
import { addCounts, type Counts, cellName } from './tally.ts';

export interface Totals {
  /** The first seed, and the one to go on with. */
  readonly from: number;
  next: number;
  seeds: number;
  /** Seeds of so many records and more. */
  large: number;
  records: number;
  /** Actions of the schedule. */
  steps: number;
  seconds: number;
  readonly counts: Counts;
  readonly faults: Counts;
  readonly struck: Counts;
  readonly violations: { readonly seed: number; readonly law: string; readonly text: string; readonly command: string }[];
}

const LARGE_RECORDS = 1_000;

export function emptyTotals(from: number): Totals {
  return { from, next: from, seeds: 0, large: 0, records: 0, steps: 0, seconds: 0, counts: {}, faults: {}, struck: {}, violations: [] };
}

export function addResult(totals: Totals, result: SimulationResult): void {
  totals.next = result.seed + 1;
  totals.seeds++;
  if (result.records >= LARGE_RECORDS) totals.large++;
  totals.records += result.records;
  totals.steps += result.steps;
  addCounts(totals.counts, result.counts);
  addCounts(totals.faults, result.faults);
  addCounts(totals.struck, result.struck);
}

export interface Gaps {
  /** Cells that can be, and were not reached. */
  readonly missing: readonly string[];
  /** Cells that cannot be, and were. */
  readonly impossible: readonly string[];
}

export function gapsOf(struck: Readonly<Counts>): Gaps {
  const missing: string[] = [];
  const impossible: string[] = [];
  for (const step of stepNames())
    for (const fault of Object.keys(FAULT_KINDS).filter(isFaultName)) {
      const count = struck[cellName(step, fault)] ?? 0;
      const reason = whyNot(step, fault);
      if (reason === null && count === 0) missing.push(cellName(step, fault));
      if (reason !== null && count > 0) impossible.push(`${cellName(step, fault)}: ${count}, though ${reason}`);
    }
  return { missing, impossible };
}

export function summary(totals: Totals): string {
  const { from, next, seeds, records, steps, counts, large, seconds, violations } = totals;
  const lines = [
    `seeds ${from} to ${next - 1}: ${seeds} seeds (${large} of ${number(LARGE_RECORDS)} records or more), ${number(records)} records, ${number(steps)} steps, ${Math.round(seconds)} s`,
    `answers looked at ${number(counts['answer'] ?? 0)}, manifests ${number(counts['manifest'] ?? 0)}, heads closed in Redis ${number(counts['redis closed'] ?? 0)}, in ClickHouse ${number(counts['clickhouse closed'] ?? 0)}; halts with a reason ${number((counts['halted'] ?? 0) + (counts['archiver halted'] ?? 0))}`,
    `worlds with capped actors ${number(counts['world with capped actors'] ?? 0)}, with slice overflow ${number(counts['world with slice overflow'] ?? 0)}, in a raised epoch ${number(counts['epoch'] ?? 0)}`,
    `violations ${violations.length}`,
    ...violations.map(({ seed, text, command }) => `  seed ${seed}: ${text.slice(0, 200)}\n    ${command}`),
  ];
  return lines.join('\n');
}

export function faultsTable({ faults }: Totals): string {
  const rows = Object.keys(FAULT_KINDS).map((fault) => `| ${fault} | ${number(faults[fault] ?? 0)} |`);
  return ['| fault | inflicted |', '| --- | ---: |', ...rows].join('\n');
}

/** Steps downwards, faults across; a cell is a count, or the letter of the reason why it cannot be. */
export function stepsTable({ struck }: Totals): string {
  const faults = Object.keys(FAULT_KINDS).filter(isFaultName);
  const letters = new Map<string, string>();
  const letterOf = (reason: string): string => {
    const letter = letters.get(reason) ?? String.fromCharCode(97 + letters.size);
    letters.set(reason, letter);
    return letter;
  };
  const rows = stepNames().map((step) => {
    const cells = faults.map((fault) => {
      const reason = whyNot(step, fault);
      return reason === null ? number(struck[cellName(step, fault)] ?? 0) : letterOf(reason);
    });
    return `| ${step} | ${cells.join(' | ')} |`;
  });
  const reasons = [...letters].map(([reason, letter]) => `${letter}: ${reason}`).join(' · ');
  return [`| step | ${faults.join(' | ')} |`, `| --- |${' ---: |'.repeat(faults.length)}`, ...rows, '', reasons].join('\n');
}

function stepNames(): Step[] {
  return Object.keys(STEPS).filter(isStep);
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}
