// `npm run bench [NAME…]`: runs the benchmarks of the project one after another, all of them or those whose path contains a given name.
import { globSync } from 'node:fs';
import { runToEnd } from './process-group.ts';

const longestMs = 30 * 60 * 1000;
const names = process.argv.slice(2);
const files = globSync('{libs,services,deploy}/**/*.bench.ts', { exclude: (path) => path === 'node_modules' || path.endsWith('/node_modules') })
  .filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  .sort();
if (files.length === 0) console.error(names.length === 0 ? 'There is no benchmark yet.' : `No benchmark has ${names.join(' or ')} in its path.`);
process.exitCode = files.length === 0 ? 2 : 0;
for (const file of files) {
  console.log(`\n== ${file}`);
  const end = await runToEnd([process.execPath, file], { env: process.env, timeoutMs: longestMs });
  if (end.code !== 0) process.exitCode = 1;
  if (end.reason === 'interrupted') break;
}
