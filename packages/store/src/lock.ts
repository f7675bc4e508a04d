import { chmodSync, closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { StoreFileError } from "./store-file-error.ts";

/** The layout of the folder; a folder of another layout is refused. */
const LAYOUT = 2;

/**
 * Takes a folder for this process alone. Node.js has no lock of its own for files, SQLite has one: the operating system
 * gives it back when the process ends, however it ends.
 *
 * @throws StoreFileError
 */
export function lock(file: string): { release(): void } {
  let database: DatabaseSync | undefined;
  try {
    closeSync(openSync(file, "a", 0o600));
    chmodSync(file, 0o600);
    database = new DatabaseSync(file);
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    const found = (database.prepare("PRAGMA user_version").get() as { user_version: number }).user_version;
    if (found !== 0 && found !== LAYOUT) {
      throw new StoreFileError(`${file} was written by another release (layout ${found})`);
    }
    database.exec(`PRAGMA user_version = ${LAYOUT}; COMMIT`);
    const held = database;
    return { release: () => held.close() };
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
