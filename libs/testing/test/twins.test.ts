// The twins keep the same contracts as the real engines.
import { MemoryArchive, MemoryCellStore, MemoryCheckpointStore } from '@tidemark/testing';
import { archiveContract, cellSinkContract, checkpointContract } from '@tidemark/testing/contracts';

const nothing = async (): Promise<void> => {};

for (const name of ['redis', 'clickhouse'] as const) {
  cellSinkContract(`the ${name} twin`, async () => {
    const { sink, reader } = new MemoryCellStore(name);
    return { sink, reader, close: nothing };
  });
}

checkpointContract('the twin', async () => {
  const memory = new MemoryCheckpointStore();
  return { store: memory.store, expire: async () => memory.expire(), close: nothing };
});

archiveContract('the twin', async () => {
  const memory = new MemoryArchive();
  return { archive: memory.archive, records: async (epoch, partition) => memory.recordsOf(epoch, partition), close: nothing };
});
