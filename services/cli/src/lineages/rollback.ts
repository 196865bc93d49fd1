/** `rollback`: readers of a set go back to the lineage that was served before. */
import { type ExitCode, exitCodes, exitError, formatCount, nearestName } from '@tidemark/runtime';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';
import { foldedOf, placeOf } from './catch-up.ts';
import { about, decide } from './decide.ts';
import { openLineages } from './open.ts';

export interface RollbackOptions {
  readonly set: string;
  readonly by: string;
  readonly json: boolean;
}

/** Throws an exit error: 2 for a set that nobody knows, 1 when there is nothing to go back to. */
export async function rollback(deployment: Deployment, { set: name, by, json }: RollbackOptions, output: Output): Promise<ExitCode> {
  const opened = await openLineages(deployment, output);
  try {
    const { sets } = await opened.state();
    const set = sets.find((each) => each.name === name);
    if (set === undefined) throw unknownSet(name, sets);
    const { serving, previous } = set;
    if (serving === null || previous === null)
      throw exitError(
        exitCodes.failed,
        `nothing was served of ${name} before ${serving?.lineage ?? 'now'} that is still worked on: tidemark apply begins a lineage`,
      );
    const [from, to] = [await placeOf(serving.lineage, opened), await placeOf(previous.lineage, opened)];
    await decide(opened.journal, by, { kind: 'switch', ...about(previous), positions: from.closed });
    if (json) output.data(JSON.stringify({ outcome: 'switched', set: name, lineage: previous.lineage, previous: serving.lineage }));
    output.message(`readers of ${name} go back to lineage ${previous.lineage}, revision ${previous.revision}, within seconds`);
    const behind = foldedOf(from) - foldedOf(to);
    if (to.halted.length > 0 || behind > 0) {
      const why = to.halted.length > 0 ? to.halted.join('; ') : `it stands ${formatCount(behind)} records behind`;
      output.message(output.style.yellow(`they stay with ${serving.lineage} until it has caught up: ${why}`));
    }
    return exitCodes.ok;
  } finally {
    await opened.close();
  }
}

export function unknownSet(name: string, sets: readonly { readonly name: string }[]): Error {
  const names = sets.map((each) => each.name);
  const near = nearestName(name, names);
  const known = names.length === 0 ? 'the journal knows none' : `known are ${names.join(', ')}`;
  return exitError(exitCodes.usage, `no set is called ${JSON.stringify(name)}: ${near === undefined ? known : `did you mean ${near}?`}`);
}
