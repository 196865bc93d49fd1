// Two years imported into a live deployment and rebuilt in time order, against one that had all in order: `npm run bench -- years [--days=N --events=N --tiny]`. Exit 5 when a figure differs.
import { type BenchOptions, readBenchOptions } from './report/options.ts';
import { machineOf, type ReportRow, rowOf, tell } from './report/report.ts';
import { withEngines } from './running/engines.ts';
import { type Course, runCourse } from './years/course.ts';

type Options = BenchOptions<'days' | 'events' | 'people' | 'recent' | 'rate' | 'partitions'>;

const notExact = 5;
const options: Options = readBenchOptions(process.argv.slice(2), {
  repeats: { full: 1, tiny: 1 },
  days: { full: 730, tiny: 30 },
  events: { full: 300_000, tiny: 1_500 },
  people: { full: 5_000, tiny: 100 },
  /** The last days, which arrive live. */
  recent: { full: 30, tiny: 10 },
  /** Live events a second while the past is imported. */
  rate: { full: 50, tiny: 20 },
  partitions: { full: 12, tiny: 2 },
});
const beganMs = performance.now();
const say = (line: string): void => console.error(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${line}`);

await withEngines(
  ['kafka', 'redis', 'clickhouse'],
  async ({ addresses }) => {
    const machine = await machineOf(addresses);
    const courses: Course[] = [];
    for (let repeat = 0; repeat < options.number('repeats'); repeat++)
      courses.push(
        await runCourse({
          addresses,
          seed: options.number('seed') + repeat,
          days: options.number('days'),
          events: options.number('events'),
          people: options.number('people'),
          recentDays: options.number('recent'),
          rate: options.number('rate'),
          partitions: options.number('partitions'),
          tell: say,
        }),
      );
    tell({ bench: 'years', machine, setting: options.all, rows: rowsOf(courses), details: courses }, options.jsonFile);
    const wrong = courses.flatMap((course) => course.wrong);
    for (const sentence of wrong) console.log(`WRONG: ${sentence}`);
    if (wrong.length > 0) process.exitCode = notExact;
  },
  { isPinned: false },
);

function rowsOf(courses: readonly Course[]): readonly ReportRow[] {
  const of = (figure: (course: Course) => number): number[] => courses.map(figure);
  return [
    rowOf(
      'events of all days',
      '',
      of(({ events }) => events),
    ),
    rowOf(
      'of them imported into the live deployment, shuffled',
      '',
      of(({ older }) => older),
    ),
    rowOf(
      'too late to count, until the rebuild',
      '',
      of(({ late }) => late),
    ),
    rowOf(
      'tidemark replay',
      's',
      of(({ importS }) => importS),
    ),
    rowOf(
      'tidemark rebuild',
      's',
      of(({ rebuildS }) => rebuildS),
    ),
    rowOf(
      'tidemark apply, compared and gone over to',
      's',
      of(({ applyS }) => applyS),
    ),
    rowOf(
      'cells named as different from what was served before',
      '',
      of(({ reported }) => reported),
    ),
    rowOf(
      'answers compared with those of the deployment in order',
      '',
      of(({ answers }) => answers),
    ),
    rowOf(
      'integers compared',
      '',
      of(({ compared }) => compared),
    ),
    rowOf(
      'differing',
      '',
      of(({ differing }) => differing),
      { kind: 'atMost', must: 0 },
    ),
  ];
}
