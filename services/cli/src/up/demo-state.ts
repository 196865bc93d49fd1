/** How far the sample's history has been sent, so that a start after an interruption goes on where it stopped: run/demo.json. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** Changes with the sample's content: what another release has begun cannot be gone on with. */
const SAMPLE = 'three-worlds';

const schema = z.object({
  sample: z.literal(SAMPLE),
  seed: z.int(),
  /** The history's end, epoch ms: part of every messageId. */
  endMs: z.int(),
  sent: z.int().nonnegative(),
  isWhole: z.boolean(),
});

export type DemoState = Readonly<z.output<typeof schema>>;

export function newDemoState(seed: number, endMs: number): DemoState {
  return { sample: SAMPLE, seed, endMs, sent: 0, isWhole: false };
}

function pathOf(dataFolder: string): string {
  return join(dataFolder, 'run', 'demo.json');
}

export async function readDemoState(dataFolder: string): Promise<DemoState | null> {
  try {
    return schema.parse(JSON.parse(await readFile(pathOf(dataFolder), 'utf8')));
  } catch {
    return null;
  }
}

export async function writeDemoState(dataFolder: string, state: DemoState): Promise<void> {
  await mkdir(dirname(pathOf(dataFolder)), { recursive: true });
  await writeFile(pathOf(dataFolder), `${JSON.stringify(state)}\n`);
}
