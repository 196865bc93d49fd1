/** Keeps copies of packed state in ClickHouse: the later part of one number in a slot replaces the earlier. */
import type { SnapshotPart, SnapshotStore } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';
import { TabSeparatedRows } from './tab-separated.ts';

const COLUMNS = ['lineage', 'partition', 'slot', 'part', 'id', 'saved_ms', 'bytes', 'hash'] as const;
const SELECT = `SELECT slot, part, id, saved_ms, base64Encode(bytes), hash FROM snapshots FINAL
WHERE lineage = {lineage:String} AND partition = {partition:UInt16}`;

export function createClickHouseSnapshotStore(connection: ClickHouseConnection): SnapshotStore {
  return {
    async contents(lineage, partition) {
      const rows = await connection.select(`${SELECT} AND part = 0 ORDER BY slot`, { lineage, partition });
      return rows.map(partOf);
    },
    async part(lineage, partition, slot, part) {
      const rows = await connection.select(`${SELECT} AND slot = {slot:UInt8} AND part = {part:UInt32}`, { lineage, partition, slot, part });
      const [row] = rows;
      return row === undefined ? null : partOf(row);
    },
    async save(lineage, partition, { slot, part, id, savedAtMs, bytes, hash }) {
      const rows = new TabSeparatedRows(2 * bytes.length + 1_024);
      rows.text(lineage).number(partition).number(slot).number(part).text(id).number(savedAtMs).raw(bytes).text(hash).end();
      await connection.insertBytes('snapshots', COLUMNS, [rows.toBuffer()], rows.count);
    },
  };
}

function partOf([slot, part, id, savedAtMs, bytes, hash]: readonly unknown[]): SnapshotPart {
  return {
    slot: Number(slot) === 0 ? 0 : 1,
    part: Number(part),
    id: String(id),
    savedAtMs: Number(savedAtMs),
    bytes: Buffer.from(String(bytes), 'base64'),
    hash: String(hash),
  };
}
