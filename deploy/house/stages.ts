// What `npm test` runs, in this order, with the seconds that each part may be expected to take on two cores.

/** One part of the test run: a command of the project, and whether it leaves a vitest report to add up. */
export interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Expected seconds; beyond them the table says so, and the run goes on until `totalBoundS`. */
  readonly budgetS: number;
  readonly reports: boolean;
}

/** What the whole run may be expected to take on two cores; beyond it the table says so. */
export const totalBudgetS = 25 * 60;

/** When it is reached, the running stage is ended and the run has failed: room for a machine that is slower or busy, and for one that fetches everything first. */
export const totalBoundS = 40 * 60;

export const stages: readonly Stage[] = [
  {
    name: 'typecheck',
    command: ['turbo', 'run', 'typecheck', 'typecheck:root', '--output-logs=errors-only', '--continue'],
    budgetS: 30,
    reports: false,
  },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'], budgetS: 15, reports: false },
  { name: 'unused', command: ['knip', '--no-progress', '--no-config-hints'], budgetS: 15, reports: false },
  { name: 'unit', command: ['vitest', 'run', '--project', 'unit', '--project', 'property'], budgetS: 160, reports: true },
  { name: 'sim', command: ['vitest', 'run', '--project', 'sim'], budgetS: 105, reports: true },
  { name: 'int', command: ['vitest', 'run', '--project', 'int'], budgetS: 945, reports: true },
  { name: 'ui', command: ['vitest', 'run', '--project', 'ui'], budgetS: 150, reports: true },
  { name: 'smoke', command: ['node', 'deploy/house/smoke.ts'], budgetS: 80, reports: false },
];
