/** A stand-in for a service: says that it runs, and ends when it is told to by stdin's end or SIGTERM, or fails at once with a code. */
import { setTimeout as sleep } from 'node:timers/promises';

console.log(`{"level":"info","msg":"up ${process.env['STAND_IN_NAME'] ?? ''}"}`);
const code = process.env['STAND_IN_EXIT'];
if (code !== undefined) {
  console.log('{"level":"fatal","msg":"cannot go on","err":{"message":"by design"}}');
  process.exit(Number(code));
}
process.on('SIGTERM', () => {
  if (process.env['STAND_IN_DEAF'] === undefined) process.exit(0);
});
process.stdin.on('end', () => process.exit(0)).resume();
await sleep(60_000);
