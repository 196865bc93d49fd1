/** A target with planted bugs, each behind conditions that random bytes do not meet: what the fuzzer itself is tried on. */

function run(input: Uint8Array): void {
  const text = Buffer.from(input).toString('latin1');
  if (!text.startsWith('{')) return;
  if (text.includes('deep') && text.includes('er')) throw new TypeError(`planted at ${text.length}`);
  if (text.length > 40 && text.endsWith('loop')) for (;;);
}

export const fuzzTarget = {
  seeds: () => [Buffer.from('{ some text that is long enough, and harmless }')],
  dictionary: ['deep', 'er', 'loop'],
  run,
};
