/** Halts and rewinds as they happened, each kept. */
import { type Incident, type IncidentLedger, type IncidentSummary, versionDecimal, versionFromDecimal } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';

const COLUMNS = ['lineage', 'partition', 'kind', 'at_ms', 'position', 'detail'] as const;
const KINDS: readonly Incident['kind'][] = ['halt', 'rewind'];

export function createClickHouseIncidentLedger(connection: ClickHouseConnection): IncidentLedger {
  return {
    async note(incidents): Promise<void> {
      if (incidents.length === 0) return;
      const rows = incidents.map(({ lineage, partition, kind, atMs, position, detail }) => {
        return [lineage, partition, kind, atMs, versionDecimal(position), detail.toWellFormed()];
      });
      await connection.insert('incidents', COLUMNS, rows);
    },
    async summaries(lineage): Promise<readonly IncidentSummary[]> {
      const rows = await connection.select(
        `SELECT partition, kind, count(), max(at_ms), toString(argMax(position, at_ms)), argMax(detail, at_ms) FROM incidents FINAL
WHERE lineage = {lineage:String} GROUP BY partition, kind ORDER BY partition, kind`,
        { lineage },
      );
      return rows.flatMap(([partitionNumber, kindText, count, atMs, position, detail]) => {
        const kind = KINDS.find((known) => known === kindText);
        if (kind === undefined) return [];
        const partition = Number(partitionNumber);
        const last = { kind, lineage, partition, atMs: Number(atMs), position: versionFromDecimal(String(position)), detail: String(detail) };
        return [{ kind, partition, count: Number(count), last }];
      });
    },
  };
}

/** Everything that was ever noted, in the order in which it happened. */
export async function allIncidents(connection: ClickHouseConnection): Promise<readonly Incident[]> {
  const rows = await connection.select(
    'SELECT lineage, partition, kind, at_ms, toString(position), detail FROM incidents FINAL ORDER BY at_ms, lineage, partition, kind, detail',
  );
  return rows.flatMap(([lineage, partition, kindText, atMs, position, detail]) => {
    const kind = KINDS.find((known) => known === kindText);
    if (kind === undefined) return [];
    const where = { lineage: String(lineage), partition: Number(partition), atMs: Number(atMs) };
    return [{ kind, ...where, position: versionFromDecimal(String(position)), detail: String(detail) }];
  });
}
