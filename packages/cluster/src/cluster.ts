/** An IP literal without brackets, and a port. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** Where an edge listens, as its peers reach it. */
export interface Listener extends Address {
  /** "udp", "tcp", … */
  readonly transport: string;
  /** What Via and Record-Route say; absent: the address itself. */
  readonly advertised?: Address;
  /** What they said before: flows and routes of then still mean it. */
  readonly formerly?: readonly Address[];
}

/** All addresses by which peers mean a listener, its own first. */
export function addressesOf(listener: Listener): readonly Address[] {
  return [listener, listener.advertised ?? listener, ...(listener.formerly ?? [])];
}

/** The RTP relay of an instance. */
export interface Relay {
  /** The same for each that follows at its place, which takes its sessions up. */
  readonly name: string;
  /** Grows from one that has the name to the next: the highest holds the sessions. */
  readonly incarnation: number;
  /** Share of its capacity in use, from 0 to 1, in steps; at 1 it wants no new calls. */
  readonly load: number;
}

/** One running process. */
export interface Instance {
  /** Unique for each start: "edge-k3j9x". */
  readonly id: string;
  /** The machine or Kubernetes node: a successor is chosen on another one. */
  readonly node: string;
  readonly targets: readonly string[];
  /** Where its calls are answered; absent: by nobody outside its process. */
  readonly rpc?: Address;
  /** The transaction members (event loops) that it holds. */
  readonly members: readonly string[];
  readonly addresses?: readonly Listener[];
  readonly relay?: Relay;
  /** It goes: what it holds is still used, nothing new is given to it. */
  readonly leaving?: boolean;
}

/** One owner of calls: an event loop of an instance that runs the target `transaction`. */
export interface Member {
  readonly id: string;
  readonly instance: string;
  readonly node: string;
}

/** The numbered list of owners. Two instances with the same number have the same list. */
export interface Membership {
  /** 0: no list was heard of yet. */
  readonly number: number;
  readonly members: readonly Member[];
}

/** Who is there, and who owns which call. */
export interface Cluster {
  readonly self: Instance;
  /** Who runs a target now, itself included, in the order of their ids. */
  instances(target: string): readonly Instance[];
  readonly membership: Membership;
  /** The owner of a call; undefined where there is no member at all. */
  ownerOf(callId: string): Member | undefined;
  /** Who keeps a copy of the owner's state: on another node where there is one, and never in the owner's process. */
  successorOf(callId: string): Member | undefined;
  /**
   * Who owned a call by the lists that held within the last `within` milliseconds, the present owner left out, as far as
   * they are still there.
   */
  formerOwnersOf(callId: string, within: number): readonly Member[];
  /** And who had their copies. */
  formerSuccessorsOf(callId: string, within: number): readonly Member[];
  /** It was taken off the list without having left: it is dead or was cut off, and others have gone on with its calls. */
  isGone(member: Member): boolean;
  /** Called after instances or the membership have changed. */
  onChange(run: () => void): { close(): void };
  /** Changes what the others know of this instance, and tells them at once. */
  announce(facts: Partial<Pick<Instance, "targets" | "rpc" | "members" | "addresses" | "relay" | "leaving">>): void;
  /** Its own members are in the list and nobody is in it who is gone. */
  readonly state: "settled" | "unsettled" | "frozen";
  /**
   * This instance has heard nothing for so long that others may have taken it for dead and gone on in its place, as where
   * it got no processor for seconds. What is known of owners is not to be relied on for as long as it lasts.
   */
  readonly doubtful: boolean;
  /**
   * Everybody who is there has had the time to say so. Before, as in the first seconds of a process, that nobody is known
   * does not mean that nobody is there.
   */
  readonly complete: boolean;
  /** Tells the others that this instance goes, and takes its members off the list. */
  leave(): Promise<void>;
  /** Ends heartbeats and watches without a word, as a death does. */
  stop(): void;
}
