// The Java peers, built by Maven into a folder of their own that is kept; or the reason why they cannot be built here.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type JavaPeers = { readonly command: readonly string[]; readonly version: string } | { readonly missing: string };

const root = join(import.meta.dirname, '../../..');
const sources = join(import.meta.dirname, '../java');
const builds = join(root, '.tidemark/bench-java');
/** The same as the local engines' downloads: Jackson and the client lie there already. */
const repository = join(root, '.tidemark/cache/m2');
const goals = ['compiler:compile', 'dependency:build-classpath'];
/** What Maven says when this machine lacks something; anything else is a mistake of ours. */
const cannotBuildHere = /could not (be )?(resolve|transfer|find artifact)|no compiler is provided|unknown host/i;
const buildWithinMs = 10 * 60_000;
/** One core: the serial collector is the cheapest there, and room enough that it seldom runs. */
const jvm = ['-Xms1g', '-Xmx4g', '-XX:+UseSerialGC', '-XX:-UsePerfData'];

/** The command that runs a class of the peers follows `command`. Throws when the sources do not compile. */
export async function buildJavaPeers(): Promise<JavaPeers> {
  const java = process.env['JAVA_HOME'] === undefined ? 'java' : join(process.env['JAVA_HOME'], 'bin/java');
  const version = /version "([^"]+)"/.exec(spawnSync(java, ['-XX:-UsePerfData', '-version'], { encoding: 'utf8' }).stderr ?? '')?.[1];
  if (version === undefined) return { missing: 'no Java answers' };
  const folder = join(builds, sourcesHash());
  if (!isWhole(folder)) {
    const problem = await build(folder);
    if (problem !== null) return { missing: problem };
  }
  return { command: [java, ...jvm, '-cp', [join(folder, 'classes'), ...jarsOf(folder)].join(delimiter)], version };
}

/** The jars stay in Maven's repository, which others may empty. */
function isWhole(folder: string): boolean {
  return existsSync(folder) && jarsOf(folder).every((jar) => existsSync(jar));
}

function jarsOf(folder: string): readonly string[] {
  return readFileSync(join(folder, 'classpath'), 'utf8').trim().split(delimiter);
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  for (const file of globSync('{pom.xml,src/**/*.java}', { cwd: sources }).sort()) hash.update(file).update(readFileSync(join(sources, file)));
  return hash.digest('hex').slice(0, 12);
}

/** Into a folder beside the final one, which is then renamed: a build is whole or not there. Null, or why Maven could not. */
async function build(folder: string): Promise<string | null> {
  const work = `${folder}.${process.pid}`;
  const logFile = join(builds, 'maven.log');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'tmp'), { recursive: true });
  const log = openSync(logFile, 'w');
  const options = ['-q', '-B', '-ntp', `-Dmaven.repo.local=${repository}`, `-Dpeers.folder=${work}`, '-f', join(sources, 'pom.xml')];
  // As with the engines' downloads, nothing is left in the system's folder for temporary files.
  const env = { ...process.env, MAVEN_OPTS: `${process.env['MAVEN_OPTS'] ?? ''} -XX:-UsePerfData -Djava.io.tmpdir=${join(work, 'tmp')}`.trim() };
  const child = spawn('mvn', [...options, ...goals], { stdio: ['ignore', log, log], env, timeout: buildWithinMs });
  const code = await new Promise<number | string>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.on('exit', (exitCode, signal) => resolve(exitCode ?? signal ?? 'nothing'));
  });
  if (code === 0) {
    rmSync(join(work, 'tmp'), { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
    renameSync(work, folder);
    return null;
  }
  rmSync(work, { recursive: true, force: true });
  const said = readFileSync(logFile, 'utf8');
  if (code !== 'ENOENT' && !cannotBuildHere.test(said)) throw new Error(`the Java peers do not build (${code}); Maven says:\n${said}`);
  const reason = said.split('\n').find((line) => cannotBuildHere.test(line)) ?? 'there is no mvn';
  return `Maven could not build the Java peers (${reason.replace(/^.*?\[ERROR\]\s*/, '').slice(0, 300)}); see ${logFile}`;
}
