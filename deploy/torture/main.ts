// `npm run torture`: real engines and services under load while faults fall on them; every served figure must stay exact. Prints a Markdown table, exit 5 when something was not.
import { join } from 'node:path';
import { readOptions } from './options.ts';
import { runPiece } from './piece.ts';
import { isClean, type Piece, readPieces, reportOf, savePiece } from './results.ts';

const RESULTS = join(import.meta.dirname, '../../.tidemark/torture.json');
const DAYS = 45;
const SHORTEST_PIECE_MINUTES = 1.5;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const file = options.jsonFile ?? RESULTS;
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => abort.abort(new Error(`stopped by ${signal}`)));
  const beganMs = performance.now();
  const tell = (line: string): void => console.error(`${((performance.now() - beganMs) / 1_000).toFixed(1)} s: ${line}`);
  const done: Piece[] = [];
  for (let index = 0; !abort.signal.aborted; index++) {
    const leftMinutes = options.minutes - (performance.now() - beganMs) / 60_000;
    if (index > 0 && leftMinutes < SHORTEST_PIECE_MINUTES) break;
    const pieceMinutes = Math.min(options.pieceMinutes, leftMinutes);
    const seed = options.seed + index;
    tell(`piece ${index + 1}, seed ${seed}, ${pieceMinutes.toFixed(1)} min`);
    const save = (piece: Piece): void => savePiece(file, piece);
    const piece = await runPiece({ ...options, seed, pieceMinutes, once: false, days: DAYS, signal: abort.signal, tell, save });
    done.push(piece);
    // What does not even start would not start again.
    if (piece.faults.length === 0) break;
  }
  console.log(reportOf(done));
  const all = readPieces(file);
  if (all.length > done.length) console.log(`\nAll ${all.length} pieces of ${file}:\n\n${reportOf(all)}`);
  for (const { seed, violations } of done) for (const violation of violations) console.log(`\nseed ${seed}: ${violation}`);
  return done.every(isClean) ? 0 : 5;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
