/** Starts a service, stops it in order when it is asked to or when it fails, and ends the process with an exit code. */
import { type ExitCode, exitCodeOf, exitCodes } from './exit-codes.ts';

export interface RunningService {
  /** Ends everything that `start` began; called once, at most. */
  stop(): Promise<void>;
  /** When given: its end stops the service with exit code 0, its failure with that of the error. */
  readonly done?: Promise<void>;
}

/** The part of a logger that is needed here; a pino logger fits. */
export interface LifecycleLogger {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** The part of `process` that is needed here. */
export interface ServiceHost {
  on(event: string, listener: (...values: unknown[]) => void): unknown;
  off(event: string, listener: (...values: unknown[]) => void): unknown;
  exit(code: ExitCode): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: ParentPipe;
}

export interface ParentPipe {
  on(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface RunServiceOptions {
  readonly name: string;
  /** `signal` aborts when the service is to stop, also while it still starts. An error ends the process with `exitCodeOf(error)`. */
  readonly start: (signal: AbortSignal) => Promise<RunningService>;
  /** From the request to stop to the forced end. Default 10,000. */
  readonly shutdownDeadlineMs?: number;
  readonly logger: LifecycleLogger;
  /**
   * A second signal within this time of the first is the same request: a terminal signals the whole group, and npm passes its own copy on.
   * Default 500; later signals end the process at once.
   */
  readonly repeatedSignalMs?: number;
  /** Default: this process. */
  readonly host?: ServiceHost;
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** More are not logged: a failing shutdown can reject without end. */
const maxLoggedFailures = 20;

/**
 * Runs a service until a signal, its own end, a failure, or, with `TIDEMARK_PARENT_WATCH=stdin`, the end of stdin, which is the death of the parent.
 * Exit codes: 0 stopped as asked · the error's own or 1 after a failure · 1 when the shutdown fails, overruns its deadline, or is cut by a second signal.
 * Resolves with the code after `host.exit`, which only returns in tests. Leaves no listener and no timer.
 */
export async function runService(options: RunServiceOptions): Promise<ExitCode> {
  const host = options.host ?? processHost();
  const deadlineMs = options.shutdownDeadlineMs ?? 10_000;
  const shutdown = createShutdown(options);
  const removeListeners = listen(options, host, shutdown);
  let deadlineTimer: NodeJS.Timeout | undefined;
  const deadline = shutdown.asked.then(
    () =>
      new Promise<void>((resolve) => {
        deadlineTimer = setTimeout(() => {
          shutdown.fail(new Error(`still not stopped after ${deadlineMs} ms`), 'shutdown overran its deadline');
          resolve();
        }, deadlineMs);
      }),
  );
  await Promise.race([runToEnd(options, shutdown), deadline]);
  clearTimeout(deadlineTimer);
  removeListeners();
  const code = shutdown.exitCode();
  options.logger.info({ exitCode: code }, `${options.name} stopped`);
  host.exit(code);
  return code;
}

async function runToEnd(options: RunServiceOptions, shutdown: Shutdown): Promise<void> {
  let service: RunningService;
  try {
    service = await options.start(shutdown.signal);
  } catch (error) {
    // A start that gives up because it was asked to has done as it was told.
    if (!shutdown.signal.aborted) shutdown.fail(error, `${options.name} could not start`);
    return;
  }
  if (!shutdown.signal.aborted) options.logger.info({}, `${options.name} started`);
  service.done?.then(
    () => shutdown.ask('it has finished'),
    (error: unknown) => shutdown.fail(error, `${options.name} failed`),
  );
  await shutdown.asked;
  try {
    await service.stop();
  } catch (error) {
    shutdown.fail(error, 'shutdown failed');
  }
}

/** The one decision to stop, and the code to end with: the first failure's. */
interface Shutdown {
  readonly signal: AbortSignal;
  readonly asked: Promise<void>;
  ask(reason: string): void;
  fail(error: unknown, message: string): void;
  exitCode(): ExitCode;
}

function createShutdown(options: RunServiceOptions): Shutdown {
  const controller = new AbortController();
  const asked = Promise.withResolvers<void>();
  let code: ExitCode = exitCodes.ok;
  let failures = 0;
  const begin = (): void => {
    controller.abort();
    asked.resolve();
  };
  return {
    signal: controller.signal,
    asked: asked.promise,
    ask: (reason) => {
      if (!controller.signal.aborted) options.logger.info({ reason }, `${options.name} is stopping`);
      begin();
    },
    fail: (error, message) => {
      if (code === exitCodes.ok) code = exitCodeOf(error) === exitCodes.ok ? exitCodes.failed : exitCodeOf(error);
      failures += 1;
      if (failures <= maxLoggedFailures) options.logger.fatal({ err: error }, message);
      begin();
    },
    exitCode: () => code,
  };
}

function listen(options: RunServiceOptions, host: ServiceHost, shutdown: Shutdown): () => void {
  let firstSignalMs: number | undefined;
  const onSignal = (signal: unknown): void => {
    const nowMs = performance.now();
    if (firstSignalMs === undefined) {
      firstSignalMs = nowMs;
      shutdown.ask(String(signal));
    } else if (nowMs - firstSignalMs >= (options.repeatedSignalMs ?? 500)) {
      options.logger.error({ signal: String(signal) }, `${options.name} was signalled again and ends at once`);
      host.exit(exitCodes.failed);
    }
  };
  const onException = (error: unknown): void => shutdown.fail(error, 'uncaught exception');
  const onRejection = (error: unknown): void => shutdown.fail(error, 'unhandled rejection');
  const onParentGone = (): void => shutdown.ask('the parent process has gone');
  const watchesParent = host.env['TIDEMARK_PARENT_WATCH'] === 'stdin';
  for (const signal of stopSignals) host.on(signal, onSignal);
  host.on('uncaughtException', onException);
  host.on('unhandledRejection', onRejection);
  if (watchesParent) {
    for (const event of parentPipeEvents) host.stdin.on(event, onParentGone);
    host.stdin.resume();
  }
  return () => {
    for (const signal of stopSignals) host.off(signal, onSignal);
    host.off('uncaughtException', onException);
    host.off('unhandledRejection', onRejection);
    if (!watchesParent) return;
    for (const event of parentPipeEvents) host.stdin.off(event, onParentGone);
    host.stdin.pause();
  };
}

const parentPipeEvents = ['end', 'close', 'error'] as const;

/** stdin is opened by its first use, so it is not touched unless it is watched. */
function processHost(): ServiceHost {
  return {
    on: (event, listener) => process.on(event, listener),
    off: (event, listener) => process.off(event, listener),
    exit: (code) => process.exit(code),
    env: process.env,
    get stdin() {
      return process.stdin;
    },
  };
}
