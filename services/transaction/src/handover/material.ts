import type { ProxyEffect } from "@sipmesh/sip-core";

/** Timers that only repeat what was said. */
const REPEATING: ReadonlySet<string> = new Set(["A", "E", "G"]);

/** What leaves. */
export function speaks(effect: ProxyEffect): effect is Extract<ProxyEffect, { type: "respond" | "forward" }> {
  return effect.type === "respond" || effect.type === "forward";
}

/** What leaves, and was not said before. */
export function isOutput(effect: ProxyEffect): boolean {
  return speaks(effect) && !effect.again;
}

/** A final response that another member could contradict: of a 2xx the callee has said it. */
export function isRefusal(effect: ProxyEffect): boolean {
  return effect.type === "respond" && effect.status >= 300;
}

/** What is said again. */
export function isRepetition(effect: ProxyEffect): boolean {
  return speaks(effect) && effect.again;
}

/** A step after which another member would have to go on from another state. */
export function isMaterial(effects: readonly ProxyEffect[]): boolean {
  return effects.some((effect) => {
    switch (effect.type) {
      case "respond":
      case "forward":
        return !effect.again;
      case "start":
        return !REPEATING.has(effect.timer);
      case "stop":
      case "tried":
      case "answered":
        return true;
      default:
        return false;
    }
  });
}
