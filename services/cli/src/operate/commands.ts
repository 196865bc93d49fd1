/** The commands of who looks after a deployment, their arguments and flags; each loads its own code only when it is called. */
import { type ExitCode, exitCodes, exitError } from '@tidemark/runtime';
import { type Command, Option } from 'commander';
import type { Output } from '../terminal-output.ts';
import { findDeployment } from './deployment.ts';

interface Call {
  readonly output: Output;
  readonly ended: (code: ExitCode) => void;
}

const DRY_RUN = 'say exactly what would be done, and do nothing';

export function addOperatorCommands(program: Command, call: Call): void {
  addStatus(program, call);
  addRepublish(program, call);
  addResume(program, call);
  addBackup(program, call);
  addRestore(program, call);
  addRepartition(program, call);
  addEpoch(program, call);
}

function addStatus(program: Command, { output, ended }: Call): void {
  program
    .command('status')
    .description('each partition: log, archive, saved state, figures in both stores, what went wrong, and the line of the runbook for it')
    .option('--partition <number>', 'this partition only', partitionNumber)
    .option('--json', 'one JSON object')
    .action(async (flags: { partition?: number; json?: true }) => {
      const { status } = await import('./status/status.ts');
      ended(await status(await findDeployment(output.env), { partition: flags.partition ?? null, json: flags.json === true }, output));
    });
}

function addRepublish(program: Command, { output, ended }: Call): void {
  program
    .command('republish')
    .description('have all rows of a lineage written again, to a store that lost some or was changed by hand; the other store must be right')
    .argument('<lineage>', 'a lineage, its beginning, or the name of a set')
    .option('--partition <number>', 'this partition only (default: all)', partitionNumber)
    .addOption(new Option('--store <store>', 'the damaged one, as verify names it').choices(['redis', 'clickhouse']).makeOptionMandatory())
    .option('--dry-run', DRY_RUN)
    .action(async (lineage: string, flags: { partition?: number; store: 'redis' | 'clickhouse'; dryRun?: true }) => {
      const { republish } = await import('./republish.ts');
      const options = { lineage, partition: flags.partition ?? null, store: flags.store, dryRun: flags.dryRun === true };
      ended(await republish(await findDeployment(output.env), options, output));
    });
}

function addResume(program: Command, { output, ended }: Call): void {
  program
    .command('resume')
    .description('start a halted partition again, once the cause of its halt is removed')
    .requiredOption('--partition <number>', 'the partition', partitionNumber)
    .option('--lineage <lineage>', 'a lineage, its beginning, or the name of a set (default: all that are halted)')
    .option('--dry-run', DRY_RUN)
    .action(async (flags: { partition: number; lineage?: string; dryRun?: true }) => {
      const { resume } = await import('./resume.ts');
      const options = { partition: flags.partition, lineage: flags.lineage ?? null, dryRun: flags.dryRun === true };
      ended(await resume(await findDeployment(output.env), options, output));
    });
}

function addBackup(program: Command, { output, ended }: Call): void {
  program
    .command('backup')
    .description('copy state, figures, journal and archive of the running deployment into a folder, or what is new since the last time')
    .argument('<folder>', 'a folder; what was interrupted goes on there')
    .option('--dry-run', DRY_RUN)
    .action(async (folder: string, flags: { dryRun?: true }) => {
      const { backup } = await import('./backup/backup.ts');
      ended(await backup(await findDeployment(output.env), { folder, dryRun: flags.dryRun === true }, output));
    });
}

function addRestore(program: Command, { output, ended }: Call): void {
  program
    .command('restore')
    .description('put a backup into an empty deployment; workers and archivers must be stopped')
    .argument('<folder>', 'the folder of the backup')
    .option('--archive-only', 'neither state nor figures: the log is lost, and is to be made anew by repartition')
    .option('--dry-run', `check every file's hash and ${DRY_RUN}`)
    .action(async (folder: string, flags: { archiveOnly?: true; dryRun?: true }) => {
      const { restore } = await import('./backup/restore.ts');
      const options = { folder, archiveOnly: flags.archiveOnly === true, dryRun: flags.dryRun === true };
      ended(await restore(await findDeployment(output.env), options, output));
    });
}

function addRepartition(program: Command, { output, ended }: Call): void {
  program
    .command('repartition')
    .description('make the log of a new namespace, with another number of partitions, from the archive; its figures become the same')
    .requiredOption('--to <namespace>', 'the new namespace; its topic is created')
    .requiredOption('--partitions <count>', 'of the new topic', partitionCount)
    .option('--lose-repeats', "go on although some events have another actor's message id and would be taken for repeats")
    .option('--dry-run', DRY_RUN)
    .action(async (flags: { to: string; partitions: number; loseRepeats?: true; dryRun?: true }) => {
      const { repartition } = await import('./repartition/repartition.ts');
      ended(
        await repartition(
          await findDeployment(output.env),
          { ...flags, loseRepeats: flags.loseRepeats === true, dryRun: flags.dryRun === true },
          output,
        ),
      );
    });
}

function addEpoch(program: Command, { output, ended }: Call): void {
  program
    .command('epoch')
    .description('what to do about a topic that was deleted and created anew')
    .command('raise')
    .description('let the log go on in the new topic, behind all that is archived; workers and archivers must be stopped')
    .option('--by <name>', 'who decides (default: the user of this process)')
    .option('--dry-run', DRY_RUN)
    .action(async (flags: { by?: string; dryRun?: true }) => {
      const [{ raiseEpoch }, { whoDecides }] = await Promise.all([import('./epoch/raise.ts'), import('../lineages/decide.ts')]);
      ended(await raiseEpoch(await findDeployment(output.env), { by: whoDecides(flags.by), dryRun: flags.dryRun === true }, output));
    });
}

function partitionCount(text: string): number {
  const count = partitionNumber(text);
  if (count >= 1 && count <= 4096) return count;
  throw exitError(exitCodes.usage, `${JSON.stringify(text)}: expected a number of partitions from 1 to 4096`);
}

function partitionNumber(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw exitError(exitCodes.usage, `${JSON.stringify(text)}: expected the number of a partition, from 0 on`);
  return Number(text);
}
