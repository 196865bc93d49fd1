/** The dashboard's pages for `up`: built when their sources have changed, in a process of its own, so that the bundler's memory goes with it. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { projectFolder } from '../config.ts';
import type { Output } from '../terminal-output.ts';

/** Resolves in any case: without pages the figures are served all the same. */
export async function buildPages(output: Output): Promise<void> {
  const child = spawn(process.execPath, [join(projectFolder, 'services/dashboard/build/main.ts')], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: Buffer[] = [];
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', resolve);
  });
  const text = Buffer.concat(said).toString('utf8').trim();
  if (code === 0) output.message(output.style.dim(text));
  else output.message(`${output.style.red('the dashboard cannot be built')}; the API is served without it:\n${text}`);
}
