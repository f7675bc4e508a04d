import { section } from "@sipmesh/config";
import { hash } from "@sipmesh/environment";
import {
  type ChallengeValues,
  DirectoryService,
  type MakeChallenge,
  type SubscriberReply,
  type SubscriberRequest,
} from "@sipmesh/proto/directory";
import { counted, type Module } from "@sipmesh/runtime";
import { challengeValue, readAlgorithm } from "@sipmesh/sip-core";
import { Authenticator } from "./authenticator.ts";
import { type DirectoryConfig, schema } from "./config.ts";
import { Nonces } from "./nonces.ts";
import { type Registry, registryFrom } from "./registry.ts";
import * as catalogue from "./telemetry.ts";

/** Who exists: domains, subscribers, credentials, numbers. */
export const directory: Module<DirectoryConfig> = {
  name: "directory",
  needs: [],
  section: section("directory", schema),
  catalogue: catalogue.catalogue,

  async start(context, config) {
    const { clock, cluster, rpc, sealer, telemetry } = context;
    const registry = registryFrom(config);
    const nonces = new Nonces({
      self: context.instance,
      clock,
      sealer,
      lifetime: config.nonceLifetime * 1000,
      capacity: config.nonces,
    });
    const authenticator = new Authenticator({
      registry,
      nonces,
      peers: rpc.client("directory", DirectoryService),
      cluster,
      telemetry,
      peerDeadline: config.peerDeadline,
      checkUri: config.checkUri,
    });
    telemetry.metrics.gauge(catalogue.nonces, () => nonces.size);
    telemetry.metrics.gauge(catalogue.subscribers, () => registry.subscribers);
    const challenges = telemetry.metrics.counter(catalogue.challenges);
    const fresh = challenges.with({ stale: "false" });
    const stale = challenges.with({ stale: "true" });
    const version = versionOf(registry);

    const { handlers, load } = counted<typeof DirectoryService>({
      domains: () => ({ version, domains: [...registry.domains] }),
      subscriber: (request) => subscriber(registry, request),
      challenge(request, call) {
        const span = telemetry.tracer.start(catalogue.challengeSpan, call.trace);
        (request.stale ? stale : fresh).add();
        const values = challenge(request, nonces.make(request.realm));
        span?.end();
        return values;
      },
      authenticate: (request, call) => authenticator.authenticate(request, call),
    });
    const served = rpc.serve(DirectoryService, handlers);

    return {
      ready: () => ({ ok: true }),
      state: () => ({
        domains: registry.domains,
        subscribers: registry.subscribers,
        nonces: nonces.size,
      }),
      load,
      async stop() {
        served.close();
      },
    };
  },
};

/** The same in every member that has the same configuration. */
function versionOf(registry: Registry): bigint {
  return BigInt(`0x${hash.sha256Hex(JSON.stringify(registry.domains)).slice(0, 15)}`);
}

const NOBODY: SubscriberReply = { exists: false, user: "", numbers: [], domain: "" };

/** Whose a number is; where it is nobody's, or none was asked for, who the user is. */
function subscriber(registry: Registry, { domain, user, number }: SubscriberRequest): SubscriberReply {
  const found = (number === "" ? undefined : registry.byNumber(number)) ?? registry.byUser(domain, user);
  if (found !== undefined) {
    return { exists: true, user: found.user, numbers: [...found.numbers], domain: found.domain };
  }
  const open = registry.domains.find((one) => one.name === domain)?.anyUser === true;
  return open && user !== "" ? { exists: true, user, numbers: [], domain } : NOBODY;
}

/** One value for each algorithm, in the order in which they are to be tried (RFC 8760 section 2.4), with one nonce. */
function challenge({ realm, algorithms, stale }: MakeChallenge, nonce: string): ChallengeValues {
  const values = algorithms.flatMap((name) => {
    const algorithm = readAlgorithm(name);
    return algorithm === undefined ? [] : [challengeValue({ realm, nonce, algorithm, stale, qop: ["auth"] })];
  });
  return { values };
}
