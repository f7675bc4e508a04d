import {
  close,
  closeSync,
  fdatasync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { FrameWriter, recordsOf, type Stored, wholeCommits } from "./frame.ts";
import { lock } from "./lock.ts";
import { StoreFileError } from "./store-file-error.ts";

/** Bytes after which a segment is followed by another. */
const SEGMENT = 2 * 1024 * 1024;
/** Records that may be out of date however few are not. */
const SLACK = 1024;
/** Old records looked at for each commit at least, so that no commit takes long. */
const CLEANED_EACH_COMMIT = 256;

const SEGMENT_NAME = /^journal-([0-9]{10})$/;
const synced = promisify(fdatasync);
const closed = promisify(close);

/** A file of the journal. */
interface Segment {
  readonly path: string;
  records: number;
}

export interface JournalOptions {
  /** The end of a segment was no whole commit, and was passed over. */
  torn(path: string, bytes: number): void;
  /** The disk would not sync or delete: nothing is lost, old segments stay. */
  failed(error: unknown): void;
}

/**
 * Writes in the order in which they were made, in segments that are only ever appended to: one call of the system for a
 * commit. The oldest segment is deleted when what still holds of it was written anew. What was committed survives
 * kill −9; after a power loss the last commits may be missing, but what there is is whole.
 */
export class Journal {
  readonly #folder: string;
  readonly #options: JournalOptions;
  readonly #lock: { release(): void };
  readonly #frame = new FrameWriter();
  /** Oldest first; the last one is written to. */
  readonly #segments: Segment[] = [];
  #number = 0;
  #file: number | undefined;
  /** Bytes of the last segment. */
  #written = 0;
  /** In all segments. */
  #records = 0;
  /** What is left to look at of the oldest segment. */
  #oldest: Generator<Stored, void, void> | undefined;
  /** A segment could not be deleted: later ones must not go before it, or what they removed would be there again. */
  #keepsAll = false;
  /** Settles when the disk has done what it was asked to so far. */
  #disk: Promise<void> = Promise.resolve();

  /** @throws StoreFileError */
  constructor(folder: string, options: JournalOptions) {
    this.#folder = folder;
    this.#options = options;
    try {
      // It holds keys: for its owner alone.
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new StoreFileError(`${folder} cannot be used: ${error instanceof Error ? error.message : error}`);
    }
    this.#lock = lock(join(folder, "lock.db"));
  }

  /** Hands out every write that is still there, oldest first; to be called once, before the first append. */
  replay(each: (write: Stored) => void): void {
    for (const name of readdirSync(this.#folder).sort()) {
      const number = Number(SEGMENT_NAME.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(number)) continue;
      const path = join(this.#folder, name);
      const bytes = readFileSync(path);
      const whole = wholeCommits(bytes);
      if (whole < bytes.length) {
        this.#options.torn(path, bytes.length - whole);
        truncateSync(path, whole);
      }
      const segment = { path, records: 0 };
      for (const write of recordsOf(bytes.subarray(0, whole))) {
        segment.records++;
        each(write);
      }
      this.#segments.push(segment);
      this.#records += segment.records;
      this.#number = number;
      this.#written = whole;
    }
    const last = this.#segments.at(-1);
    if (last !== undefined) this.#file = openSync(last.path, "r+");
  }

  /**
   * Makes the writes durable, all or none.
   *
   * @param live how many writes are not overtaken; the rest is garbage
   * @param isLive whether a write is not overtaken
   */
  append(writes: readonly Stored[], live: number, isLive: (write: Stored) => boolean): void {
    const file = this.#file !== undefined && this.#written < SEGMENT ? this.#file : this.#begin();
    this.#frame.clear();
    for (const write of writes) this.#frame.add(write);
    let records = writes.length;
    const cleans = this.#records + records > 2 * live + SLACK && this.#segments.length > 1;
    if (cleans) records += this.#clean(Math.max(CLEANED_EACH_COMMIT, 2 * records), isLive);
    const bytes = this.#frame.end();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, this.#written + at);
    } catch (error) {
      // What was looked at is looked at again.
      this.#oldest = undefined;
      ftruncateSync(file, this.#written);
      throw error;
    }
    this.#written += bytes.length;
    (this.#segments.at(-1) as Segment).records += records;
    this.#records += records;
    if (cleans && this.#oldest === undefined) this.#retire(file);
  }

  async close(): Promise<void> {
    await this.#disk;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#lock.release();
  }

  /** Opens the next segment. */
  #begin(): number {
    const former = this.#file;
    const path = join(this.#folder, `journal-${String(this.#number + 1).padStart(10, "0")}`);
    const file = openSync(path, "wx", 0o600);
    this.#number++;
    this.#file = file;
    this.#written = 0;
    this.#segments.push({ path, records: 0 });
    if (former !== undefined) this.#later(() => synced(former).finally(() => closed(former)));
    return file;
  }

  /** Writes anew what still holds of the oldest segment's next records. @returns how many those were */
  #clean(count: number, isLive: (write: Stored) => boolean): number {
    this.#oldest ??= recordsOf(readFileSync((this.#segments[0] as Segment).path));
    let copied = 0;
    for (let looked = 0; looked < count; looked++) {
      const next = this.#oldest.next();
      if (next.done) {
        this.#oldest = undefined;
        break;
      }
      // A removal is only there to overtake older records, and those are gone.
      if (next.value.value === null || !isLive(next.value)) continue;
      this.#frame.add(next.value);
      copied++;
    }
    return copied;
  }

  /** Deletes the oldest segment once the disk has what was written anew. */
  #retire(file: number): void {
    const { path, records } = this.#segments.shift() as Segment;
    this.#records -= records;
    this.#later(async () => {
      if (this.#keepsAll) return;
      this.#keepsAll = true;
      await synced(file);
      unlinkSync(path);
      this.#keepsAll = false;
    });
  }

  #later(work: () => Promise<void>): void {
    this.#disk = this.#disk.then(work).catch((error) => this.#options.failed(error));
  }
}
