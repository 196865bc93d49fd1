/** CPU, memory, file descriptors and event loop of this process under their conventional names, read only when somebody asks. */
import { readdir } from 'node:fs/promises';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Registers the metrics. No timer and no observer: prom-client's own set samples the event loop a hundred times a second. */
export function addProcessMetrics(registry: Registry): void {
  addCpu(registry);
  addMemory(registry);
  addEventLoop(registry);
  const registers = [registry];
  const started = new Gauge({ name: 'process_start_time_seconds', help: 'Start of the process, in seconds since 1970.', registers });
  started.set(Math.round(performance.timeOrigin) / 1000);
  const version = new Gauge({ name: 'nodejs_version_info', help: 'Version of Node.', labelNames: ['version'], registers });
  version.set({ version: process.version }, 1);
  if (process.platform !== 'linux') return;
  const descriptors = new Gauge({
    name: 'process_open_fds',
    help: 'Open file descriptors.',
    registers,
    collect: async () => {
      const entries = await readdir('/proc/self/fd').catch(() => []);
      descriptors.set(entries.length);
    },
  });
}

function addCpu(registry: Registry): void {
  const cpu = new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time in user and system mode.',
    registers: [registry],
    collect: () => {
      const { user, system } = process.cpuUsage();
      cpu.reset();
      cpu.inc((user + system) / 1e6);
    },
  });
}

function addMemory(registry: Registry): void {
  const registers = [registry];
  const resident = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory.',
    registers,
    // One reading serves all four; this metric is registered, and so collected, first.
    collect: () => {
      const usage = process.memoryUsage();
      resident.set(usage.rss);
      heapTotal.set(usage.heapTotal);
      heapUsed.set(usage.heapUsed);
      external.set(usage.external);
    },
  });
  const heapTotal = new Gauge({ name: 'nodejs_heap_size_total_bytes', help: 'Size of the JavaScript heap.', registers });
  const heapUsed = new Gauge({ name: 'nodejs_heap_size_used_bytes', help: 'Used part of the JavaScript heap.', registers });
  const external = new Gauge({ name: 'nodejs_external_memory_bytes', help: 'Memory of buffers and other objects outside the heap.', registers });
}

function addEventLoop(registry: Registry): void {
  let last = performance.eventLoopUtilization();
  const utilization = new Gauge({
    name: 'nodejs_eventloop_utilization_ratio',
    help: 'Share of the time since the last exposition in which the event loop was busy, 0 to 1.',
    registers: [registry],
    collect: () => {
      const current = performance.eventLoopUtilization();
      utilization.set(performance.eventLoopUtilization(current, last).utilization);
      last = current;
    },
  });
}
