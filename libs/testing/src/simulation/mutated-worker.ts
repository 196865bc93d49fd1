/** A worker with one mistake in its source, loaded beside the right one: Node's module loader hands out the changed text. */
import { registerHooks } from 'node:module';
import type { Worker } from '@tidemark/pipeline';

export interface SourceMutation {
  /** Under `libs`. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

const LIBS = new URL('../../../', import.meta.url);
const WORKER = 'pipeline/src/partition/worker.ts';
/** Loaded once: the twins throw its errors, and a worker must know them by their class. */
const ERRORS = 'pipeline/src/ports/sink.ts';
const MARK = /\?planted=(\d+)$/;

const mutations: SourceMutation[] = [];
let hooked = false;

/**
 * Everything that makes figures (core, codec, pipeline) is loaded anew with the mistake in it; twins, simulator and reference stay as they are.
 * Works only where Node itself loads the modules: vitest transforms what it imports, and asks no hook. Throws when the text is not where it says.
 */
export async function mutatedWorker(mutation: SourceMutation): Promise<typeof Worker> {
  hook();
  const number = mutations.push(mutation) - 1;
  const loaded: { readonly Worker: typeof Worker } = await import(`${new URL(WORKER, LIBS).href}?planted=${number}`);
  return loaded.Worker;
}

function hook(): void {
  if (hooked) return;
  hooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const mark = MARK.exec(context.parentURL ?? '')?.[0];
      return mark === undefined || !isOurs(found.url) ? found : { ...found, url: found.url.replace(MARK, '') + mark };
    },
    load(url, context, next) {
      const found = next(url, context);
      const mutation = mutations[Number(MARK.exec(url)?.[1] ?? -1)];
      if (mutation === undefined || url.replace(MARK, '') !== new URL(mutation.file, LIBS).href) return found;
      return { ...found, source: planted(mutation, String(found.source)) };
    },
  });
}

function isOurs(url: string): boolean {
  const path = url.startsWith(LIBS.href) ? url.slice(LIBS.href.length) : '';
  return /^(core|codec|pipeline)\/src\//.test(path) && path !== ERRORS;
}

function planted({ file, find, replace }: SourceMutation, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`update planted-sources.ts: ${JSON.stringify(find)} stands ${parts.length - 1} times in ${file}, and should once`);
  return parts.join(replace);
}
