/** What `up` leaves in its data folder while it runs, so that other commands find it: run/up.json. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  pid: z.int().positive(),
  httpUrl: z.string(),
  kafkaBrokers: z.array(z.string()),
  redisUrl: z.string(),
  namespace: z.string(),
  /** Absent from what an older release left. */
  clickhouseUrl: z.string().optional(),
  metrics: z.array(z.string()).optional(),
});

export type RunningUp = Readonly<z.output<typeof schema>>;

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'run', 'up.json');
}

export async function writeRunningUp(dataFolder: string, running: RunningUp): Promise<void> {
  const path = pathOf(dataFolder);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(running, null, 2)}\n`);
}

export async function removeRunningUp(dataFolder: string): Promise<void> {
  await rm(pathOf(dataFolder), { force: true });
}

/** Null when no `up` runs in this data folder; what one left that died does not count. */
export async function readRunningUp(dataFolder: string): Promise<RunningUp | null> {
  try {
    const running = schema.parse(JSON.parse(await readFile(pathOf(dataFolder), 'utf8')));
    process.kill(running.pid, 0);
    return running;
  } catch {
    return null;
  }
}
