/** Finds the Java that runs Kafka and Maven. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const oldestJava = 17;

export interface Java {
  readonly path: string;
  readonly major: number;
}

/** JAVA_HOME's Java, else the one on the PATH; undefined when neither answers. */
export async function findJava(environment: NodeJS.ProcessEnv = process.env): Promise<Java | undefined> {
  const home = environment.JAVA_HOME;
  const inHome = home === undefined || home === '' ? undefined : join(home, 'bin', 'java');
  const path = inHome !== undefined && existsSync(inHome) ? inHome : 'java';
  try {
    const { stderr, stdout } = await promisify(execFile)(path, ['-XX:-UsePerfData', '-version'], { env: environment });
    const major = javaMajor(stderr + stdout);
    return major === undefined ? undefined : { path, major };
  } catch {
    return undefined;
  }
}

/** 17 from `openjdk version "17.0.15"`, 8 from `java version "1.8.0_392"`. */
export function javaMajor(versionText: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(versionText);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** A sentence with the fix when Kafka cannot run on what was found. */
export function javaProblem(java: Java | undefined): string | undefined {
  if (java !== undefined && java.major >= oldestJava) return undefined;
  const found = java === undefined ? 'none was found' : `found ${java.major} at ${java.path}`;
  return `Java ${oldestJava} or newer is needed to run Kafka (${found}); install it, e.g. apt-get install openjdk-17-jre-headless, or set TIDEMARK_KAFKA_BROKERS to a running Kafka.`;
}
