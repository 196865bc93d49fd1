// An edited window catches up beside live traffic, undisturbed and with workers killed −9 in it: `npm run bench -- catchup [--events=N --rate=N --kills=N --tiny]`. Exit 5 when a figure was not as recomputed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Course, runCourse } from './catchup/course.ts';
import { writeDefinitions } from './catchup/definitions.ts';
import { quantileOf } from './in-process/spread.ts';
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { partitionCount } from './worker-throughput/topic.ts';

type Options = BenchOptions<'events' | 'people' | 'rate' | 'kills' | 'settle' | 'session' | 'poll' | 'longest'>;

const notExact = 5;
const options: Options = readBenchOptions(process.argv.slice(2), {
  repeats: { full: 1, tiny: 1 },
  events: { full: 5_000_000, tiny: 4_000 },
  people: { full: 100_000, tiny: 400 },
  /** Live events a second. */
  rate: { full: 1_000, tiny: 200 },
  /** Of workers, in a second catch-up; 0: there is no second one. */
  kills: { full: 3, tiny: 0, least: 0 },
  /** Seconds of live traffic before the first edit. */
  settle: { full: 15, tiny: 2 },
  /** Seconds until the group gives a killed worker up. */
  session: { full: 10, tiny: 6, least: 6 },
  /** Milliseconds between two questions for positions. */
  poll: { full: 50, tiny: 100 },
  /** Seconds that live traffic is made for. */
  longest: { full: 1_800, tiny: 600 },
});
const beganMs = performance.now();
const say = (line: string): void => console.error(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${line}`);

await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
  const machine = await machineOf(addresses);
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-catchup-'));
  const courses: Course[] = [];
  try {
    const definitions = writeDefinitions(folder);
    const { profileFolder } = options;
    const workload = {
      seed: options.number('seed'),
      events: options.number('events'),
      people: options.number('people'),
      live: { perSecond: options.number('rate'), forS: options.number('longest') },
    };
    const timing = {
      kills: options.number('kills'),
      settleS: options.number('settle'),
      sessionS: options.number('session'),
      pollMs: options.number('poll'),
    };
    for (let repeat = 0; repeat < options.number('repeats'); repeat++)
      courses.push(await runCourse({ addresses, definitions, workload, ...timing, profileFolder, tell: say }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const details = courses.map(({ freshness, ...course }) => ({ ...course, samples: freshness.catchingUp.length }));
  const setting = { ...options.all, workload: 'stream of 60 days, then live', partitions: partitionCount };
  tell({ bench: 'catchup', machine, setting, rows: rowsOf(courses), details }, options.jsonFile);
  const wrong = courses.flatMap(({ findings }) => findings.wrong);
  for (const sentence of wrong) console.log(`WRONG: ${sentence}`);
  if (wrong.length > 0) process.exitCode = notExact;
});

function rowsOf(courses: readonly Course[]): readonly ReportRow[] {
  const of = (figure: (course: Course) => number): number[] => courses.map(figure);
  const fresh = (phase: keyof Course['freshness'], share: number): number[] => of(({ freshness }) => quantileOf(freshness[phase], share));
  const ratio = of(({ alonePerSecond, catchUpPerSecond }) => catchUpPerSecond / alonePerSecond);
  // On a machine that has other work too the two phases seldom get as much of the core.
  const perCpuSecond = ({ alonePerSecond, aloneShare }: Course): number => alonePerSecond / aloneShare;
  const byTime = of((course) => course.catchUpPerSecond / (course.workerShare - course.liveShare) / perCpuSecond(course));
  const killed = courses.flatMap((course) => course.killed ?? []);
  return [
    rowOf(
      'the worker alone, from an empty state',
      'events / s',
      of(({ alonePerSecond }) => alonePerSecond),
    ),
    rowOf(
      'the catch-up beside live traffic',
      'events / s',
      of(({ catchUpPerSecond }) => catchUpPerSecond),
    ),
    rowOf('ratio of the two', '', ratio, { kind: 'atLeast', must: 0.5 }),
    rowOf("the same by the worker's processor time, less that of live events", '', byTime),
    rowOf(
      'live events sent',
      'events / s',
      of(({ sentPerSecond }) => sentPerSecond),
    ),
    rowOf('acknowledged → in an answer, before the edit, p50', 'ms', fresh('before', 0.5)),
    rowOf('acknowledged → in an answer, before the edit, p99', 'ms', fresh('before', 0.99)),
    rowOf('acknowledged → in an answer, during the catch-up, p50', 'ms', fresh('catchingUp', 0.5)),
    rowOf('acknowledged → in an answer, during the catch-up, p99', 'ms', fresh('catchingUp', 0.99), { kind: 'atMost', must: 2_000 }),
    rowOf('acknowledged → in an answer, comparing and going over, p99', 'ms', fresh('switching', 0.99)),
    rowOf(
      'worker, share of its core, alone',
      '',
      of(({ aloneShare }) => aloneShare),
    ),
    rowOf(
      'worker, share of its core, live events alone',
      '',
      of(({ liveShare }) => liveShare),
    ),
    rowOf(
      'worker, share of its core, during the catch-up',
      '',
      of(({ workerShare }) => workerShare),
    ),
    rowOf(
      'query service, share of the same core',
      '',
      of(({ queryShare }) => queryShare),
    ),
    rowOf(
      'apply, until readers have gone over',
      's',
      of(({ applyS }) => applyS),
    ),
    rowOf(
      'rollback, until readers are back',
      's',
      of(({ rollbackS }) => rollbackS),
    ),
    ...(killed.length === 0
      ? []
      : [
          rowOf(
            'workers killed −9 in the second catch-up',
            '',
            killed.map(({ kills }) => kills),
          ),
        ]),
    ...(killed.length === 0
      ? []
      : [
          rowOf(
            'the second catch-up, kills and all',
            's',
            killed.map(({ catchUpS }) => catchUpS),
          ),
        ]),
    rowOf(
      'answers while definitions were edited',
      '',
      of(({ findings }) => findings.answers),
    ),
    rowOf(
      'refused meanwhile (503)',
      '',
      of(({ findings }) => findings.refused),
    ),
    rowOf(
      'cells of the difference reports, recomputed',
      '',
      of(({ findings }) => findings.reported),
    ),
    rowOf(
      'integers served in the end, recomputed',
      '',
      of(({ findings }) => findings.compared),
    ),
    rowOf(
      'mixed, falling or otherwise wrong',
      '',
      of(({ findings }) => findings.wrong.length),
      { kind: 'atMost', must: 0 },
    ),
  ];
}
