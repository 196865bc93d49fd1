/** Prints the JSON Schema of definition files; `npm run -w @tidemark/definitions schema` puts it into `schemas/metrics/`. */
import { metricSetJsonSchemaText } from './file.ts';

process.stdout.write(metricSetJsonSchemaText());
