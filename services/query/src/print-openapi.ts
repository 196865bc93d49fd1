/** `npm run -w @tidemark/query openapi`: writes the contract and the typed client's types, both made from the schemas. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clientTypes } from './schemas/client-types.ts';
import { openApiText } from './schemas/openapi.ts';

const files = [
  [join(import.meta.dirname, '../../../schemas/query/openapi.json'), openApiText()],
  ...[...clientTypes()].map(([file, text]) => [join(import.meta.dirname, 'client', file), text] as const),
];
for (const [file, text] of files) {
  writeFileSync(file, text);
  console.log(file);
}
