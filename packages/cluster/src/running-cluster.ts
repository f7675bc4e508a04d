import type { Clock, Timer } from "@sipmesh/environment";
import type { Cluster, Instance, Member, Membership } from "./cluster.ts";
import { type FormerList, FormerLists } from "./former-lists.ts";
import { isConflict } from "./key-ring.ts";
import { expected, type MembershipEvent, type MembershipView, receive, sameMembers, UNKNOWN } from "./membership.ts";
import { Presence } from "./presence.ts";
import type { Register, Signals } from "./register.ts";
import { Rendezvous } from "./rendezvous.ts";
import type { SipHash } from "./siphash.ts";
import { decodeStoredList, encodeStoredList } from "./stored-list.ts";

const KEY = "membership";
/** Milliseconds between two looks at whether what is written is what should be. */
const LOOK = 250;
/** How long each instance waits for those before it in order, to change the list in their place. */
const TURN = 50;

export interface ClusterOptions {
  readonly self: Instance;
  readonly clock: Clock;
  readonly signals: Signals;
  /** "sipmesh.presence" */
  readonly subject: string;
  /** The bucket that holds the membership list; need not survive a restart of the store. */
  readonly register: Register;
  readonly storeState: () => "connected" | "away";
  readonly ownerHash: SipHash;
  readonly failed?: ((error: unknown) => void) | undefined;
}

/** Takes part in the cluster: heartbeats begin, and the list of owners is followed. */
export function joinCluster(options: ClusterOptions): Cluster {
  return new RunningCluster(options);
}

class RunningCluster implements Cluster {
  readonly #options: ClusterOptions;
  readonly #presence: Presence;
  readonly #listeners = new Set<{ run: () => void }>();
  #self: Instance;
  #view: MembershipView;
  #order: Rendezvous;
  readonly #former: FormerLists;
  #byTarget = new Map<string, readonly Instance[]>();
  #watch: { close(): void } | undefined;
  #look: Timer | undefined;
  /** The latest list that the watch told of while it was doubtful. */
  #unread: Uint8Array | undefined;
  #proposing = false;
  #catchingUp = false;
  #due: Timer | undefined;
  #stopped = false;

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#self = options.self;
    this.#view = { self: options.self.id, list: UNKNOWN, present: [options.self], store: "away" };
    this.#order = new Rendezvous(options.ownerHash, []);
    this.#former = new FormerLists(options.clock, options.ownerHash);
    this.#presence = new Presence({
      signals: options.signals,
      subject: options.subject,
      clock: options.clock,
      self: () => this.#self,
      list: () => this.#view.list.number,
      behind: () => void this.#catchUp(),
      changed: () => this.#present(),
      heardAgain: () => void this.#learnAnew(),
      failed: options.failed,
    });
    this.#keepLooking();
  }

  get self(): Instance {
    return this.#self;
  }

  get membership(): Membership {
    return this.#view.list;
  }

  get state(): "settled" | "unsettled" | "frozen" {
    if (this.#view.store === "away") return "frozen";
    return this.#view.list.number > 0 && sameMembers(expected(this.#view), this.#view.list.members)
      ? "settled"
      : "unsettled";
  }

  get doubtful(): boolean {
    return this.#presence.doubtful;
  }

  get complete(): boolean {
    return this.#presence.complete;
  }

  instances(target: string): readonly Instance[] {
    let instances = this.#byTarget.get(target);
    if (instances === undefined) {
      instances = this.#view.present.filter(({ targets }) => targets.includes(target));
      this.#byTarget.set(target, instances);
    }
    return instances;
  }

  ownerOf(callId: string): Member | undefined {
    return this.#order.owner(callId);
  }

  successorOf(callId: string): Member | undefined {
    return this.#order.successor(callId);
  }

  formerOwnersOf(callId: string, within: number): readonly Member[] {
    return this.#reachable(callId, this.#former.ownersOf(callId, within));
  }

  formerSuccessorsOf(callId: string, within: number): readonly Member[] {
    return this.#reachable(callId, this.#former.successorsOf(callId, within));
  }

  isGone({ id, instance }: Member): boolean {
    if (this.#view.list.members.some((member) => member.id === id)) return false;
    // Who leaves says so: it has no members then, and is there for a while.
    return this.#view.present.find((there) => there.id === instance)?.members.includes(id) !== false;
  }

  #reachable(callId: string, members: readonly Member[]): readonly Member[] {
    if (members.length === 0) return members;
    const there = new Set(this.#view.present.map(({ id }) => id));
    const owner = this.#order.owner(callId);
    return members.filter(({ id, instance }) => id !== owner?.id && there.has(instance));
  }

  onChange(run: () => void): { close(): void } {
    const entry = { run };
    this.#listeners.add(entry);
    return { close: () => void this.#listeners.delete(entry) };
  }

  announce(facts: Partial<Pick<Instance, "targets" | "rpc" | "members" | "addresses" | "relay" | "leaving">>): void {
    this.#self = { ...this.#self, ...facts };
    this.#presence.announce();
    this.#present();
  }

  async leave(): Promise<void> {
    if (this.#stopped) return;
    this.#self = { ...this.#self, targets: [], members: [] };
    this.#view = { ...this.#view, present: this.#everybody() };
    await this.#propose();
    this.#presence.leave();
    this.stop();
  }

  stop(): void {
    this.#stopped = true;
    this.#presence.stop();
    this.#look?.cancel();
    this.#due?.cancel();
    this.#watch?.close();
    this.#listeners.clear();
  }

  #everybody(): Instance[] {
    return [this.#self, ...this.#presence.others].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  #present(): void {
    const instances = this.#everybody();
    this.#byTarget = new Map();
    this.#receive({ type: "present", instances });
    this.#tell();
  }

  #receive(event: MembershipEvent): void {
    if (this.#stopped) return;
    const before = this.#view.list;
    if (event.type === "listed" && event.list.number > before.number) this.#welcome(event.list);
    const { view, effects } = receive(this.#view, event);
    this.#view = view;
    for (const effect of effects) {
      if (effect.type === "changed") {
        this.#former.add([{ ...before, age: 0 }]);
        this.#order = new Rendezvous(this.#options.ownerHash, view.list.members);
        this.#tell();
      } else {
        this.#proposeInTurn();
      }
    }
  }

  /** Who has just been put on the list was there a moment ago, whatever we have heard of it so far. */
  #welcome({ members }: Membership): void {
    const before = new Set(this.#view.list.members.map(({ instance }) => instance));
    const named = Map.groupBy(members, ({ instance }) => instance);
    for (const [id, own] of named) {
      if (before.has(id)) continue;
      this.#presence.assume({ id, node: own[0]?.node ?? "", members: own.map((member) => member.id) });
    }
    this.#view = { ...this.#view, present: this.#everybody() };
  }

  /**
   * The watch tells of a list. Who is doubtful may be told of one after the other that have been replaced long since: it
   * reads the latest when it has heard itself.
   */
  #heard(stored: Uint8Array): void {
    if (this.doubtful) this.#unread = stored;
    else this.#listed(stored);
  }

  /** What the store has. Those that held before it are known by the time that it holds here. */
  #listed(stored: Uint8Array): Membership {
    const { former, ...list } = decodeStoredList(stored, this.#options.clock.now());
    this.#former.add(former.filter(({ number }) => number !== this.#view.list.number));
    this.#receive({ type: "listed", list });
    return list;
  }

  /** What held until now, the latest first, for who is to replace it. */
  get #history(): readonly FormerList[] {
    const { list } = this.#view;
    return list.number === 0 ? [] : [{ ...list, age: 0 }, ...this.#former.all];
  }

  /** Each waits a little longer than the one before, so that mostly one writes; who brings its own members does not. */
  #proposeInTurn(): void {
    if (this.#due !== undefined) return;
    const listed = new Set(this.#view.list.members.map(({ id }) => id));
    const rank = this.#view.present.findIndex(({ id }) => id === this.#self.id);
    const wait = this.#self.members.some((id) => !listed.has(id)) ? 0 : TURN * Math.min(rank, 20);
    this.#due = this.#options.clock.after(wait, () => {
      this.#due = undefined;
      void this.#propose();
    });
  }

  async #propose(): Promise<void> {
    if (this.#proposing) return;
    this.#proposing = true;
    try {
      for (let attempt = 0; attempt < 5 && !(await this.#write()); attempt++);
    } catch (error) {
      // The store is away: the list stays, and #look tries again.
      this.#options.failed?.(error);
    } finally {
      this.#proposing = false;
    }
  }

  /** Compare-and-set with what is in the store now; false where somebody else was faster. */
  async #write(): Promise<boolean> {
    const { register, clock } = this.#options;
    const stored = await register.get(KEY);
    const written = stored === undefined ? UNKNOWN : this.#listed(stored.value);
    const members = expected(this.#view);
    if (written.number === this.#view.list.number && written.number > 0 && sameMembers(members, written.members)) {
      return true;
    }
    const list = { number: Math.max(this.#view.list.number, written.number) + 1, members };
    const bytes = encodeStoredList({ ...list, former: this.#history }, clock.now());
    try {
      if (stored === undefined) await register.create(KEY, bytes);
      else await register.update(KEY, bytes, stored.revision);
    } catch (error) {
      if (isConflict(error)) return false;
      throw error;
    }
    this.#receive({ type: "listed", list });
    return true;
  }

  /** Who heard nothing for a while may have been taken off the list, and the watch may be slow to tell. */
  async #learnAnew(): Promise<void> {
    await this.#read((stored) => void this.#listed(stored));
    this.#presence.trust();
    this.#readOn();
  }

  /** Others know a later list: the server that the watch went by may be gone, and who writes may wait for it, too. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp || this.doubtful) return;
    this.#catchingUp = true;
    await this.#read((stored) => {
      // Who has become doubtful meanwhile learns anew.
      if (!this.doubtful) this.#listed(stored);
    });
    this.#catchingUp = false;
  }

  /** Rejects never. */
  async #read(take: (stored: Uint8Array) => void): Promise<void> {
    try {
      const stored = await this.#options.register.get(KEY);
      if (stored !== undefined) take(stored.value);
    } catch (error) {
      this.#options.failed?.(error);
    }
  }

  /** What was told while it was doubtful, where it is not any more. */
  #readOn(): void {
    const unread = this.#unread;
    if (unread === undefined || this.doubtful) return;
    this.#unread = undefined;
    const { number } = decodeStoredList(unread, this.#options.clock.now());
    // What was read meanwhile is later.
    if (number > this.#view.list.number) this.#listed(unread);
  }

  #keepLooking(): void {
    const { clock, storeState } = this.#options;
    this.#readOn();
    if (storeState() !== this.#view.store) this.#receive({ type: "store", state: storeState() });
    if (this.#watch === undefined && storeState() === "connected") void this.#startWatching();
    else if (this.state === "unsettled") this.#proposeInTurn();
    this.#look = clock.after(LOOK, () => this.#keepLooking());
  }

  async #startWatching(): Promise<void> {
    const pending = { close() {} };
    this.#watch = pending;
    try {
      const watch = await this.#options.register.watch((change) => {
        if (change.key !== KEY) return;
        if ("value" in change) this.#heard(change.value);
        else this.#receive({ type: "unlisted" });
      });
      if (this.#stopped) watch.close();
      this.#watch = watch;
      if (this.state === "unsettled") this.#proposeInTurn();
    } catch (error) {
      this.#watch = undefined;
      this.#options.failed?.(error);
    }
  }

  #tell(): void {
    if (this.#stopped) return;
    for (const { run } of this.#listeners) {
      try {
        run();
      } catch (error) {
        this.#options.failed?.(error);
      }
    }
  }
}
