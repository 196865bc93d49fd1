// A vitest reporter that says at the end which tests were skipped and why, so that a missing engine never passes for a green test.
import type { Reporter, TestModule } from 'vitest/node';

/** Prints one line a reason, with the number of tests that it skipped; nothing when none was. */
export function skipReporter(print: (line: string) => void = console.log): Reporter {
  return {
    onTestRunEnd(modules) {
      for (const [reason, count] of skipsByReason(modules)) print(` skipped ${count}: ${reason}`);
    },
  };
}

/** The number of skipped tests by the note of `context.skip(note)`, by what a suite's title says in brackets, or by the test's file where neither says why. */
function skipsByReason(modules: readonly TestModule[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const result = test.result();
      const note = result.state === 'skipped' ? result.note : undefined;
      const reason = note || / \(skipped: (.*?)\)/.exec(test.fullName)?.[1] || `no reason given in ${module.relativeModuleId}`;
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  }
  return counts;
}
