/** The commands about definitions that change: plan, apply, rollback, lineages, retire, drop. */
import type { ExitCode } from '@tidemark/runtime';
import type { Command } from 'commander';
import type { Deployment } from '../operate/deployment.ts';
import type { Output } from '../terminal-output.ts';

export interface LineageCall {
  readonly output: Output;
  readonly ended: (code: ExitCode) => void;
}

interface Flags {
  readonly by?: string;
  readonly yes?: true;
  readonly fromLog?: true;
  readonly dryRun?: true;
  readonly json?: true;
}

export function addLineageCommands(program: Command, { output, ended }: LineageCall): void {
  addPlanAndApply(program, { output, ended });
  program
    .command('rollback')
    .description('let readers of a set go back to the lineage that was served before')
    .argument('<set>', 'name of a set')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--json', 'one JSON object')
    .action(async (set: string, flags: Flags) => {
      const { rollback } = await import('./rollback.ts');
      ended(await rollback(await deploymentOf(output), { set, by: await nameOf(flags), json: flags.json === true }, output));
    });
  program
    .command('lineages')
    .description('every lineage: its set, revision, state, records, lag, since when and by whom')
    .option('--json', 'one JSON object')
    .action(async (flags: Flags) => {
      const { listLineages } = await import('./list.ts');
      ended(await listLineages(await deploymentOf(output), { json: flags.json === true }, output));
    });
  program
    .command('retire')
    .description('end the work on a lineage that is not served; its rows stay')
    .argument('<lineage>', 'a lineage, or the beginning of one')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--dry-run', 'say what would happen')
    .option('--json', 'one JSON object')
    .action(async (lineage: string, flags: Flags) => {
      const { retire } = await import('./retire.ts');
      const options = { lineage, by: await nameOf(flags), dryRun: flags.dryRun === true, json: flags.json === true };
      ended(await retire(await deploymentOf(output), options, output));
    });
  program
    .command('drop')
    .description('serve a set no more, and end the work on all of its lineages; their rows stay')
    .argument('<set>', 'name of a set')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--dry-run', 'say what would happen')
    .option('--json', 'one JSON object')
    .action(async (set: string, flags: Flags) => {
      const { drop } = await import('./drop.ts');
      const options = { set, by: await nameOf(flags), dryRun: flags.dryRun === true, json: flags.json === true };
      ended(await drop(await deploymentOf(output), options, output));
    });
}

function addPlanAndApply(program: Command, { output, ended }: LineageCall): void {
  program
    .command('plan')
    .description('what applying a definition file would change, by metric and field, and what the rebuild would cost')
    .argument('<file>', 'a definition file')
    .option('--json', 'one JSON object')
    .action(async (path: string, flags: Flags) => {
      const { plan } = await import('./apply.ts');
      ended(await plan(await deploymentOf(output), { path, json: flags.json === true }, output));
    });
  program
    .command('apply')
    .description('rebuild a changed set beside what is served, say what differs, and let readers go over; may be ended and run again')
    .argument('<file>', 'a definition file')
    .option('--yes', 'let readers go over without asking, unless cells differ without a reason')
    .option('--from-log', 'begin with the log although the set was rebuilt from the archive: what came late counts no more')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--json', 'JSON objects, one a line: the plan, each integer that differs, the report, the outcome')
    .action(async (path: string, flags: Flags) => {
      const { apply } = await import('./apply.ts');
      const options = { path, by: await nameOf(flags), yes: flags.yes === true, fromLog: flags.fromLog === true, json: flags.json === true };
      ended(await apply(await deploymentOf(output), options, output));
    });
}

async function deploymentOf({ env }: Output): Promise<Deployment> {
  const { findDeployment } = await import('../operate/deployment.ts');
  return findDeployment(env);
}

async function nameOf({ by }: Flags): Promise<string> {
  const { whoDecides } = await import('./decide.ts');
  return whoDecides(by);
}
