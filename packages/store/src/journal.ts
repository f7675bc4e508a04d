import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { WriteRecord } from "./record.ts";

/** The layout of the file; a file of another layout is refused. */
const LAYOUT = 1;
/** Pages of the write-ahead log that are moved at once: few, because the event loop waits for it. */
const CHECKPOINT_PAGES = 256;
/** Bytes of a page: large, because rows are only ever appended and each page costs calls of the system. */
const PAGE_SIZE = 16384;
/** Rows that may be out of date however few are not. */
const SLACK = 1024;
/** Old rows looked at for each commit, so that no commit takes long. */
const CLEANED_EACH_COMMIT = 256;

/** The file cannot be used as a store. */
export class StoreFileError extends Error {
  override readonly name = "StoreFileError";
  readonly code = "store-file";
}

/**
 * Writes in the order in which they were made, as rows of an SQLite table. A row that was overtaken by a later one is
 * deleted in time: its write costs a third of that of a table with a row for each key, whose pages are hit at random.
 * What was committed survives kill −9; after a power loss the last commits may be missing, but what there is is whole.
 */
export class Journal {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #deleteBelow: StatementSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollback: StatementSync;
  /** The write in each row, oldest first; undefined behind the head. */
  #rows: WriteRecord[] = [];
  #head = 0;
  /** The number of the row at #rows[0]. */
  #first = 1;

  /** @throws StoreFileError */
  constructor(file: string) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // It holds keys: for its owner alone.
    closeSync(openSync(file, "a", 0o600));
    this.#database = open(file);
    this.#insert = this.#database.prepare(
      "INSERT INTO journal (row, bucket, key, revision, value) VALUES (?, ?, ?, ?, ?)",
    );
    this.#deleteBelow = this.#database.prepare("DELETE FROM journal WHERE row < ?");
    this.#begin = this.#database.prepare("BEGIN");
    this.#commit = this.#database.prepare("COMMIT");
    this.#rollback = this.#database.prepare("ROLLBACK");
  }

  /** Hands out every write that is still there, oldest first; to be called once, before the first append. */
  replay(each: (write: WriteRecord) => void): void {
    const rows = this.#database.prepare("SELECT row, bucket, key, revision, value FROM journal ORDER BY row").iterate();
    let expected: number | undefined;
    for (const { row, bucket, key, revision, value } of rows as Iterable<Row>) {
      expected ??= row;
      if (row !== expected) throw new StoreFileError(`the store's journal has a gap before row ${row}`);
      expected = row + 1;
      const write: WriteRecord = { bucket, key, revision, value, replaced: undefined, durable: true };
      if (this.#rows.length === 0) this.#first = row;
      this.#rows.push(write);
      each(write);
    }
  }

  /**
   * Makes the writes durable, all or none.
   *
   * @param live how many writes are not overtaken; the rest is garbage
   * @param isLive whether a write is not overtaken
   */
  append(writes: readonly WriteRecord[], live: number, isLive: (write: WriteRecord) => boolean): void {
    const before = this.#rows.length;
    let head = this.#head;
    this.#begin.run();
    try {
      for (const write of writes) this.#append(write);
      if (this.#rows.length - head > 2 * live + SLACK) head = this.#clean(head, before, isLive);
      this.#commit.run();
    } catch (error) {
      this.#rows.length = before;
      if (this.#database.isTransaction) this.#rollback.run();
      throw error;
    }
    this.#head = head;
    this.#forget();
  }

  close(): void {
    this.#database.close();
  }

  #append(write: WriteRecord): void {
    const row = this.#first + this.#rows.length;
    this.#insert.run(row, write.bucket, write.key, write.revision, write.value);
    this.#rows.push(write);
  }

  /** Deletes the oldest rows; a write among them that still holds is written anew. */
  #clean(head: number, before: number, isLive: (write: WriteRecord) => boolean): number {
    const end = Math.min(head + CLEANED_EACH_COMMIT, before);
    for (let at = head; at < end; at++) {
      const write = this.#rows[at] as WriteRecord;
      // A removal is only there to overtake older rows, and those are gone.
      if (write.value !== null && isLive(write)) this.#append(write);
    }
    this.#deleteBelow.run(this.#first + end);
    return end;
  }

  #forget(): void {
    if (this.#head < 4096 || this.#head < this.#rows.length >> 1) return;
    this.#rows = this.#rows.slice(this.#head);
    this.#first += this.#head;
    this.#head = 0;
  }
}

interface Row {
  row: number;
  bucket: string;
  key: string;
  revision: number;
  value: Uint8Array | null;
}

function open(file: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec(`
      PRAGMA page_size = ${PAGE_SIZE};
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      BEGIN EXCLUSIVE;
      CREATE TABLE IF NOT EXISTS journal (
        row INTEGER PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, revision INTEGER NOT NULL, value BLOB
      );
    `);
    const found = (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (found !== 0 && found !== LAYOUT)
      throw new StoreFileError(`${file} was written by another release (layout ${found})`);
    database.exec(`PRAGMA user_version = ${LAYOUT}; COMMIT`);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreFileError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreFileError(
      reason.includes("locked") ? `${file} is in use by another process` : `${file} cannot be used: ${reason}`,
      { cause: error },
    );
  }
}
