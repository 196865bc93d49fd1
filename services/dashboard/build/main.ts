/** Builds the pages into dist when their sources have changed since; says in one line what it did. Exit code 1: they cannot be built. */
import { buildWhenChanged } from './build.ts';

try {
  const { built, ms } = await buildWhenChanged();
  console.error(built ? `dashboard built in ${(ms / 1_000).toFixed(1)} s` : 'dashboard is built');
} catch (error) {
  console.error(`the dashboard cannot be built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
