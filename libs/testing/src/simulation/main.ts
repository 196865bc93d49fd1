/** `npm run simulate`: plays seeds, in pieces that can be gone on with; of one that fails it prints the smallest world that fails alike. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Fault, isFault } from './faults.ts';
import type { Limits } from './plan.ts';
import { replayCommand, shrink } from './shrink.ts';
import { type SimulationResult, simulate } from './simulate.ts';
import { addResult, emptyTotals, faultsTable, gapsOf, stepsTable, summary, type Totals } from './totals.ts';

const USAGE = `npm run simulate -- [--seed=N | --from=N] [--runs=M] [--state=FILE] [--table] [--no-shrink]
  one seed alone prints its trace; --state puts totals by and goes on from them
  a smaller world of a seed: --records= --workers= --archivers= --readers= --steps= --partitions= --sets= --without=FAULT,… --lossless
exit codes: 0 everything held, 2 wrong arguments, 5 a law was broken
`;
const SIZES = ['records', 'workers', 'archivers', 'readers', 'steps', 'partitions', 'sets'] as const;
/** The last actions that a failure among many seeds prints. */
const SHOWN = 60;
const SAVE_EVERY_MS = 5_000;
const WRONG_ARGUMENTS = 2;
const BROKEN = 5;

interface Task {
  readonly from: number;
  readonly runs: number;
  readonly state: string | null;
  readonly table: boolean;
  readonly shrinks: boolean;
  readonly limits: Limits;
}

function readTask(): Task | string {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      allowNegative: true,
      options: {
        ...{ seed: text, from: text, runs: text, state: text, table: flag, shrink: { ...flag, default: true }, without: text, lossless: flag },
        ...{ records: text, workers: text, archivers: text, readers: text, steps: text, partitions: text, sets: text },
      },
    });
    const numbers = [values.seed, values.from, values.runs, ...SIZES.map((name) => values[name])];
    const wrong = numbers.find((value) => value !== undefined && !/^\d{1,15}$/.test(value));
    if (wrong !== undefined) return `${wrong} is no number`;
    const without: Fault[] = [];
    for (const name of values.without?.split(',') ?? []) {
      if (!isFault(name)) return `${name} is no fault`;
      without.push(name);
    }
    const sizes = Object.fromEntries(SIZES.flatMap((name) => (values[name] === undefined ? [] : [[name, Number(values[name])]])));
    return {
      from: Number(values.seed ?? values.from ?? 1),
      runs: Number(values.runs ?? 1),
      state: values.state ?? null,
      table: values.table ?? false,
      shrinks: values.shrink,
      limits: { ...sizes, ...(without.length > 0 ? { without } : {}), ...(values.lossless === true ? { lossless: true } : {}) },
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of a piece that was put by, or fresh. The file is ours; what it holds was written by `save`. */
function readTotals({ state, from }: Task): Totals {
  if (state === null || !existsSync(state)) return emptyTotals(from);
  const totals: Totals = JSON.parse(readFileSync(state, 'utf8'));
  return totals;
}

function save({ state }: Task, totals: Totals): void {
  if (state === null) return;
  mkdirSync(dirname(state), { recursive: true });
  writeFileSync(`${state}.new`, JSON.stringify(totals));
  renameSync(`${state}.new`, state);
}

/** Prints why, and the smallest world that fails alike; answers its command. */
async function explain(failed: SimulationResult, task: Task): Promise<string> {
  const { limits, result } = task.shrinks ? await shrink(failed, { limits: task.limits }) : { limits: task.limits, result: failed };
  const command = replayCommand(failed.seed, limits);
  const shown = result.trace.slice(-SHOWN).join('\n');
  process.stdout.write(
    `seed ${failed.seed}: ${failed.violation?.text}\n${shown}\n${result.violation?.text}\ntrace ${result.traceHash}, again by\n  ${command}\n`,
  );
  return command;
}

async function play(task: Task): Promise<Totals> {
  const totals = readTotals(task);
  const end = totals.from + task.runs;
  let savedAtMs = performance.now();
  while (totals.next < end) {
    const startedMs = performance.now();
    const result = await simulate(totals.next, { limits: task.limits });
    addResult(totals, result);
    totals.seconds += (performance.now() - startedMs) / 1_000;
    if (task.runs === 1) process.stdout.write(`${result.trace.join('\n')}\ntrace ${result.traceHash}\n`);
    if (result.violation !== undefined) {
      const command = await explain(result, task);
      totals.violations.push({ seed: result.seed, ...result.violation, command });
    }
    if (performance.now() - savedAtMs < SAVE_EVERY_MS && totals.next < end) continue;
    savedAtMs = performance.now();
    save(task, totals);
    if (process.stderr.isTTY) process.stderr.write(`\r${totals.seeds} of ${task.runs} seeds, ${totals.violations.length} violations `);
  }
  save(task, totals);
  return totals;
}

const task = readTask();
if (typeof task === 'string') {
  process.stderr.write(`${task}\n${USAGE}`);
  process.exitCode = WRONG_ARGUMENTS;
} else {
  const totals = await play(task);
  process.stdout.write(`${summary(totals)}\n`);
  const { missing, impossible } = gapsOf(totals.struck);
  if (task.table) process.stdout.write(`\n${faultsTable(totals)}\n\n${stepsTable(totals)}\n\nnot reached: ${missing.join('; ') || 'none'}\n`);
  if (impossible.length > 0) process.stdout.write(`reached though impossible:\n${impossible.join('\n')}\n`);
  if (totals.violations.length > 0) process.exitCode = BROKEN;
}
