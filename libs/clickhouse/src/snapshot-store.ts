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
      const rows = await connection.select(`${SELECT} AND part = 0 AND notEmpty(bytes) ORDER BY slot`, { lineage, partition });
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
    async forget(lineage) {
      if (!/^[\w.-]+$/.test(lineage)) throw new RangeError(`${JSON.stringify(lineage)} is no lineage`);
      const full = 'FROM snapshots FINAL WHERE lineage = {lineage:String} AND notEmpty(bytes)';
      const [[count] = []] = await connection.select(`SELECT count() ${full}`, { lineage });
      if (Number(count) === 0) return 0;
      const emptied = `SELECT lineage, partition, slot, part, '', saved_ms + 1, '', '' ${full.replace('{lineage:String}', `'${lineage}'`)}`;
      await connection.run(`INSERT INTO snapshots (${COLUMNS.join(', ')}) ${emptied}`);
      return Number(count);
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
