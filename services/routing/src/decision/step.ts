import type { Decision, Question, Step } from "./facts.ts";

export function decided(decision: Decision, identity = ""): Step {
  return { type: "decided", decision, identity };
}

export function ask(question: Question): Step {
  return { type: "ask", question };
}

export function reject(status: number, reason: string, identity = ""): Step {
  return decided({ type: "reject", status, reason }, identity);
}
