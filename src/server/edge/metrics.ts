import type { Registry } from 'prom-client';
import type { Logger } from '../options.ts';
import type { ServerStats } from '../service.ts';

/** The figures of one server for Prometheus. Names follow https://prometheus.io/docs/practices/naming. */
export class Metrics {
  #recorder: Recorder | null = null;
  readonly #ready: Promise<Recorder | null>;

  constructor(logger: Logger) {
    this.#ready = makeRecorder().then(
      (recorder) => {
        this.#recorder = recorder;
        return recorder;
      },
      (error) => {
        logger.warn({ error: String(error) }, 'metrics are off: prom-client could not be loaded');
        return null;
      },
    );
  }

  /** One call, from its arrival to its answer. `outcome` is `ok` or the kind of its error. */
  called(call: string, outcome: string, ms: number): void {
    this.#recorder?.calls.observe({ call, outcome }, ms / 1000);
  }

  pushed(mutationCount: number): void {
    this.#recorder?.batch.observe(mutationCount);
  }

  /** From when a node heard of a commit to when it was handed to a connection. */
  told(ms: number): void {
    this.#recorder?.lag.observe(ms / 1000);
  }

  /** The page that Prometheus reads; null where there can be none. */
  async page(stats: ServerStats & { socketCount: number }): Promise<{ contentType: string; text: string } | null> {
    const recorder = await this.#ready;
    if (!recorder) return null;
    recorder.update(stats);
    return { contentType: recorder.registry.contentType, text: await recorder.registry.metrics() };
  }
}

interface Recorder {
  readonly registry: Registry;
  readonly calls: { observe(labels: { call: string; outcome: string }, seconds: number): void };
  readonly batch: { observe(count: number): void };
  readonly lag: { observe(seconds: number): void };
  update(stats: ServerStats & { socketCount: number }): void;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Loaded beside the server: where it does not run, the server does all the same. */
async function makeRecorder(): Promise<Recorder> {
  const { Registry, Histogram, Gauge, Counter } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  const calls = new Histogram({
    name: 'tidemark_call_duration_seconds',
    help: 'Calls by kind and outcome, from arrival to answer.',
    labelNames: ['call', 'outcome'],
    buckets: SECONDS,
    registers,
  });
  const batch = new Histogram({
    name: 'tidemark_push_mutations',
    help: 'Mutations in a push.',
    buckets: [1, 2, 5, 10, 50, 100, 500, 1000, 5000, 10_000],
    registers,
  });
  const lag = new Histogram({
    name: 'tidemark_fanout_lag_seconds',
    help: 'From a commit to its changes being handed to a connection.',
    buckets: SECONDS,
    registers,
  });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const sockets = gauge('tidemark_connections', 'WebSockets and event streams that are open.');
  const head = gauge('tidemark_head', 'The seq of the newest commit.');
  const totals = {
    outcomes: new Counter({
      name: 'tidemark_mutations_total',
      help: 'Mutations by outcome.',
      labelNames: ['outcome'],
      registers,
    }),
    changes: new Counter({ name: 'tidemark_pulled_changes_total', help: 'Changes sent to clients.', registers }),
    rows: new Counter({ name: 'tidemark_snapshot_rows_total', help: 'Rows sent in snapshots.', registers }),
  };
  return {
    registry,
    calls,
    batch,
    lag,
    update(stats) {
      sockets.set(stats.socketCount);
      head.set(stats.head);
      for (const counter of Object.values(totals)) counter.reset();
      for (const [outcome, count] of Object.entries(stats.outcomes)) totals.outcomes.inc({ outcome }, count);
      totals.changes.inc(stats.pulledChangeCount);
      totals.rows.inc(stats.snapshotRowCount);
    },
  };
}
