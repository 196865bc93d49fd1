// The test projects by file suffix: what is fast, what is random, what simulates, what needs real engines, what needs a browser.
import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';
import { skipReporter } from './deploy/house/skip-reporter.ts';

const second = 1_000;
const minute = 60 * second;
const kinds = ['property', 'sim', 'int', 'ui'];
const exclude = [...configDefaults.exclude, '**/.tidemark/**', '**/.turbo/**'];
// `npm test` adds the figures of its runs up; it names the file where this run leaves its own.
const reportFile = process.env['HOUSE_TEST_REPORT'];
const report: ['json', { outputFile: string }][] = reportFile ? [['json', { outputFile: reportFile }]] : [];

function project(name: string, settings: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include: [`**/*.${name}.test.ts`], exclude, ...settings } };
}

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    teardownTimeout: minute,
    passWithNoTests: true,
    reporters: ['default', skipReporter(), ...report],
    projects: [
      project('unit', {
        include: ['**/*.test.ts'],
        exclude: [...exclude, ...kinds.map((kind) => `**/*.${kind}.test.ts`)],
        // Milliseconds on a machine of its own; only what hangs takes so long on a busy one.
        testTimeout: 30 * second,
        hookTimeout: 30 * second,
      }),
      project('property', { testTimeout: minute, hookTimeout: minute }),
      project('sim', { testTimeout: 5 * minute, hookTimeout: minute }),
      // One file at a time: each may start the real engines, and two cores carry only one set of them.
      project('int', { fileParallelism: false, maxWorkers: 1, testTimeout: 10 * minute, hookTimeout: 10 * minute }),
      project('ui', { fileParallelism: false, maxWorkers: 1, testTimeout: 2 * minute, hookTimeout: 5 * minute }),
    ],
  },
});
