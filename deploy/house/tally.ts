// The arithmetic and the look of what `npm test` prints at its end: counts from vitest's reports, the table of seconds, the closing line.
import type { Stage } from './stages.ts';

/** Tests by outcome; todo tests count as skipped. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How one stage went. `ended` tells apart a command that ended by itself from one that was ended. */
export interface Outcome {
  readonly stage: Stage;
  readonly seconds: number;
  readonly passed: boolean;
  readonly ended: 'ended' | 'timed out' | 'interrupted' | 'not started';
  readonly counts: Counts | undefined;
}

/** Reads the counts from the text of vitest's JSON report; throws where the text is not one. */
export function readCounts(report: string): Counts {
  const read: unknown = JSON.parse(report);
  const count = (name: string): number => {
    const value: unknown = read !== null && typeof read === 'object' ? Reflect.get(read, name) : undefined;
    if (typeof value !== 'number') throw new Error(`The test report has no number ${name}.`);
    return value;
  };
  return { passed: count('numPassedTests'), failed: count('numFailedTests'), skipped: count('numPendingTests') + count('numTodoTests') };
}

/** The sum of several runs; of none it is all zeros. */
export function addCounts(runs: readonly Counts[]): Counts {
  return runs.reduce((sum, run) => ({ passed: sum.passed + run.passed, failed: sum.failed + run.failed, skipped: sum.skipped + run.skipped }), {
    passed: 0,
    failed: 0,
    skipped: 0,
  });
}

/** `N passed, N failed`, with the skipped ones after it where there are any. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** The table of stages: seconds taken, seconds expected, and what became of it; stages that were not reached are listed too. */
export function table(outcomes: readonly Outcome[], planned: readonly Stage[], totalBudgetS: number): string {
  const rows = planned.map((stage) => {
    const outcome = outcomes.find((candidate) => candidate.stage === stage);
    return row(
      stage.name,
      outcome?.seconds,
      stage.budgetS,
      outcome === undefined ? 'not run' : outcome.passed ? 'passed' : outcome.ended === 'ended' ? 'FAILED' : outcome.ended,
    );
  });
  const totalS = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return [`${'stage'.padEnd(12)}${'seconds'.padStart(9)}${'budget'.padStart(9)}`, ...rows, row('total', totalS, totalBudgetS, '')].join('\n');
}

function row(name: string, seconds: number | undefined, budgetS: number, state: string): string {
  const over = seconds !== undefined && seconds > budgetS ? ' (over budget)' : '';
  return `${name.padEnd(12)}${(seconds?.toFixed(1) ?? '-').padStart(9)}${String(budgetS).padStart(9)}  ${state}${over}`.trimEnd();
}
