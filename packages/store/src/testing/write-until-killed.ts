// Run by a test in a process of its own: writes for ever and prints what was answered.
import { fileStore } from "../file-store.ts";

const store = fileStore(process.argv[2] as string);
const bucket = await store.bucket("bindings");

async function write(key: string): Promise<void> {
  const present = await bucket.get(key);
  for (let count = Number(Buffer.from(present?.value ?? []).toString() || "0"); ; ) {
    count += 1;
    await bucket.put(key, Buffer.from(String(count)));
    process.stdout.write(`${key} ${count}\n`);
  }
}

await Promise.all(Array.from({ length: 50 }, (_, at) => write(`key-${at}`)));
