/** Whether a Docker engine answers on this machine, and which images the production-like deployment pins. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Why container tests are skipped, or null when an engine answers. */
export function dockerMissing(): string | null {
  try {
    execFileSync('docker', ['info', '--format', '{{.ServerVersion}}'], { stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 });
    return null;
  } catch {
    return 'no Docker engine answers (`docker info` failed)';
  }
}

/** The image of a service in docker-compose.yml, so that tests and deployment run the same version. */
export function composeImage(service: string): string {
  const compose = readFileSync(resolve(import.meta.dirname, '../../../docker-compose.yml'), 'utf8');
  const image = new RegExp(`\\n  ${service}:\\n(?:    .*\\n|\\n)*?    image: (\\S+)`).exec(compose)?.[1];
  if (image === undefined) throw new Error(`docker-compose.yml pins no image for ${service}`);
  return image;
}
