// A topic that was deleted and created anew, on real engines: everybody halts, the epoch is raised, and the same namespace goes on with exact figures.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AcquiredEngines, acquireEngines, uniqueName } from '@tidemark/testing/engines';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Deployed, type Services } from './deployed.ts';

let engines: AcquiredEngines;
let folder: string;
let deployed: Deployed;
let services: Services;

beforeAll(async () => {
  engines = await acquireEngines(['kafka', 'redis', 'clickhouse']);
  folder = await mkdtemp(join(tmpdir(), 'tidemark-epoch-'));
  deployed = new Deployed(engines, { namespace: uniqueName('epoch'), partitions: 2, folder });
  await deployed.open();
  await deployed.order(0, 200, 40);
  services = deployed.start();
  await deployed.caughtUp(services);
});
afterAll(async () => {
  await services?.stop();
  await deployed?.close();
  await engines?.release();
  await rm(folder, { recursive: true, force: true });
});

async function restarted(): Promise<readonly string[]> {
  await deployed.readJournal();
  services = deployed.start();
  await deployed.caughtUp(services);
  return services.events.flatMap((event) => (event.event === 'halted' ? [event.reason] : []));
}

test('the log goes on in the new topic, twice, and with both stores’ copies of the state lost; every figure is that of one log', async () => {
  expect(await deployed.run('epoch', 'raise', '--dry-run')).toMatchObject({
    code: 0,
    out: [expect.stringMatching(/^nothing to raise: all that is/)],
  });
  const before = await deployed.figures();
  expect(await deployed.run('epoch', 'raise')).toMatchObject({
    code: 1,
    err: [expect.stringMatching(/^refused: the consumer group epoch_\w+\.archiver has members: stop all workers and archivers first/)],
  });
  await services.stop();
  await deployed.recreate();
  await deployed.order(1_000, 60, 1);

  // Without the raise nobody goes on, and what is served stays as it was.
  services = deployed.start();
  await expect
    .poll(() => services.worker.status().map(({ halted }) => halted), { timeout: 60_000 })
    .toEqual([
      expect.stringMatching(/^the topic of the log is \w+, the state was folded with \w+$/),
      expect.stringMatching(/^the topic of the log is \w+, the state was folded with \w+$/),
    ]);
  await services.stop();
  expect(await deployed.figures()).toEqual(before);

  const dry = await deployed.run('epoch', 'raise', '--dry-run');
  expect(dry).toMatchObject({ code: 0, out: [expect.stringMatching(/^epoch 2 would begin: the log of \S+ goes on in \S+$/), ...places()] });
  expect(await deployed.run('epoch', 'raise', '--by', 'ann')).toMatchObject({
    code: 0,
    out: [expect.stringMatching(/^epoch 2 begins: /), ...places()],
  });
  expect(await restarted()).toEqual([]);
  expect(applied()).toBe(260);
  expect(await deployed.run('verify')).toMatchObject({ code: 0 });
  const status = await deployed.run('status');
  expect({ code: status.code, last: status.out.at(-1) }).toEqual({ code: 0, last: 'nothing is wrong' });
  expect(await deployed.run('epoch', 'raise', '--dry-run')).toMatchObject({
    code: 0,
    out: ['nothing to raise: the log goes on in this topic already, in epoch 2'],
  });

  // Once more, and Redis has nothing left: the whole past is read from the archive, of both topics before.
  await services.stop();
  await deployed.recreate();
  await deployed.order(2_000, 40, 0.5);
  expect(await deployed.run('epoch', 'raise')).toMatchObject({ code: 0, out: [expect.stringMatching(/^epoch 3 begins: /), ...places()] });
  const names = await deployed.redis.call('KEYS', `tidemark:${deployed.namespace}:{*`);
  if (Array.isArray(names)) await deployed.redis.call('DEL', ...names.map(String));
  expect(await restarted()).toEqual([]);
  expect(applied()).toBe(300);
  expect(await deployed.run('verify')).toMatchObject({ code: 0 });
  const { redis, clickhouse } = await deployed.figures();
  expect(redis).toEqual(clickhouse);
});

function places(): unknown[] {
  return [0, 1].map((partition) => expect.stringMatching(new RegExp(`^partition ${partition}: offset 0 of the topic is position \\d+$`)));
}

function applied(): number {
  return services.worker.status().reduce((sum, { counters }) => sum + (counters['applied'] ?? 0), 0);
}
