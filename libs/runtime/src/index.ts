/** The public entry of the runtime: configuration, logs, metrics, lifecycle, health, clock and terminal of every program. */
export { type Repeater, type SystemClock, systemClock } from './clock.ts';
export { closeWithin } from './close-within.ts';
export { type ConfigResult, type Environment, nearestName, type ReadConfigOptions, readConfig, variablePrefix } from './config.ts';
export {
  checkEngineAccess,
  clickhouseAccess,
  clickhouseVariables,
  type KafkaAccess,
  kafkaAccess,
  kafkaVariables,
  redisAccess,
  redisVariables,
  type StoreAccess,
} from './engine-access.ts';
export { type ExitCode, exitCodeOf, exitCodes, exitError } from './exit-codes.ts';
export {
  booleanField,
  bytesField,
  choiceField,
  durationField,
  hostPortListField,
  integerField,
  portField,
  secretField,
  textField,
  urlField,
  urlListField,
} from './fields.ts';
export { createHealthServer, type HealthServer, type HealthServerOptions, type ReadyAnswer } from './health.ts';
export { type LifecycleLogger, type RunningService, type RunServiceOptions, runService, type ServiceHost } from './lifecycle.ts';
export { createLogger, type LogDestination, type Logger, type LoggerOptions, type LogLevel, logLevels, maxLogTextChars } from './logging.ts';
export {
  type Counter,
  type CounterSeries,
  createMetrics,
  type Gauge,
  type GaugeSeries,
  type Histogram,
  type HistogramSeries,
  latencyBucketsSeconds,
  type MetricDescription,
  type Metrics,
  type MetricsOptions,
  metricPrefix,
} from './metrics.ts';
export { createProgress, type Progress, type ProgressOptions } from './progress.ts';
export { reached, type Waiting } from './reached.ts';
export { createReadiness, type Gate, type Probe, type Readiness, type ReadinessCheck, type ReadinessReport } from './readiness.ts';
export { boundText, isSecretName, printable, redactText, redactUrl } from './redact.ts';
export type { OpenSpan, Span, SpanAttributes, SpanSpec, Tracing, TracingOptions } from './spans.ts';
export { createStyle, formatCount, formatDuration, type Style, type TerminalStream } from './terminal.ts';
export { noTracing, startTracing, tracingVariables } from './tracing.ts';
