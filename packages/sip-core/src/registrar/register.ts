import { type Flow, ownText } from "@sipmesh/sip";
import { type Binding, contactValue, currentBindings, sameContact } from "./binding.ts";
import { type Contact, readContact, readExpires } from "./contact.ts";
import { defaultRegistrarPolicy, type RegistrarPolicy } from "./policy.ts";

/** What the registrar needs of a REGISTER for one address of record. Texts as received. */
export interface RegisterFacts {
  /** One for each contact. None: the bindings are asked for. */
  readonly contacts: readonly string[];
  readonly expires?: string | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly path: readonly string[];
  /** Option tags. */
  readonly supported: readonly string[];
  readonly require: readonly string[];
  readonly userAgent: string;
  readonly flow?: Flow | undefined;
  readonly nat: boolean;
}

export type HeaderField = readonly [name: string, value: string];

export type RegisterResult =
  | {
      readonly outcome: "registered";
      /** All that hold now, the most preferred first: to be stored where `changed`. */
      readonly bindings: readonly Binding[];
      readonly changed: boolean;
      /** Of the 200. */
      readonly headerFields: readonly HeaderField[];
    }
  | {
      readonly outcome: "rejected";
      readonly status: number;
      readonly reason: string;
      readonly headerFields: readonly HeaderField[];
    };

/**
 * The registrar of RFC 3261 section 10.3 for one address of record, with Path (RFC 3327). All contacts of a request are
 * taken or none. `now`: milliseconds since the epoch. Never throws.
 */
export function register(
  stored: readonly Binding[],
  facts: RegisterFacts,
  now: number,
  policy: RegistrarPolicy = defaultRegistrarPolicy,
): RegisterResult {
  const unsupported = facts.require.filter((tag) => tag.toLowerCase() !== "path");
  if (unsupported.length > 0) return rejected(420, "Bad Extension", ["Unsupported", unsupported.join(", ")]);
  if (facts.path.some((value) => value.length > policy.maxValueLength)) return rejected(400, "Path Too Long");
  if (facts.contacts.some((value) => value.length > policy.maxValueLength)) return rejected(400, "Contact Too Long");

  const bindings = stored.filter((binding) => binding.expiresAt > now);
  if (facts.contacts.some((value) => value.trim() === "*")) return removeAll(bindings, facts, now);

  const change = new Change(bindings, facts, now, policy);
  for (const value of facts.contacts) {
    const contact = readContact(value);
    const refusal = contact === undefined ? rejected(400, "Bad Contact") : change.apply(contact);
    if (refusal !== undefined) return refusal;
  }
  return registered(change.bindings, change.changed, facts, now);
}

/** Section 10.3 item 6. */
function removeAll(bindings: readonly Binding[], facts: RegisterFacts, now: number): RegisterResult {
  if (facts.contacts.length > 1) return rejected(400, "Contact * Among Others");
  if (!/^0+$/.test(facts.expires?.trim() ?? "")) return rejected(400, "Contact * Without Expires 0");
  if (bindings.some((binding) => isLate(binding, facts))) return rejected(400, "CSeq Out of Order");
  return registered([], bindings.length > 0, facts, now);
}

/** The bindings while the contacts of one request are applied, one after the other (section 10.3 item 7). */
class Change {
  bindings: readonly Binding[];
  changed = false;
  readonly #facts: RegisterFacts;
  readonly #now: number;
  readonly #policy: RegistrarPolicy;
  readonly #stored: readonly Binding[];

  constructor(bindings: readonly Binding[], facts: RegisterFacts, now: number, policy: RegistrarPolicy) {
    this.bindings = bindings;
    this.#stored = bindings;
    this.#facts = facts;
    this.#now = now;
    this.#policy = policy;
  }

  /** The refusal of the whole request, or undefined. */
  apply(contact: Contact): RegisterResult | undefined {
    const wish = contact.expires ?? this.#wishOfAll();
    if (wish > 0 && wish < this.#policy.minExpires && wish < 3600) {
      return rejected(423, "Interval Too Brief", ["Min-Expires", String(this.#policy.minExpires)]);
    }
    const lifetime = Math.min(wish, this.#policy.maxExpires);
    const former = this.bindings.find((binding) => sameContact(binding.uri, contact.uri));
    // What this very request wrote is in its order.
    if (former !== undefined && this.#stored.includes(former) && isLate(former, this.#facts)) {
      return isReplay(former, contact, lifetime, this.#facts) ? undefined : rejected(400, "CSeq Out of Order");
    }
    if (lifetime === 0) return this.#remove(former);
    if (former === undefined && this.bindings.length >= this.#policy.maxContacts) {
      return rejected(403, "Too Many Contacts");
    }
    return this.#write(former, contact, lifetime);
  }

  #wishOfAll(): number {
    const text = this.#facts.expires?.trim();
    return text === undefined || text === "" ? this.#policy.defaultExpires : readExpires(text);
  }

  #remove(former: Binding | undefined): undefined {
    if (former === undefined) return;
    this.bindings = this.bindings.filter((binding) => binding !== former);
    this.changed = true;
  }

  #write(former: Binding | undefined, contact: Contact, lifetime: number): undefined {
    const { callId, cseq, path, flow, nat, userAgent } = this.#facts;
    const { uri, q, parameters } = contact;
    const unbound = {
      // Kept for an hour: it must not hold the head of the request.
      uri: ownText(uri),
      q,
      parameters,
      callId: ownText(callId),
      cseq,
      expiresAt: this.#now + lifetime * 1000,
      lifetime,
      path: path.map(ownText),
      nat,
      userAgent: ownText(userAgent),
    };
    const binding: Binding = flow === undefined ? unbound : { ...unbound, flow };
    this.bindings =
      former === undefined
        ? [...this.bindings, binding]
        : this.bindings.map((other) => (other === former ? binding : other));
    this.changed = true;
  }
}

function isLate(binding: Binding, facts: RegisterFacts): boolean {
  return binding.callId === facts.callId && facts.cseq <= binding.cseq;
}

/**
 * The very request that made the binding, come again after its transaction was lost with its process: what it asked for
 * holds already, so it is answered like the first time.
 */
function isReplay(binding: Binding, contact: Contact, lifetime: number, facts: RegisterFacts): boolean {
  return (
    facts.cseq === binding.cseq &&
    contact.uri === binding.uri &&
    contact.q === binding.q &&
    contact.parameters === binding.parameters &&
    lifetime === binding.lifetime
  );
}

function registered(bindings: readonly Binding[], changed: boolean, facts: RegisterFacts, now: number): RegisterResult {
  const current = currentBindings(bindings, now);
  const headerFields: HeaderField[] = current.map((binding) => ["Contact", contactValue(binding, now)]);
  // RFC 3327 section 5.3: whoever knows Path is told which one was kept.
  if (facts.path.length > 0 && facts.supported.some((tag) => tag.toLowerCase() === "path")) {
    headerFields.push(["Path", facts.path.join(", ")]);
  }
  return { outcome: "registered", bindings: current, changed, headerFields };
}

function rejected(status: number, reason: string, ...headerFields: HeaderField[]): RegisterResult {
  return { outcome: "rejected", status, reason, headerFields };
}
