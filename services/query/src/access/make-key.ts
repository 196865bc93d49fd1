/** `npm run -s -w @tidemark/query key -- NAME`: makes a key, and the line of its hash for TIDEMARK_API_KEYS or its file. */
import { randomBytes } from 'node:crypto';
import { exitCodes } from '@tidemark/runtime';
import { isKeyName, KEY_BYTES, keyLine, keyOf } from './keys.ts';

const [name = '', ...beyond] = process.argv.slice(2);
if (!isKeyName(name) || beyond.length > 0) {
  console.error('usage: key NAME, the name of whoever is to have the key: 1 to 64 letters, digits, ".", "_" and "-"');
  process.exitCode = exitCodes.usage;
} else {
  const key = keyOf(randomBytes(KEY_BYTES));
  console.error(
    'Give the first line to whoever asks; it is shown this once. Keep the second, in TIDEMARK_API_KEYS or the file that TIDEMARK_API_KEYS_FILE names.',
  );
  console.log(`${key}\n${keyLine(name, key)}`);
}
