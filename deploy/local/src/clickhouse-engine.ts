/** Runs statements on chdb: each in a connection of its own, so that settings, parameters and the database end with the statement. */
import { type ChdbResult, drainPending, type RawInsertFormat, Session } from 'chdb';
import { EngineError, engineError } from './clickhouse-errors.ts';
import {
  isInsert,
  isSeveralStatements,
  namedFormat,
  parseRawInsert,
  quoteIdentifier,
  quoteLiteral,
  type RawInsert,
  skeletonOf,
} from './clickhouse-sql.ts';
import { fieldOf } from './json-file.ts';
import { Slots } from './slots.ts';

export interface Statement {
  /** The statement as it stands in the URL; empty when the body holds all of it. */
  readonly query: string;
  /** The rest of the statement, or an insert's rows. */
  readonly body: Buffer;
  readonly database: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
  readonly parameters: ReadonlyMap<string, string>;
  readonly defaultFormat: string;
  readonly readonly: boolean;
}

export interface Outcome {
  readonly bytes: Uint8Array;
  readonly format: string;
  readonly readRows: number;
  readonly readBytes: number;
  readonly writtenRows: number;
  readonly writtenBytes: number;
  readonly elapsedSeconds: number;
}

// chdb's own defaults are those of clickhouse-local; these make it answer as a server does, within a small machine's memory.
const sessionArguments = [
  '--implicit_select=0',
  '--allow_introspection_functions=0',
  '--storage_file_read_method=pread',
  '--max_threads=2',
  `--max_memory_usage=${700 * 1024 * 1024}`,
  `--max_bytes_before_external_group_by=${250 * 1024 * 1024}`,
  `--max_bytes_before_external_sort=${250 * 1024 * 1024}`,
];

const rawFormats = new Map<string, RawInsertFormat>([
  ['jsoneachrow', 'JSONEachRow'],
  ['jsoncompacteachrow', 'JSONCompactEachRow'],
  ['csv', 'CSV'],
  ['csvwithnames', 'CSVWithNames'],
  ['tsv', 'TabSeparated'],
  ['tabseparated', 'TabSeparated'],
  ['tsvwithnames', 'TabSeparatedWithNames'],
  ['tabseparatedwithnames', 'TabSeparatedWithNames'],
]);
const binaryFormat = /^(?:rowbinary|native|parquet|arrow|orc|avro|msgpack|protobuf|capnproto|bson|npy|rawblob)/i;
const headBytes = 64 * 1024;

/** Owns the data directory for the life of the process. */
export class ClickHouseEngine {
  readonly #path: string;
  readonly #arguments: string[];
  /** Kept open: the engine ends with its last connection. */
  readonly #anchor: Session;
  readonly #running = new Slots(4);
  /** Inserts go one by one, because the count of rows of an INSERT … SELECT is read off an engine-wide counter. */
  readonly #inserting = new Slots(1);

  constructor(options: { path: string; configPath: string }) {
    this.#path = options.path;
    this.#arguments = [`--config-file=${options.configPath}`, ...sessionArguments];
    this.#anchor = this.#connect();
  }

  version(): string {
    return this.#anchor.query('SELECT version()', 'TabSeparatedRaw').trim();
  }

  /** Rejects with an EngineError. */
  async run(statement: Statement): Promise<Outcome> {
    const head = statement.query === '' ? statement.body.toString('latin1', 0, headBytes) : statement.query;
    if (isInsert(skeletonOf(head)))
      return this.#inserting.use(() => this.#running.use(() => this.#inSession(statement, (session) => runInsert(session, statement, head))));
    return this.#running.use(() => this.#inSession(statement, (session) => runQuery(session, statement)));
  }

  /** Waits for what runs, then closes the data directory. */
  async close(): Promise<void> {
    await drainPending();
    this.#anchor.close();
    await drainPending();
  }

  #connect(): Session {
    return new Session(this.#path, { connectionArgs: this.#arguments });
  }

  async #inSession(statement: Statement, work: (session: Session) => Promise<Outcome>): Promise<Outcome> {
    const session = this.#connect();
    try {
      if (statement.database !== undefined) await session.queryAsync(`USE ${quoteIdentifier(statement.database)}`);
      await applySettings(session, statement);
      if (statement.readonly) await session.queryAsync('SET readonly = 2');
      return await work(session);
    } catch (error) {
      throw toEngineError(error);
    } finally {
      session.close();
    }
  }
}

/** Settings and bound parameters, for this connection only; the engine parses a parameter's text by its declared type. */
async function applySettings(session: Session, statement: Statement): Promise<void> {
  const parameters = [...statement.parameters].map(([name, value]) => `param_${name} = ${quoteLiteral(value)}`).join(', ');
  const settings = [...statement.settings].map(([name, value]) => `${name} = ${quoteLiteral(value)}`).join(', ');
  // A server counts the statement against max_query_size and not its parameters; here they are a statement themselves.
  const isLong = parameters.length > 200_000;
  if (isLong) await session.queryAsync(`SET max_query_size = ${parameters.length * 4 + 1_000}`);
  if (parameters !== '') await session.queryAsync(`SET ${parameters}`);
  if (isLong) await session.queryAsync('SET max_query_size = DEFAULT');
  if (settings !== '') await session.queryAsync(`SET ${settings}`);
}

async function runQuery(session: Session, statement: Statement): Promise<Outcome> {
  const sql = wholeText(statement);
  const skeleton = skeletonOf(sql);
  if (skeleton.trim() === '') throw engineError(62, 'SYNTAX_ERROR', 'Syntax error: Empty query.');
  if (isSeveralStatements(skeleton)) throw engineError(62, 'SYNTAX_ERROR', 'Syntax error: Multi-statements are not allowed.');
  const result = await session.queryAsync(sql, { format: statement.defaultFormat });
  return outcomeOf(result, namedFormat(skeleton) ?? statement.defaultFormat);
}

async function runInsert(session: Session, statement: Statement, head: string): Promise<Outcome> {
  const insert = parseRawInsert(head);
  const rows = insert === undefined ? undefined : rowsOf(statement, insert);
  const format = insert === undefined ? undefined : rawFormats.get(insert.format.toLowerCase());
  if (insert !== undefined && rows !== undefined && format !== undefined) return insertRows(session, insert, { rows, format });
  if (insert !== undefined && binaryFormat.test(insert.format)) {
    throw engineError(48, 'NOT_IMPLEMENTED', `The local engine takes no rows in ${insert.format}; send JSONEachRow.`);
  }
  const sql = wholeText(statement);
  if (isSeveralStatements(skeletonOf(sql))) throw engineError(62, 'SYNTAX_ERROR', 'Syntax error: Multi-statements are not allowed.');
  const before = await insertedSoFar(session);
  const result = await session.queryAsync(sql, { format: statement.defaultFormat });
  const inserted = await insertedSoFar(session);
  return { ...outcomeOf(result, statement.defaultFormat), writtenRows: inserted.rows - before.rows, writtenBytes: inserted.bytes - before.bytes };
}

/** The rows are handed to the engine as bytes, never as a JavaScript string. */
async function insertRows(session: Session, insert: RawInsert, data: { rows: Buffer; format: RawInsertFormat }): Promise<Outcome> {
  if (insert.settings !== undefined) await session.queryAsync(`SET ${insert.settings}`);
  const columns = insert.columns === undefined ? {} : { columns: insert.columns };
  const summary = await session.insert({ table: insert.table, values: data.rows, format: data.format, ...columns });
  return {
    bytes: new Uint8Array(0),
    format: data.format,
    readRows: summary.rowsWritten,
    readBytes: summary.bytesSent,
    writtenRows: summary.rowsWritten,
    writtenBytes: summary.bytesWritten,
    elapsedSeconds: summary.elapsed,
  };
}

/** The rows after the statement's head, without copying; undefined when they are split between URL and body. */
function rowsOf(statement: Statement, insert: RawInsert): Buffer | undefined {
  if (statement.query === '') return statement.body.subarray(insert.dataStart);
  return statement.query.slice(insert.dataStart).trim() === '' ? statement.body : undefined;
}

function wholeText(statement: Statement): string {
  if (statement.query === '') return statement.body.toString('utf8');
  return statement.body.length === 0 ? statement.query : `${statement.query}\n${statement.body.toString('utf8')}`;
}

async function insertedSoFar(session: Session): Promise<{ rows: number; bytes: number }> {
  const sql = "SELECT sumIf(value, event = 'InsertedRows') AS rows, sumIf(value, event = 'InsertedBytes') AS bytes FROM system.events";
  const row = (await session.queryAsync(sql, { format: 'JSONEachRow' })).json();
  return { rows: Number(fieldOf(row, 'rows')), bytes: Number(fieldOf(row, 'bytes')) };
}

function outcomeOf(result: ChdbResult, format: string): Outcome {
  const { rowsRead, bytesRead, elapsed } = result;
  return { bytes: result.bytes(), format, readRows: rowsRead, readBytes: bytesRead, writtenRows: 0, writtenBytes: 0, elapsedSeconds: elapsed };
}

function toEngineError(error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = fieldOf(error, 'clickhouseCode') ?? /^Code: (\d+)/.exec(message)?.[1];
  return code === undefined ? engineError(49, 'LOGICAL_ERROR', message) : new EngineError(Number(code), message);
}
