// Events per CPU second of the worker service against bare kafkajs, on real engines, one core: `npm run bench -- worker-throughput [--tiny]`.
import { writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { withEngines } from './running/engines.ts';
import { type ContenderName, type RunResult, runContender } from './worker-throughput/contenders.ts';
import { canPin } from './worker-throughput/measured-process.ts';
import { readOptions } from './worker-throughput/options.ts';
import { reportOf, reportText } from './worker-throughput/report.ts';
import { fillTopic, migrate } from './worker-throughput/topic.ts';
import { workloadText } from './worker-throughput/workload.ts';

const contenders: readonly ContenderName[] = ['bare', 'parse', 'fold', 'worker'];

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const wanted = contenders.filter((contender) => options.only.includes(contender));
  await withEngines(['kafka', 'redis', 'clickhouse'], async ({ addresses }) => {
    await migrate(addresses, options.namespace, 'bench');
    const filled = await fillTopic(addresses.kafkaBrokers, options);
    const machine = {
      cpu: cpus()[0]?.model ?? '',
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      linux: release(),
      node: process.version,
    };
    const { workload, seed, people, days, repeats } = options;
    const setting = {
      workload,
      seed,
      people,
      days,
      repeats,
      ...filled.tally,
      partitions: filled.ends.length,
      isPinned: canPin,
    };
    console.log(JSON.stringify({ ...machine, ...setting }));
    console.log(workloadText(options, filled.tally));
    const runs: RunResult[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      // Alternating, so that a machine that grows slower or faster favours nobody.
      for (const contender of repeat % 2 === 0 ? wanted : wanted.toReversed()) {
        const run = `${process.pid}_${repeat}_${contender}`;
        const result = await runContender(contender, { addresses, namespace: options.namespace, filled, run, profileFolder: options.profileFolder });
        console.log(JSON.stringify(result));
        runs.push(result);
      }
    }
    const report = reportOf(runs);
    console.log(`\n${reportText(report)}`);
    if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify({ machine, setting, ...report, runs }, null, 2)}\n`);
  });
}

await main();
