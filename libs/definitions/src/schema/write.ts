/** Writes `schemas/metrics/metric-set.schema.json` from the zod schemas: `npm run -w @tidemark/definitions schema`. */
import { writeFileSync } from 'node:fs';
import { metricSetJsonSchemaText } from './file.ts';

const target = new URL('../../../../schemas/metrics/metric-set.schema.json', import.meta.url);
writeFileSync(target, metricSetJsonSchemaText());
process.stderr.write(`wrote ${target.pathname}\n`);
