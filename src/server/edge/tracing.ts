import { SyncError } from '../../shared/error.ts';

/** The part of a span of OpenTelemetry that is used here. */
export interface SpanLike {
  setAttribute(name: string, value: string | number | boolean): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

/** The part of a tracer of OpenTelemetry that is used here: `trace.getTracer('tidemark')` fits. */
export interface TracerLike {
  startActiveSpan<T>(name: string, run: (span: SpanLike) => T): T;
}

/** `SpanStatusCode.ERROR`. */
const ERROR = 2;

/** Runs a call inside a span, if there is a tracer. Neither payloads nor tokens nor names of people go into it. */
export function traced<T>(tracer: TracerLike | undefined, name: string, call: () => Promise<T>): Promise<T> {
  if (!tracer) return call();
  return tracer.startActiveSpan(`tidemark.${name}`, async (span) => {
    try {
      return await call();
    } catch (error) {
      const kind = error instanceof SyncError ? error.kind : 'unknown';
      span.setAttribute('tidemark.error.kind', kind);
      span.setStatus({ code: ERROR, message: kind });
      throw error;
    } finally {
      span.end();
    }
  });
}
