/** The results of checks, each kept: who asks for the latest, and who wants to see the history, reads the same table. */
import { type CheckLedger, type CheckResult, versionDecimal, versionFromDecimal } from '@tidemark/pipeline';
import type { ClickHouseConnection } from './connection.ts';

const COLUMNS = ['lineage', 'partition', 'kind', 'checked_ms', 'position', 'outcome', 'compared', 'differences', 'detail'] as const;
const KINDS: readonly CheckResult['kind'][] = ['verify_redis', 'verify_clickhouse', 'selfcheck'];
const OUTCOMES: readonly CheckResult['outcome'][] = ['same', 'different', 'undecided'];

export function createClickHouseCheckLedger(connection: ClickHouseConnection): CheckLedger {
  return {
    async record(results): Promise<void> {
      if (results.length === 0) return;
      const rows = results.map(({ lineage, partition, kind, checkedAtMs, position, outcome, compared, differences, detail }) => {
        return [lineage, partition, kind, checkedAtMs, versionDecimal(position), outcome, compared, differences, detail.toWellFormed()];
      });
      await connection.insert('checks', COLUMNS, rows);
    },
    async latest(lineage): Promise<readonly CheckResult[]> {
      const rows = await connection.select(
        `SELECT lineage, partition, kind, checked_ms, toString(position), outcome, compared, differences, detail FROM checks
WHERE lineage = {lineage:String} ORDER BY partition, kind, checked_ms DESC LIMIT 1 BY partition, kind`,
        { lineage },
      );
      return rows.flatMap(resultOf);
    },
  };
}

/** A kind or outcome of a newer release is passed over. */
function resultOf([
  lineage,
  partition,
  kindText,
  checkedMs,
  position,
  outcomeText,
  compared,
  differences,
  detail,
]: readonly unknown[]): CheckResult[] {
  const kind = KINDS.find((known) => known === kindText);
  const outcome = OUTCOMES.find((known) => known === outcomeText);
  if (kind === undefined || outcome === undefined) return [];
  return [
    {
      kind,
      outcome,
      lineage: String(lineage),
      partition: Number(partition),
      checkedAtMs: Number(checkedMs),
      position: versionFromDecimal(String(position)),
      compared: Number(compared),
      differences: Number(differences),
      detail: String(detail),
    },
  ];
}
