/** Tells findings apart: two errors of one kind thrown at one place are one finding, whatever numbers and texts they name. */

/** Name, message without numbers and quoted text, and the first two places of ours. */
export function signatureOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${masked(String(error))}`;
  const places = (error.stack ?? '')
    .split('\n')
    .flatMap((line) => /\/((?:libs|services|deploy|node_modules)\/[^\s)]+:\d+):\d+\)?$/.exec(line)?.[1] ?? [])
    .filter((place) => !place.includes('deploy/fuzz/'))
    .slice(0, 2);
  return [error.name, masked(error.message), ...places].join(' @ ');
}

function masked(message: string): string {
  return message
    .split('\n', 1)
    .join('')
    .replaceAll(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replaceAll(/-?\d+/g, '#')
    .slice(0, 200);
}
