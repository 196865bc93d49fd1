// The configuration: what it defaults to, and that nobody opens figures to a network by accident.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLoopback, readQueryConfig } from '../src/config.ts';

const needed = { TIDEMARK_METRICS: 'a.yaml, b.yaml' };

function problemsOf(env: Record<string, string>): string {
  const outcome = readQueryConfig(env);
  return outcome.ok ? '' : outcome.problems.join('\n');
}

describe('the configuration', () => {
  it('needs only the definition files, and then listens on loopback', () => {
    const outcome = readQueryConfig(needed);
    expect(outcome.ok && outcome.config).toMatchObject({
      metricFiles: ['a.yaml', 'b.yaml'],
      host: '127.0.0.1',
      port: 8080,
      loopbackOnly: true,
      keys: [],
      corsOrigins: [],
      latenessMs: 604_800_000,
      namespace: 'tidemark',
      clickhouseDatabase: 'tidemark',
    });
    expect(outcome.ok && outcome.config.partitions).toHaveLength(12);
  });

  it('refuses to listen beyond this machine unless that is asked for', () => {
    expect(problemsOf({ ...needed, TIDEMARK_HTTP_HOST: '0.0.0.0' })).toContain('TIDEMARK_HTTP_ALLOW_REMOTE=true');
    const open = readQueryConfig({ ...needed, TIDEMARK_HTTP_HOST: '0.0.0.0', TIDEMARK_HTTP_ALLOW_REMOTE: 'true' });
    expect(open.ok && open.config.loopbackOnly).toBe(false);
  });

  it('listens beyond this machine with keys, to whatever name it is asked by', () => {
    const line = `ops read ${'ab'.repeat(32)}`;
    const keyed = readQueryConfig({ ...needed, TIDEMARK_HTTP_HOST: '0.0.0.0', TIDEMARK_API_KEYS: line });
    expect(keyed.ok && keyed.config).toMatchObject({ loopbackOnly: false, keys: [{ name: 'ops', scopes: ['read'] }] });
    const behindProxy = readQueryConfig({ ...needed, TIDEMARK_API_KEYS: line });
    expect(behindProxy.ok && behindProxy.config.loopbackOnly).toBe(false);
  });

  it('takes keys from a file, and says what is wrong with them without repeating any', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-keys-'));
    try {
      const file = join(folder, 'keys');
      writeFileSync(file, `# who reads\nops read ${'ab'.repeat(32)}\nwall read ${'cd'.repeat(32)} # on the wall\n`);
      const outcome = readQueryConfig({ ...needed, TIDEMARK_API_KEYS_FILE: file });
      expect(outcome.ok && outcome.config.keys.map(({ name }) => name)).toEqual(['ops', 'wall']);
      writeFileSync(file, `ops read tmk_${'x'.repeat(43)}\n`);
      const problems = problemsOf({ ...needed, TIDEMARK_API_KEYS_FILE: file });
      expect(problems).toContain('TIDEMARK_API_KEYS, key 1: this is a key itself');
      expect(problems).not.toContain('xxx');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(['https://ops.example/', 'https://ops.example/page', 'https://user:pass@ops.example', '*', 'null'])('refuses %s as an origin', (origin) => {
    const problems = problemsOf({ ...needed, TIDEMARK_CORS_ORIGINS: origin });
    expect(problems).toContain('TIDEMARK_CORS_ORIGINS');
    expect(problems).not.toContain('pass');
  });

  it('takes several origins', () => {
    const outcome = readQueryConfig({ ...needed, TIDEMARK_CORS_ORIGINS: 'https://ops.example, http://localhost:5173' });
    expect(outcome.ok && outcome.config.corsOrigins).toEqual(['https://ops.example', 'http://localhost:5173']);
  });

  it('names every mistake of a variable with its fix, and takes those of sister processes', () => {
    const problems = problemsOf({ TIDEMARK_HTP_PORT: '1', TIDEMARK_PARTITIONS: '0', TIDEMARK_KAFKA_BROKERS: 'k:9092' });
    expect(problems).toContain('TIDEMARK_METRICS is not set');
    expect(problems).toContain('did you mean TIDEMARK_HTTP_PORT?');
    expect(problems).toContain('TIDEMARK_PARTITIONS="0" is not valid');
    expect(problems).not.toContain('TIDEMARK_KAFKA_BROKERS');
  });

  it('refuses an empty item in the list of files', () => {
    expect(problemsOf({ TIDEMARK_METRICS: 'a.yaml,,b.yaml' })).toContain('empty item');
  });

  it.each([
    ['127.0.0.1', true],
    ['localhost', true],
    ['::1', true],
    ['127.1.2.3', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.evil.example', false],
    ['192.168.0.1', false],
  ])('knows whether %s is this machine', (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
