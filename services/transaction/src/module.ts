import { Confirmations, Unconfirmed } from "@sipmesh/bus";
import type { Module } from "@sipmesh/runtime";
import { nameHash, type ProxyTools, rfcTimers } from "@sipmesh/sip-core";
import { type TransactionConfig, transactionSection } from "./config.ts";
import { EarlyMessages } from "./early-messages.ts";
import { Edges } from "./edges.ts";
import { Handover } from "./handover/handover.ts";
import { leave } from "./handover/leave.ts";
import { liveState } from "./live-state.ts";
import { Measures } from "./measures.ts";
import { Member, subjectOf } from "./member.ts";
import { Observer } from "./observer.ts";
import { Questions } from "./questions.ts";
import { Relays } from "./relays.ts";
import { Sender } from "./sender.ts";
import { Stateless } from "./stateless.ts";
import { Table } from "./table.ts";
import { catalogue, metrics as catalogueMetrics } from "./telemetry.ts";
import { Transactions } from "./transactions.ts";

/** Owns calls: transactions, forking, timers, record-routing, and asking the others. */
export const transaction: Module<TransactionConfig> = {
  name: "transaction",
  needs: ["routing", "location", "media"],
  section: transactionSection,
  catalogue,

  async start({ bus, clock, cluster, random, rpc, sealer, telemetry, instance }, config) {
    const { log, metrics, tracer } = telemetry;
    const members = cluster.self.members.length > 0 ? cluster.self.members : [instance];
    const edges = new Edges(cluster, config);
    const table = new Table(config.limits.transactions, random.integer(0x1_0000_0000));
    const measures = new Measures(metrics, () => ({ server: table.servers, client: table.clients }));
    const { t1, t2, t4, timerC } = config.timers;
    const tools: ProxyTools = {
      sealer,
      owner: nameHash(members[0] ?? instance),
      isOwn: (host, port) => edges.isOwn(host, port),
      sentBy: config.sentBy,
      timers: { ...rfcTimers, t1, t2, t4, timerC, timerD: Math.max(rfcTimers.timerD, 64 * t1) },
      capabilities: [
        ["Accept", "application/sdp"],
        ["Accept-Encoding", "identity"],
        ["Accept-Language", "en"],
        ["Supported", "path"],
      ],
    };
    const questions = new Questions({
      rpc,
      relays: new Relays(cluster, clock),
      clock,
      deadlines: config.deadlines,
      measures,
      log,
    });
    // Failures come back to the first member: all members of a process share one table.
    const unconfirmed = new Unconfirmed({
      clock,
      to: subjectOf(members[0] ?? instance),
      publish: (subject, envelope) => bus.publish(subject, envelope),
      // What is to leave by an edge leaves by no other.
      addressed: () => undefined,
      limit: config.limits.unconfirmed,
      lost: () => measures.dropped("unconfirmed"),
    });
    const confirmations = new Confirmations((subject, confirmation) => bus.publish(subject, confirmation));
    const sender = new Sender(bus, subjectOf(members[0] ?? instance), unconfirmed, edges);
    const drops = bus.onDrop((_subject, envelope) => sender.gaveUp(envelope));
    const observer = new Observer(tracer, sealer);
    const stateless = new Stateless({ tools, edges, questions, sender, measures, observer, log });
    const transactions = new Transactions({
      clock,
      config,
      tools,
      edges,
      table,
      questions,
      sender,
      stateless,
      observer,
      measures,
      log,
      confirmations,
      handover: (calls) =>
        new Handover({
          clock,
          bus,
          cluster,
          members,
          subjectOf,
          calls,
          measures,
          log,
          bound: config.limits.transactions,
          patience: config.copyPatience,
        }),
    });
    const { handover } = transactions;
    metrics.gauge(catalogueMetrics.kept, () => handover.kept);
    // After the handover, which takes over the calls of a new list first.
    const early = new EarlyMessages(cluster, clock);
    const { passes } = config.limits;
    const subscriptions = members.map(
      (id) => new Member({ id, bus, cluster, transactions, stateless, unconfirmed, early, measures, log, passes }),
    );
    if (cluster.self.members.length === 0) cluster.announce({ members });

    return {
      ready() {
        const listed = cluster.membership.members.some(({ id }) => members.includes(id));
        if (!listed) return { ok: false, reason: "not on the list of members yet" };
        return handover.ready ? { ok: true } : { ok: false, reason: "waiting for the calls that are its own now" };
      },
      state: () => liveState(table, members, measures.settingUp, measures.asked, clock.now()),
      load: () => ({ work: "calls", begun: measures.callsBegun, inProgress: measures.settingUp }),
      leave: () => leave(cluster, handover, clock, members),
      async stop() {
        for (const subscription of subscriptions) subscription.close();
        drops.close();
        early.stop();
        transactions.stop();
        unconfirmed.stop();
        questions.close();
        edges.close();
      },
    };
  },
};
