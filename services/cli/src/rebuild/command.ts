/** The command `rebuild`, its argument and flags. */
import type { ExitCode } from '@tidemark/runtime';
import type { Command } from 'commander';
import type { Output } from '../terminal-output.ts';

interface Flags {
  readonly again?: true;
  readonly by?: string;
  readonly json?: true;
}

export function addRebuildCommand(program: Command, { output, ended }: { readonly output: Output; readonly ended: (code: ExitCode) => void }): void {
  program
    .command('rebuild')
    .description('fold the archive anew in the order of time, so that events which came late count; apply then compares it and lets readers go over')
    .argument('<what>', 'a definition file, or the name of a set that is known')
    .option('--again', 'up to the same positions as before: brings back the state of a rebuilt lineage that no store has any more')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--json', 'one JSON object')
    .action(async (what: string, flags: Flags) => {
      const [{ rebuild }, { findDeployment }, { whoDecides }] = await Promise.all([
        import('./rebuild.ts'),
        import('../operate/deployment.ts'),
        import('../lineages/decide.ts'),
      ]);
      const options = { what, again: flags.again === true, by: whoDecides(flags.by), json: flags.json === true };
      ended(await rebuild(await findDeployment(output.env), options, output));
    });
}
