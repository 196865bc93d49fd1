/** The process that asks: its parent, which sends the live events as well, would be late with questions and with noticing answers. */
import { askOpenLoop, type OpenLoop } from './open-loop.ts';

process.on('message', async ({ urls, ...load }: OpenLoop) => {
  process.send?.(await askOpenLoop(urls, load));
});
