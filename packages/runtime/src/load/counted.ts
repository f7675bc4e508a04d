import type { Handlers } from "@sipmesh/rpc";
import type { Load } from "./load.ts";

/** Counts the requests that the handlers of a service begin: what such a service tells of its load. */
export function counted<D extends object>(
  handlers: Handlers<D>,
): { readonly handlers: Handlers<D>; readonly load: () => Load } {
  let begun = 0;
  const counting = Object.fromEntries(
    Object.entries(handlers as Record<string, (request: unknown, call: unknown) => unknown>).map(([name, handle]) => [
      name,
      (request: unknown, call: unknown) => {
        begun += 1;
        return handle(request, call);
      },
    ]),
  );
  return { handlers: counting as Handlers<D>, load: () => ({ work: "requests", begun }) };
}
