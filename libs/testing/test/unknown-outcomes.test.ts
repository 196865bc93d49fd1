// What the simulator takes for granted of single calls is true of its twins, as of the real engines.
import { MemoryArchive, MemoryCellStore, MemoryCheckpointStore } from '@tidemark/testing';
import { unknownOutcomesContract } from '@tidemark/testing/contracts';
import { createTwinLine } from './twin-line.ts';

const nothing = async (): Promise<void> => {};

for (const name of ['redis', 'clickhouse'] as const) {
  unknownOutcomesContract(`the ${name} twin`, ['sink'], async () => {
    const [memory, line] = [new MemoryCellStore(name), createTwinLine()];
    return { near: { sink: memory.sink }, far: { sink: line.over(memory, memory.sink) }, line, close: nothing };
  });
}

unknownOutcomesContract('the twin', ['checkpoints'], async () => {
  const [memory, line] = [new MemoryCheckpointStore(), createTwinLine()];
  return { near: { checkpoints: memory.store }, far: { checkpoints: line.over(memory, memory.store) }, line, close: nothing };
});

unknownOutcomesContract('the twin', ['archive'], async () => {
  const [memory, line] = [new MemoryArchive(), createTwinLine()];
  const records = async (epoch: number, partition: number) => memory.recordsOf(epoch, partition);
  return { near: { archive: memory.archive }, far: { archive: line.over(memory, memory.archive) }, line, records, close: nothing };
});
