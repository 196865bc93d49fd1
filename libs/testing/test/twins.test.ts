// The twins keep the same contracts as the real engines.
import {
  MemoryArchive,
  MemoryCellStore,
  MemoryCheckLedger,
  MemoryCheckpointStore,
  MemoryIncidentLedger,
  MemoryLineageJournal,
  MemoryOperatorRequests,
  MemoryOutcomeTrail,
  MemorySnapshotStore,
  memoryActorArchive,
} from '@tidemark/testing';
import {
  actorArchiveContract,
  archiveContract,
  archiveReadersContract,
  cellSinkContract,
  checkLedgerContract,
  checkpointContract,
  incidentLedgerContract,
  inventoryContract,
  lineageJournalContract,
  operatorRequestsContract,
  outcomeTrailContract,
  snapshotContract,
} from '@tidemark/testing/contracts';

const nothing = async (): Promise<void> => {};

for (const name of ['redis', 'clickhouse'] as const) {
  cellSinkContract(`the ${name} twin`, async () => {
    const { sink, reader } = new MemoryCellStore(name);
    return { sink, reader, close: nothing };
  });
  inventoryContract(`the ${name} twin`, async () => {
    const { sink, inventory } = new MemoryCellStore(name);
    return { sink, inventory, close: nothing };
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

actorArchiveContract('the twin', async () => {
  const memory = new MemoryArchive();
  return { actors: memoryActorArchive(memory), archive: memory.archive, close: nothing };
});

outcomeTrailContract('the twin', async () => {
  let nowMs = 0;
  const pass = async (ms: number): Promise<void> => {
    nowMs += ms;
  };
  return { trail: new MemoryOutcomeTrail({ nowMs: () => nowMs }).trail, pass, close: nothing };
});

archiveReadersContract('the twin', async () => {
  const { archive, partitionArchive, checkArchive, timeOrderedArchive } = new MemoryArchive();
  return { archive, partitionArchive, checkArchive, timeOrderedArchive, close: nothing };
});

checkLedgerContract('the twin', async () => ({ ledger: new MemoryCheckLedger().ledger, close: nothing }));

incidentLedgerContract('the twin', async () => ({ ledger: new MemoryIncidentLedger().ledger, close: nothing }));

lineageJournalContract('the twin', async () => {
  const memory = new MemoryLineageJournal();
  return { journal: memory.journal, other: memory.journal, spoil: async (id) => memory.spoil(id, 'rubbish'), close: nothing };
});

operatorRequestsContract('the twin', async () => ({ requests: new MemoryOperatorRequests().requests, close: nothing }));

snapshotContract('the twin', async () => ({ store: new MemorySnapshotStore().store, close: nothing }));
