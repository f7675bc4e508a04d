/** What the configuration of a process depends on. */
export interface ProcessPlaces {
  readonly address: string;
  readonly sipPort: number;
  readonly adminPort: number;
  /** The first of its media ports. */
  readonly mediaPort: number;
  readonly dataDirectory: string;
  readonly natsUrl: string | undefined;
}

/** Who may call whom. */
export interface Policy {
  /** Whether users must prove who they are; unless set they must. */
  readonly authenticate?: boolean;
  /** Subscribers of the domain, each with the password "secret". */
  readonly users?: readonly string[];
}

type Sections = Readonly<Record<string, object>>;

/** Media ports of a process. */
export const MEDIA_PORTS = 2_400;

/** The sections of a test's configuration, with `over` on top of them key by key. */
export function platformConfig(places: ProcessPlaces, policy: Policy, over: Sections): Sections {
  const { address, sipPort, adminPort, mediaPort, dataDirectory, natsUrl } = places;
  const { authenticate = true, users = ["alice", "bob", "carol", "dave"] } = policy;
  const own = {
    // A few calls show that it works; tests start many processes.
    process: { dataDirectory, warmUp: 20 },
    admin: { address: "127.0.0.1", port: adminPort },
    edge: { listeners: ["udp", "tcp"].map((transport) => ({ transport, address, port: sipPort })) },
    directory: {
      domains: [
        {
          name: "sipmesh.test",
          ownAddresses: true,
          authenticate,
          openToStrangers: !authenticate,
          anyUser: !authenticate,
          subscribers: authenticate ? users.map((user) => ({ user, password: "secret" })) : [],
        },
      ],
    },
    media: { ports: { first: mediaPort, last: mediaPort + MEDIA_PORTS - 1, rest: 1 } },
    ...(natsUrl === undefined ? {} : { nats: { servers: [natsUrl] } }),
  };
  return merge(own, over);
}

/** Objects are merged key by key, everything else is replaced. */
function merge(under: Sections, over: Sections): Sections {
  const merged: Record<string, object> = { ...under };
  for (const [key, value] of Object.entries(over)) {
    const present = merged[key];
    merged[key] = isObject(present) && isObject(value) ? merge(present as Sections, value as Sections) : value;
  }
  return merged;
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
