/** `npm run -s -w @tidemark/archiver metrics`: every metric that the archiver exposes, as JSON, for the table in deploy/metrics.md. */
import { createMetrics } from '@tidemark/runtime';
import { registerArchiveMetrics } from './instruments.ts';

const metrics = createMetrics();
registerArchiveMetrics(metrics, { partitions: () => [], totals: () => ({ records: 0, bytes: 0, chunks: 0, failures: 0, heldBytes: 0 }) });
process.stdout.write(`${JSON.stringify(metrics.describe())}\n`);
