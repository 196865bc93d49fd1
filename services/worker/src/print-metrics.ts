/** `npm run -s -w @tidemark/worker metrics`: every metric that the worker exposes, as JSON, for the table in deploy/metrics.md. */
import { createLogger, createMetrics, noTracing } from '@tidemark/runtime';
import { createInstruments } from './instruments.ts';
import { createBeatObserver } from './observed-beats.ts';
import { createSelfCheckReport } from './self-check.ts';

const metrics = createMetrics();
const logger = createLogger({ service: 'worker', level: 'silent' });
createInstruments(metrics, logger, () => null);
createSelfCheckReport(metrics, logger);
createBeatObserver(metrics, noTracing);
process.stdout.write(`${JSON.stringify(metrics.describe())}\n`);
