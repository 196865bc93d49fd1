/** `drop`: a set is served no more, and nobody works on any of its lineages; their rows stay. */
import { type ExitCode, exitCodes, exitError } from '@tidemark/runtime';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';
import { about, decide } from './decide.ts';
import { openLineages } from './open.ts';
import { knownSet } from './plan.ts';
import { unknownSet } from './rollback.ts';

export interface DropOptions {
  readonly set: string;
  readonly by: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Throws an exit error: 2 for a set that nobody knows, 1 for one that is dropped already. */
export async function drop(deployment: Deployment, options: DropOptions, output: Output): Promise<ExitCode> {
  const { set: name, dryRun } = options;
  const opened = await openLineages(deployment, output);
  try {
    const { sets } = await opened.state();
    const set = sets.find((each) => each.name === name);
    if (set === undefined) throw unknownSet(name, sets);
    const running = set.lineages.filter(({ standing }) => standing !== 'retired');
    const last = set.serving ?? running.at(-1);
    if (last === undefined) throw exitError(exitCodes.failed, `nothing of ${name} is served or worked on: it was dropped already`);
    const metrics = knownSet(last)?.metrics.map(({ id }) => id) ?? [];
    if (!dryRun) await decide(opened.journal, options.by, { kind: 'drop', ...about(last) });
    const lineages = running.map(({ lineage }) => lineage);
    if (options.json) output.data(JSON.stringify({ outcome: dryRun ? 'would_drop' : 'dropped', set: name, lineages, metrics }));
    const words = dryRun ? 'would be' : 'is';
    const asked = metrics.length === 0 ? 'its metrics' : metrics.join(', ');
    output.message(`${name} ${words} served no more: questions for ${asked} are answered 404 unknown_metric within seconds`);
    output.message(
      `workers leave lineage ${lineages.join(', ')}; rows stay and answer to ?revision=; tidemark apply of its file builds it anew, as long as log and archive reach back`,
    );
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}
