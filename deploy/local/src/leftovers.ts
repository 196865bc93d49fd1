/** Remembers which processes run the engines, so that a start after a crash finds and ends what was left running. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type EngineName, engineNames } from './engine.ts';
import { readJsonFile, writeJsonFile } from './json-file.ts';
import { toIdentity } from './owner-lock.ts';
import { endProcess, isAlive, type ProcessIdentity } from './processes.ts';

export async function rememberEngine(runFolder: string, engine: EngineName, identity: ProcessIdentity): Promise<void> {
  await writeJsonFile(recordPath(runFolder, engine), identity);
}

export async function forgetEngine(runFolder: string, engine: EngineName): Promise<void> {
  await rm(recordPath(runFolder, engine), { force: true });
}

/** Call only while holding the folder's lock: then whatever still runs belongs to an owner that is dead. */
export async function endLeftovers(runFolder: string, onProgress: (line: string) => void): Promise<void> {
  for (const engine of engineNames) {
    const identity = toIdentity(await readJsonFile(recordPath(runFolder, engine)));
    if (identity !== undefined && isAlive(identity)) {
      onProgress(`${engine}: process ${identity.pid} was left running by a start that died, ending it`);
      await endProcess(identity, 5_000);
    }
    await forgetEngine(runFolder, engine);
  }
}

function recordPath(runFolder: string, engine: EngineName): string {
  return join(runFolder, `${engine}.json`);
}
