/** Which blocks of the project's code have run: V8's own block counters, read through the inspector of this thread. */
import { type Profiler, Session } from 'node:inspector';

/** Our rooms, the one library that hostile text meets first, and what the target itself tells apart. */
const WATCHED = /\/(libs|services)\/[^/]+\/src\/|\/node_modules\/yaml\/|\.fuzz\.ts$/;

/** Collects from its making on; make it before the code under test is loaded. */
export class BlockCoverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks seen so far. */
  get size(): number {
    return this.#seen.size;
  }

  /** How many blocks ran since the last call that never ran before; with `keep` false they stay new. */
  take(keep = true): number {
    let fresh = 0;
    for (const { url, functions } of this.#taken()) {
      if (!WATCHED.test(url)) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) {
          if (count === 0) continue;
          const block = `${url}:${startOffset}:${endOffset}`;
          if (this.#seen.has(block)) continue;
          fresh += 1;
          if (keep) this.#seen.add(block);
        }
      }
    }
    return fresh;
  }

  #taken(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // Within one thread the answer comes before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error;
      taken = result;
    });
    return taken;
  }
}
