/** `retire`: ends the work on a lineage that is not served; its rows stay. */
import type { JournalState, KnownLineage } from '@tidemark/pipeline';
import { type ExitCode, exitCodes, exitError } from '@tidemark/runtime';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';
import { about, decide } from './decide.ts';
import { openLineages } from './open.ts';

export interface RetireOptions {
  /** A lineage, or the beginning of one. */
  readonly lineage: string;
  readonly by: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** Throws an exit error: 2 for a lineage that nobody knows, 1 for one that is served or retired already. */
export async function retire(deployment: Deployment, options: RetireOptions, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const state = await opened.state();
    const known = chosen(state, options.lineage);
    const { lineage, set, standing } = known;
    if (standing === 'serving')
      throw exitError(
        exitCodes.failed,
        `lineage ${lineage} is what is served of ${set}: let readers go over to another one first, with tidemark apply or rollback`,
      );
    if (standing === 'retired') throw exitError(exitCodes.failed, `lineage ${lineage} of ${set} is retired already`);
    const isWayBack = state.sets.some(({ previous }) => previous?.lineage === lineage);
    const loss = isWayBack ? `; tidemark rollback ${set} cannot go back to it any more` : '';
    if (!options.dryRun) await decide(opened.journal, options.by, { kind: 'retire', ...about(known) });
    const outcome = options.dryRun ? 'would_retire' : 'retired';
    if (options.json) output.data(JSON.stringify({ outcome, set, lineage, standing, isWayBack }));
    const words = options.dryRun ? 'would be' : 'is';
    output.message(
      `lineage ${lineage} of ${set} ${words} retired: workers leave it within seconds, its rows stay and answer to ?revision=${known.revision}${loss}`,
    );
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

function chosen({ sets }: JournalState, text: string): KnownLineage {
  const known = sets.flatMap(({ lineages }) => lineages);
  const found = known.filter(({ lineage }) => lineage.startsWith(text));
  const [only] = found;
  if (only !== undefined && found.length === 1 && text !== '') return only;
  const names = (found.length > 1 ? found : known).map(({ lineage, set }) => `${lineage} (${set})`);
  const what = found.length > 1 ? 'begins several lineages' : 'is no lineage of the journal';
  throw exitError(exitCodes.usage, `${JSON.stringify(text)} ${what}: ${names.length === 0 ? 'it is empty' : names.join(', ')}`);
}
