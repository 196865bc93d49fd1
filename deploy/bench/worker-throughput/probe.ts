// Preloaded into a measured process: answers over IPC what it has used so far, by its own account.
import { PerformanceObserver } from 'node:perf_hooks';

/** Microseconds of CPU and milliseconds of garbage collection since the start of the process; bytes at the moment of asking. */
export interface Usage {
  readonly cpuUs: number;
  readonly gcMs: number;
  readonly collections: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
}

let gcMs = 0;
let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    gcMs += entry.duration;
    collections++;
  }
});
observer.observe({ entryTypes: ['gc'] });

process.on('message', (message) => {
  if (message !== 'usage') return;
  const { user, system } = process.cpuUsage();
  const { heapUsed, rss } = process.memoryUsage();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  process.send?.({ usage: { cpuUs: user + system, gcMs, collections, heapBytes: heapUsed, rssBytes: rss, peakRssBytes } satisfies Usage });
});
// The channel must not keep a service alive that has stopped.
process.channel?.unref();
