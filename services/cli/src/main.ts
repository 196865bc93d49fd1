/** The command line `tidemark`: up, doctor, replay, eval, check, verify, explain. */
import { runCommandLine } from './command-line.ts';
import { createOutput } from './terminal-output.ts';

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await runCommandLine(process.argv.slice(2), createOutput({ stdout: process.stdout, stderr: process.stderr, env: process.env }));
