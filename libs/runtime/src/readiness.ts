/** What must hold before a service may be used: gates that the service opens and closes, and probes of its dependencies. */
import { boundText, redactText } from './redact.ts';

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly latencyMs?: number;
}

export interface ReadinessReport {
  readonly ready: boolean;
  readonly checks: readonly ReadinessCheck[];
}

export interface Gate {
  open(detail?: string): void;
  close(detail: string): void;
}

export interface Probe {
  /** Resolves with a detail, or nothing, when the dependency answers; rejects when it does not. */
  readonly run: (signal: AbortSignal) => Promise<string | undefined>;
  /** Default 2,000. */
  readonly timeoutMs?: number;
}

export interface Readiness {
  /** A gate is closed until it is opened. A name is taken once. */
  gate(name: string, closedDetail?: string): Gate;
  /** Run at each report; reports that overlap share one run. */
  probe(name: string, probe: Probe): void;
  /** Drops a gate or a probe, such as that of a revoked partition. */
  remove(name: string): void;
  report(): Promise<ReadinessReport>;
}

const maxDetailChars = 300;

/** Ready when every gate is open and every probe answers; a service without either is ready. Checks come in the order in which they were named. */
export function createReadiness(): Readiness {
  const checks = new Map<string, () => Promise<ReadinessCheck> | ReadinessCheck>();
  let reporting: Promise<ReadinessReport> | undefined;
  const add = (name: string, check: () => Promise<ReadinessCheck> | ReadinessCheck): void => {
    if (checks.has(name)) throw new Error(`readiness check "${name}" exists already`);
    checks.set(name, check);
  };
  const runAll = async (): Promise<ReadinessReport> => {
    const results = await Promise.all([...checks.values()].map((check) => check()));
    return { ready: results.every((result) => result.ok), checks: results };
  };
  return {
    gate: (name, closedDetail = 'not yet') => {
      let state: ReadinessCheck = { name, ok: false, detail: shortDetail(closedDetail) };
      add(name, () => state);
      return {
        open: (detail = 'ok') => {
          state = { name, ok: true, detail: shortDetail(detail) };
        },
        close: (detail) => {
          state = { name, ok: false, detail: shortDetail(detail) };
        },
      };
    },
    probe: (name, probe) => add(name, () => runProbe(name, probe)),
    remove: (name) => {
      checks.delete(name);
    },
    report: () => {
      reporting ??= runAll().finally(() => {
        reporting = undefined;
      });
      return reporting;
    },
  };
}

async function runProbe(name: string, probe: Probe): Promise<ReadinessCheck> {
  const timeoutMs = probe.timeoutMs ?? 2000;
  const timeout = new AbortController();
  const startedMs = performance.now();
  const expired = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    expired.reject(new Error(`no answer within ${timeoutMs} ms`));
    timeout.abort();
  }, timeoutMs);
  const elapsedMs = (): number => Math.round((performance.now() - startedMs) * 10) / 10;
  try {
    const detail = await Promise.race([probe.run(timeout.signal), expired.promise]);
    return { name, ok: true, detail: shortDetail(detail ?? 'ok'), latencyMs: elapsedMs() };
  } catch (error) {
    return { name, ok: false, detail: shortDetail(error instanceof Error ? error.message : String(error)), latencyMs: elapsedMs() };
  } finally {
    clearTimeout(timer);
  }
}

function shortDetail(detail: string): string {
  return boundText(redactText(boundText(detail, 10 * maxDetailChars)), maxDetailChars);
}
