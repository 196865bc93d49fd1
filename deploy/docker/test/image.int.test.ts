// The Dockerfile's steps, run as plain commands in folders in the place of stages: the image would build, and its services would find all that they import.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, matchesGlob, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const scratch = mkdtempSync(join(tmpdir(), 'tidemark-image-'));
const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n').filter(Boolean);
const entries = ['services/worker/src/main.ts', 'services/archiver/src/main.ts', 'services/archiver/src/migrate.ts', 'services/query/src/main.ts'];
let image = '';

interface Step {
  readonly word: string;
  readonly rest: string;
}

function steps(): readonly Step[] {
  const text = readFileSync(join(root, 'deploy/docker/Dockerfile'), 'utf8')
    .replace(/^\s*#.*\n/gm, '')
    .replaceAll('\\\n', ' ');
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => ({ word: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1).trim() }));
}

function isIgnored(path: string): boolean {
  return ignored.some((pattern) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`));
}

function copy(rest: string, stages: ReadonlyMap<string, string>, stage: string, workdir: string): void {
  const words = rest.split(/\s+/);
  const from = words[0]?.startsWith('--from=') ? words.shift()?.slice('--from='.length) : undefined;
  const target = join(stage, workdir, words.pop() ?? '');
  for (const word of words) {
    const source = from === undefined ? join(root, word) : join(stages.get(from) ?? '', word);
    expect(existsSync(source), `COPY ${rest}`).toBe(true);
    // A folder's contents are copied, a file goes under its name.
    const to = statSync(source).isDirectory() ? target : join(target, relative(dirname(source), source));
    const filter = (path: string): boolean => from !== undefined || path === root || !isIgnored(relative(root, path));
    cpSync(source, to, { recursive: true, verbatimSymlinks: true, filter });
  }
}

/** Runs all stages; returns the folder that stands for the root of the last one. */
function build(): string {
  const stages = new Map<string, string>();
  let stage = '';
  let workdir = '/';
  for (const { word, rest } of steps()) {
    if (word === 'FROM') {
      const name = /\bAS (\w+)$/i.exec(rest)?.[1] ?? 'last';
      stage = join(scratch, name);
      stages.set(name, stage);
      mkdirSync(stage);
    } else if (word === 'WORKDIR') {
      workdir = rest;
      mkdirSync(join(stage, workdir), { recursive: true });
    } else if (word === 'COPY') copy(rest, stages, stage, workdir);
    else if (word === 'RUN') {
      const { status, stderr } = spawnSync('sh', ['-c', rest], {
        cwd: join(stage, workdir),
        encoding: 'utf8',
        env: { ...process.env, NODE_ENV: undefined },
      });
      expect({ status, stderr: status === 0 ? '' : stderr }, `RUN ${rest}`).toEqual({ status: 0, stderr: '' });
    }
  }
  return join(stage, workdir);
}

beforeAll(() => {
  image = build();
}, 120_000);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test('the image holds the patched driver, and neither tests nor the local engine nor tools of development', () => {
  expect(readFileSync(join(image, 'node_modules/kafkajs/src/network/requestQueue/index.js'), 'utf8')).toContain('throttledForMs');
  for (const path of [
    'node_modules/chdb',
    'node_modules/@chdb',
    'node_modules/vitest',
    'node_modules/typescript',
    'node_modules/node',
    'libs/testing',
    'services/cli',
    'deploy',
  ]) {
    expect(existsSync(join(image, path)), path).toBe(false);
  }
  expect(globSync('{libs,services}/*/{src,test}/**/*.test.ts', { cwd: image })).toEqual([]);
});

test('the image uses the Node that the project pins', () => {
  const version = readFileSync(join(root, '.nvmrc'), 'utf8').trim();
  const bases = steps().filter(({ word }) => word === 'FROM');
  expect(bases.length).toBeGreaterThan(2);
  for (const { rest } of bases) expect(rest).toContain(`node:${version}-`);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  expect(dependencies.node).toBe(version);
});

test.each(entries)('%s finds every module that it imports', (entry) => {
  // A port that is none makes each service stop at its configuration, after all imports have been resolved.
  const env = { PATH: process.env['PATH'], HOME: scratch, TIDEMARK_HTTP_PORT: 'none' };
  const { status, stderr } = spawnSync(process.execPath, [entry], { cwd: image, encoding: 'utf8', env, timeout: 20_000 });
  expect(stderr).not.toMatch(/ERR_MODULE_NOT_FOUND|Cannot find (module|package)|ERR_PACKAGE_PATH/);
  expect(status, stderr).toBe(3);
});
