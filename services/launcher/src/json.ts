/** JSON of whatever a service shows as its state: maps, sets, big integers and bytes included. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => {
    if (typeof one === "bigint") return Number(one);
    if (one instanceof Map) return Object.fromEntries(one);
    if (one instanceof Set) return [...one];
    if (ArrayBuffer.isView(one)) return `[${one.byteLength} bytes]`;
    return one;
  });
}
