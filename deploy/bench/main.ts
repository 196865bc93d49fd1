// `npm run bench [-- NAME… --OPTION=…]`: runs the benchmarks whose path contains a name, all without one, and hands the options to each.
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { runToEnd } from '../house/process-group.ts';

const longestMs = 2 * 60 * 60 * 1000;
const root = join(import.meta.dirname, '../..');
const names = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const options = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const files = globSync('{libs,services,deploy}/**/*.bench.ts', { cwd: root, exclude: (path) => /(^|\/)node_modules$/.test(path) })
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort();
if (files.length === 0) {
  console.error(names.length === 0 ? 'There is no benchmark yet.' : `No benchmark has ${names.join(' or ')} in its path.`);
  process.exitCode = 2;
}
for (const file of files) {
  console.log(`\n== ${file}`);
  const end = await runToEnd([process.execPath, join(root, file), ...options], { env: process.env, timeoutMs: longestMs });
  if (end.code !== 0) process.exitCode = 1;
  if (end.reason === 'interrupted') break;
}
