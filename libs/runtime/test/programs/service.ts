/** A real process for the lifecycle tests: prints "up", keeps a timer alive, and stops in the way that its argument says. */
import { createLogger, runService } from '../../src/index.ts';

const behaviour = process.argv[2];

await runService({
  name: 'sample',
  shutdownDeadlineMs: 5000,
  repeatedSignalMs: 20,
  logger: createLogger({ service: 'sample', level: 'info' }),
  start: async () => {
    const timer = setInterval(() => {}, 1000);
    process.stdout.write('up\n');
    if (behaviour === 'reject') void Promise.reject(new Error('a bug'));
    return {
      stop: async () => {
        if (behaviour === 'hang') await new Promise(() => {});
        clearInterval(timer);
        process.stdout.write('stopped\n');
      },
    };
  },
});
