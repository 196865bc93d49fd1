// `npm run fuzz -- [--target=NAME] [--minutes=N] [--seed=S] [--distil] [--folder=F]`: fuzzes one target or all, one after the other, N CPU minutes each.
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { distil } from './engine/distil.ts';
import { root } from './engine/folders.ts';
import { runTarget } from './engine/run.ts';
import { targetFiles } from './engine/target.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true, default: [...targetFiles.keys()] },
    /** A target that is not among the known ones, by its path. */
    file: { type: 'string' },
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    distil: { type: 'boolean', default: false },
    /** Corpus, findings and fuzz.json. */
    folder: { type: 'string', default: join(root, '.tidemark') },
  },
});
const cpuMinutes = Number(values.minutes);
const seed = Number(values.seed);
const unknown = values.target.filter((name) => !targetFiles.has(name));
if (unknown.length > 0 || !(cpuMinutes > 0) || !Number.isSafeInteger(seed)) {
  console.error(`expected --target=${[...targetFiles.keys()].join('|')} --minutes=N --seed=WHOLE`);
  process.exit(2);
}
const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
const known = [...targetFiles].filter(([name]) => values.target.includes(name));
const chosen = values.file === undefined ? known : [[basename(values.file, '.fuzz.ts'), values.file] as const];
for (const [target, file] of chosen) {
  if (values.distil) log(await distil(target, { file, folder: values.folder }));
  else {
    const { findings, ...result } = await runTarget({ target, file, cpuMinutes, seed, folder: values.folder, log });
    log(`${target}: ${JSON.stringify({ ...result, findings: Object.keys(findings) })}`);
    if (Object.keys(findings).length > 0) process.exitCode = 1;
  }
}
