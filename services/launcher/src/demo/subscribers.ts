import { randomInt } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A phone to try the platform with. */
export interface DemoSubscriber {
  readonly user: string;
  readonly password: string;
}

const USERS = ["alice", "bob"];
/** Without 0, o, 1, l and i: people type them into phones. 12 of them are 59 bits. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

export function demoFile(dataDirectory: string): string {
  return join(dataDirectory, "demo-subscribers.json");
}

/** The demo subscribers of a data directory; made when they are first asked for, readable for the owner alone. */
export function demoSubscribers(dataDirectory: string): readonly DemoSubscriber[] {
  const file = demoFile(dataDirectory);
  const known = readDemoSubscribers(file);
  if (known !== undefined) return known;
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const made = newSubscribers();
  try {
    writeFileSync(file, `${JSON.stringify(made, undefined, 2)}\n`, { mode: 0o600, flag: "wx" });
    return made;
  } catch (error) {
    // Another process was quicker: its passwords are the ones.
    const theirs = readDemoSubscribers(file);
    if (theirs !== undefined) return theirs;
    throw error;
  }
}

/** Subscribers with passwords that nobody else has. */
export function newSubscribers(): readonly DemoSubscriber[] {
  return USERS.map((user) => ({ user, password: newPassword() }));
}

/** Undefined where there is no such file. */
export function readDemoSubscribers(file: string): readonly DemoSubscriber[] | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const read: unknown = JSON.parse(text);
  const good = (one: Partial<DemoSubscriber> | null) =>
    typeof one?.user === "string" && typeof one.password === "string";
  if (!Array.isArray(read) || !read.every(good)) throw new Error(`${file} is damaged; remove it to get new passwords`);
  return read;
}

/** 59 bits, quick to type. */
export function newPassword(): string {
  const letters = Array.from({ length: 12 }, () => LETTERS[randomInt(LETTERS.length)]).join("");
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}
