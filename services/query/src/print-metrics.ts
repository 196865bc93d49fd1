/** `npm run -s -w @tidemark/query metrics`: every metric that the query service exposes, as JSON, for the table in deploy/metrics.md. */
import { createMetrics } from '@tidemark/runtime';
import { createTelemetry } from './telemetry.ts';

process.stdout.write(`${JSON.stringify(createTelemetry(createMetrics()).metrics.describe())}\n`);
