/** `npm run -s -w @tidemark/query key -- NAME [SCOPE…]`: makes a key, and the line of its hash for TIDEMARK_API_KEYS or its file. */
import { randomBytes } from 'node:crypto';
import { exitCodes } from '@tidemark/runtime';
import { isKeyName, KEY_BYTES, keyLine, keyOf, SCOPES } from './keys.ts';

const [name = '', ...words] = process.argv.slice(2);
const scopes = SCOPES.filter((scope) => words.includes(scope));
if (!isKeyName(name) || scopes.length !== words.length) {
  console.error(
    `usage: key NAME [SCOPE…], the name of whoever is to have the key: 1 to 64 letters, digits, ".", "_" and "-"; scopes: ${SCOPES.join(', ')}, without one read`,
  );
  process.exitCode = exitCodes.usage;
} else {
  const key = keyOf(randomBytes(KEY_BYTES));
  console.error(
    'Give the first line to whoever asks; it is shown this once. Keep the second, in TIDEMARK_API_KEYS or the file that TIDEMARK_API_KEYS_FILE names.',
  );
  console.log(`${key}\n${keyLine(name, key, words.length === 0 ? ['read'] : scopes)}`);
}
