import { section } from "@sipmesh/config";
import { LocationService } from "@sipmesh/proto/location";
import { counted, type Module } from "@sipmesh/runtime";
import { type LocationConfig, schema } from "./config.ts";
import { Lookup } from "./lookup.ts";
import { Records } from "./records.ts";
import { Registrar } from "./registrar.ts";
import { Sweeper } from "./sweeper.ts";
import * as catalogue from "./telemetry.ts";

/** The registrar, and where an address of record can be reached now. */
export const location: Module<LocationConfig> = {
  name: "location",
  needs: [],
  section: section("location", schema),
  catalogue: catalogue.catalogue,

  async start(context, config) {
    const { clock, cluster, rpc, store, telemetry } = context;
    const { metrics, log } = telemetry;
    const records = new Records({
      store,
      clock,
      bucket: config.bucket,
      electionPatience: config.electionPatience,
      cacheSize: config.cacheSize,
      log,
      reads: metrics.counter(catalogue.reads),
      unreadable: metrics.counter(catalogue.unreadable),
    });
    const { defaultExpires, minExpires, maxExpires, maxContacts } = config;
    const registrar = new Registrar({
      records,
      clock,
      telemetry,
      policy: { defaultExpires, minExpires, maxExpires, maxContacts, maxValueLength: 1024 },
      maxAddressesOfRecord: config.maxAddressesOfRecord,
      retryAfter: config.retryAfter,
    });
    const lookup = new Lookup({ records, clock, telemetry });
    metrics.gauge(catalogue.registrations, () => records.index.contacts);
    metrics.gauge(catalogue.addressesOfRecord, () => records.index.size);
    await records.open();
    const sweeper = new Sweeper({
      records,
      clock,
      swept: metrics.counter(catalogue.swept),
      // One of all members is enough; where two think it is theirs, compare-and-set sorts it out.
      mine: () => records.opened && (cluster.instances("location")[0]?.id ?? cluster.self.id) === cluster.self.id,
      failed: (error) => log.error({ error }, "Expired bindings could not be removed."),
    });
    const { handlers, load } = counted<typeof LocationService>({
      register: (request, call) => registrar.register(request, call),
      lookup: (request, call) => lookup.lookup(request, call),
    });
    const served = rpc.serve(LocationService, handlers);

    return {
      ready: () => (records.opened ? { ok: true } : { ok: false, reason: "the bindings have not been read yet" }),
      state: () => ({
        addressesOfRecord: records.index.size,
        registrations: records.index.contacts,
        inMemory: records.index.hot,
        store: store.state,
      }),
      load,
      async stop() {
        served.close();
        sweeper.stop();
        records.close();
      },
    };
  },
};
